//! New revisions: what is written, what is refused, and that nothing is left of what was refused. No database needed.

use std::path::Path;
use std::process::Command;

use revisions::Revisions;
use revisions::scaffold::slug;
use tempfile::TempDir;

use crate::support::write;

pub(crate) const FIRST: (&str, &str) = (
    "sql/U1__first.sql",
    "-- The first.\n-- revises: none\n-- branch: main\nselect 1;\n",
);
pub(crate) const SECOND: (&str, &str) = (
    "sql/U2__second.sql",
    "-- The second.\n-- revises: 1\nselect 2;\n",
);
const OTHER: (&str, &str) = (
    "sql/U5__other.sql",
    "-- The other.\n-- revises: 1\n-- branch: other\nselect 3;\n",
);

pub(crate) fn project(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), files);
    dir
}

/// The program, about to be run in a directory.
pub(crate) fn program(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_revisions"));
    // The editors need a PATH.
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.current_dir(dir).env_clear().env("PATH", path);
    command.args(arguments);
    command
}

/// Runs the program, which succeeds; gives what it printed.
pub(crate) fn done(dir: &Path, arguments: &[&str]) -> String {
    let output = program(dir, arguments).output().unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {out}{err}");
    out
}

/// Runs the program, which refuses and changes nothing; gives why.
pub(crate) fn refused(dir: &Path, arguments: &[&str]) -> String {
    let before = files(dir);
    let output = program(dir, arguments).output().unwrap();
    assert!(!output.status.success(), "{arguments:?} has to be refused");
    assert_eq!(files(dir), before, "{arguments:?} has left something");
    without_time(&text(&output.stderr))
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The names in `sql`, hidden ones too.
pub(crate) fn files(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir.join("sql")).into_iter().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// With `U…` for a version that is a time.
fn without_time(text: &str) -> String {
    let mut pieces = text.split("U20");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| {
        format!("{text}U…{}", piece.get(12..).unwrap_or_default())
    })
}

/// What is in the files that `arguments` write.
fn written(dir: &Path, arguments: &[&str]) -> String {
    let out = done(dir, arguments);
    let paths = out.lines().map(|line| line.strip_prefix("wrote ").unwrap());
    let shown = paths.map(|path| {
        let content = std::fs::read_to_string(dir.join(path)).unwrap();
        format!("==> {path}\n{content}\n")
    });
    without_time(&shown.collect::<String>())
}

#[test]
fn a_revision_is_a_pair_of_files_that_say_what_was_asked_for() {
    let dir = project(&[]);
    std::fs::create_dir(dir.path().join("sql")).unwrap();
    let mut shown = String::new();
    for arguments in [
        &[
            "revision",
            "-m",
            "Users  have\n a nickname",
            "--rev-id",
            "1",
        ][..],
        &[
            "revision",
            "-m",
            "Is it there?",
            "--rev-id",
            "2",
            "--branch-label",
            "main",
        ],
        &[
            "revision",
            "-m",
            "Reports",
            "--head",
            "base",
            "--rev-id",
            "3",
            "--branch-label",
            "reports",
        ],
        &[
            "revision",
            "-m",
            "Sums",
            "--head",
            "reports@head",
            "--rev-id",
            "4",
            "--depends-on",
            "main",
            "--depends-on",
            "1",
        ],
        &[
            "revision",
            "-m",
            "A side way",
            "--head",
            "3",
            "--splice",
            "--rev-id",
            "5",
        ],
        &["merge", "4", "5", "--rev-id", "6"],
        &[
            "merge",
            "heads",
            "-m",
            "join the branches",
            "--rev-id",
            "7",
            "--branch-label",
            "whole",
        ],
        &["revision", "-m", "The time is its version"],
    ] {
        shown.push_str(&written(dir.path(), arguments));
    }
    insta::assert_snapshot!(shown);
    let revisions = Revisions::read(&dir.path().join("sql")).unwrap();
    assert_eq!(revisions.get(1).unwrap().message(), "Users have a nickname");
    assert_eq!(revisions.get(4).unwrap().headers().depends_on, [2, 1]);
    assert_eq!(revisions.get(7).unwrap().parents(), [2, 6]);
    let last = revisions.head().unwrap();
    let name = last.file_name();
    assert!(
        name.starts_with("U20") && name.ends_with("__the_time_is_its_version.sql"),
        "{name}"
    );
    assert_eq!(files(dir.path()).len(), 16);
}

#[test]
fn the_name_of_a_file_is_made_of_the_words_of_the_message() {
    for (message, name) in [
        ("Users have a nickname.", "users_have_a_nickname"),
        ("add  user_id--to `orders`", "add_user_id_to_orders"),
        ("Übergröße für Straße", "übergröße_für_straße"),
        ("Cafe\u{301}s in İstanbul", "cafés_in_istanbul"),
        ("用户有昵称", "用户有昵称"),
        ("An area in m² is ½ of it", "an_area_in_m_is_of_it"),
        (
            "Users can have several addresses, each of them checked",
            "users_can_have_several_addresses_each_of",
        ),
        (&"x".repeat(300), &"x".repeat(40)),
        ("²", "revision"),
    ] {
        assert_eq!(slug(message), name.replace('é', "e"), "{message}");
    }
}

#[test]
fn whatever_a_message_is_the_files_can_be_read_by_everybody() {
    let dir = project(&[FIRST]);
    for message in [
        "用户有昵称。",
        "An area in m² is ½ of it",
        "Ⅷ ٣ हिन्दी ไทย",
        &"ü".repeat(300),
        "it's -- \"quoted\" $$ /* and; so on",
        "e.g. this: and that",
    ] {
        done(dir.path(), &["revision", "-m", message]);
    }
    assert_eq!(files(dir.path()).len(), 13);
    Revisions::read(&dir.path().join("sql")).unwrap();
    let theirs = refinery_core::load_sql_migrations(dir.path().join("sql")).unwrap();
    let ups = theirs.iter().filter(|it| !it.name().ends_with(".down"));
    assert_eq!(ups.count(), 7);
}

#[test]
fn what_cannot_be_written_is_refused_and_leaves_nothing() {
    let dir = project(&[FIRST, SECOND, OTHER]);
    let revision = |more: &[&str]| {
        let arguments = [&["revision", "-m", "New", "--head", "2"][..], more].concat();
        refused(dir.path(), &arguments)
    };
    let message = |message: &str| refused(dir.path(), &["revision", "--head", "2", "-m", message]);
    let refusals = [
        message("…!?"),
        message(""),
        message("revises: 1"),
        message("Depends_on: nothing"),
        message("lock_timeout: none is needed"),
        message("Branch: reports"),
        refused(dir.path(), &["revision", "-m", "New"]),
        refused(dir.path(), &["revision", "-m", "New", "--head", "1"]),
        refused(dir.path(), &["revision", "-m", "New", "--head", "nowhere"]),
        refused(dir.path(), &["revision", "-m", "New", "--autogenerate"]),
        revision(&["--branch-label", "other"]),
        revision(&["--branch-label", "two words"]),
        revision(&["--branch-label", "head"]),
        revision(&["--branch-label", "a\n-- transaction: none"]),
        revision(&["--depends-on", "nowhere"]),
        revision(&["--rev-id", "1"]),
        revision(&["--rev-id", "2"]),
        revision(&["--rev-id", "5"]),
        revision(&["--rev-id", "0"]),
        revision(&["--depends-on", "other", "--rev-id", "3"]),
        refused(dir.path(), &["merge", "2"]),
        refused(dir.path(), &["merge", "2", "other@head", "1"]),
        refused(dir.path(), &["merge", "heads", "-m", "transaction: none"]),
        refused(dir.path(), &["merge", "heads", "--dir", "nowhere"]),
    ];
    insta::assert_snapshot!(refusals.join("\n"));
}

#[test]
fn one_head_is_not_merged() {
    let dir = project(&[FIRST, SECOND]);
    insta::assert_snapshot!(refused(dir.path(), &["merge", "heads"]), @"error: there is nothing to join: name two revisions, or more; 2 is the only head");
}
