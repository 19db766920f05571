//! Ways to break this project, each tried on a copy of it with `cargo build`: the build refuses each, points at the place
//! that was broken, and says what to do. What it says is in `docs/refusals.md`, which this test holds against the build.
//!
//! Here is how a way is tried. The ways are in `ways`, the copy in `copy`, the page in `document`. None of it needs a
//! database: the build brings its own.

use std::path::Path;

mod copy;
mod document;
mod message;
mod way;
mod ways;

use copy::{Built, Copy};
use document::Entry;
use message::Message;
use way::{Verdict, Way};

/// Set, the page is written instead of compared.
const WRITE: &str = "WRITE_REFUSALS";

#[test]
fn each_way_to_break_this_project_is_refused_where_it_is_broken_with_a_remedy() {
    let copy = Copy::of_this_project();
    // What is refused below is refused for what was broken, and for nothing else.
    let built = copy.build();
    assert!(
        built.succeeded && !built.said.contains("warning"),
        "{}",
        built.said
    );
    copy.empty_the_program();
    let shipped = copy.shipped();

    let mut wrong = String::new();
    let mut entries = Vec::new();
    for way in ways::all() {
        match tried(&copy, way) {
            Ok(entry) => entries.push(entry),
            Err(why) => wrong += &why,
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    // All of it is whole again: no way was tried on what another one has broken. And what may be done is not refused.
    copy.comment_a_query();
    assert!(
        copy.shipped() == shipped,
        "a comment in a query changes what ships"
    );
    hold_against_the_page(&document::write(&entries));
}

/// Tries a way, and makes the copy whole again.
fn tried(copy: &Copy, way: Way) -> Result<Entry, String> {
    let title = way.title;
    let broken = copy
        .break_it(&way)
        .map_err(|why| format!("\n{title}\n{why}\n"))?;
    let built = copy.build_broken(&way);
    copy.restore(&broken);
    let message = message_of(&way, &built).and_then(|message| {
        judge(&way, &message, &broken)?;
        Ok(message)
    });
    match message {
        Ok(message) => Ok(Entry {
            way,
            message,
            broken,
        }),
        Err(why) => Err(format!("\n{title}\n{why}\n{}\n", built.said)),
    }
}

/// What the build said of a way, if it ended as it should.
fn message_of(way: &Way, built: &Built) -> Result<Message, String> {
    match way.verdict {
        Verdict::Refused if built.succeeded => Err("is not refused".to_owned()),
        Verdict::Refused => Message::of_refusal(&built.said),
        Verdict::Warned if !built.succeeded => Err("is refused".to_owned()),
        Verdict::Warned => Message::of_warning(&built.said),
    }
}

/// Whether the message is about this way: what it says, where it points, what it underlines, what it advises.
fn judge(way: &Way, message: &Message, broken: &copy::Broken) -> Result<(), String> {
    let must = |holds: bool, what: String| if holds { Ok(()) } else { Err(what) };
    must(
        message.first_line().starts_with(way.says),
        format!("does not begin with: {}", way.says),
    )?;
    must(
        message.place() == broken.place,
        format!("points at {}, not at {}", message.place(), broken.place),
    )?;
    must(
        message.underlined() == broken.underlined,
        format!(
            "underlines {:?} characters, not {:?}",
            message.underlined(),
            broken.underlined
        ),
    )?;
    must(
        message.advice().contains(way.advises),
        format!("does not advise: {}", way.advises),
    )?;
    must(
        way.has_consequences || message.is_alone(),
        "says more than one thing".to_owned(),
    )
}

fn hold_against_the_page(page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/refusals.md");
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, page).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = committed
        .lines()
        .zip(page.lines())
        .find(|(was, is)| was != is);
    assert!(
        committed == page,
        "the build says something else than docs/refusals.md ({differs:?}): look at the difference, and commit it:\n\
         {WRITE}=1 cargo test --test it refusals"
    );
}
