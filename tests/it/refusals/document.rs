//! The page that tells of the ways: a table of all, and of each what was done and the whole message.

use super::copy::{Broken, Change};
use super::message::Message;
use super::way::{Verdict, Way};

/// A way, and what came of it.
pub(super) struct Entry {
    pub(super) way: Way,
    pub(super) message: Message,
    pub(super) broken: Broken,
}

/// How many lines of a new file are shown.
const MOST_LINES: usize = 24;

const HEAD: &str = "\
# Ways to break this project

Each of these was done to a copy of this project, followed by `cargo build`. The build refused it, or where that is said warned
of it, and pointed at the place that was broken; a test does all of it again (`tests/it/refusals.rs`) and holds this page against
what the build says. `WRITE_REFUSALS=1 cargo test --test it refusals` writes the page anew.

Not here is what rustc refuses: code that calls a query that is gone, or gives it a value of another type. What is not refused
is a comment inside a query, whatever is in it: it is not shipped, and the test sees that the generated code stays the same.

";

/// The page.
pub(super) fn write(entries: &[Entry]) -> String {
    let mut page = HEAD.to_owned();
    page += "| | what was done | where the build points | what it says | what it advises |\n";
    page += "| --- | --- | --- | --- | --- |\n";
    for (number, entry) in numbered(entries) {
        let Entry { way, message, .. } = entry;
        let says = match way.verdict {
            Verdict::Refused => message.first_line().to_owned(),
            Verdict::Warned => format!("a warning: {}", message.first_line()),
        };
        page += &format!(
            "| [{number}](#{number}) | {} | `{}` | {} | {} |\n",
            cell(way.title),
            message.place(),
            cell(&says),
            cell(&message.advice())
        );
    }
    page += "\n## The whole messages\n";
    for (number, entry) in numbered(entries) {
        let Entry {
            way,
            message,
            broken,
        } = entry;
        page += &format!("\n### <a name=\"{number}\"></a>{number}. {}\n", way.title);
        let changes = broken.changes.iter();
        for change in changes.filter(|change| change.before != change.after) {
            page += &shown(change);
        }
        let level = match way.verdict {
            Verdict::Refused => "error",
            Verdict::Warned => "warning",
        };
        page += &format!("\n```text\n{level}: {}\n```\n", message.text);
    }
    page
}

fn numbered(entries: &[Entry]) -> impl Iterator<Item = (usize, &Entry)> {
    (1..).zip(entries)
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('*', "\\*")
}

/// What was changed in a file: the lines that differ, as a patch shows them.
fn shown(change: &Change) -> String {
    let file = change.file;
    let lines = |content: &Option<Vec<u8>>| -> Vec<String> {
        let text = String::from_utf8_lossy(content.as_deref().unwrap_or_default()).into_owned();
        text.lines().map(str::to_owned).collect()
    };
    let (before, after) = (lines(&change.before), lines(&change.after));
    let (head, removed, added) = match (&change.before, &change.after) {
        (None, _) => (format!("`{file}`, a new file:"), &[][..], &after[..]),
        (_, None) => return format!("\n`{file}` is removed.\n"),
        _ => {
            let pairs = before.iter().zip(&after);
            let same = pairs.take_while(|(a, b)| a == b).count();
            let ends = before[same..].iter().rev().zip(after[same..].iter().rev());
            let same_end = ends.take_while(|(a, b)| a == b).count();
            let removed = &before[same..before.len() - same_end];
            let added = &after[same..after.len() - same_end];
            (format!("`{file}`:"), removed, added)
        }
    };
    let removed = removed.iter().map(|line| format!("-{line}"));
    let mut patch: Vec<String> = removed
        .chain(added.iter().map(|line| format!("+{line}")))
        .collect();
    if patch.len() > MOST_LINES {
        let more = patch.len() - MOST_LINES;
        patch.truncate(MOST_LINES);
        patch.push(format!("… and {more} lines more"));
    }
    format!("\n{head}\n\n```diff\n{}\n```\n", patch.join("\n"))
}
