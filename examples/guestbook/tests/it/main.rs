//! The example does what its README says, and is what the README of `revisions` shows.

#![allow(
    clippy::expect_used,
    reason = "a test may end where something is not as it must be"
)]

use std::io::{Read as _, Seek as _, Write as _};
use std::process::Command;

use scratch_postgres::{Builder, Error, Server};

const README: &str = include_str!("../../README.md");
const PROGRAM: &str = include_str!("../../src/main.rs");
const README_OF_REVISIONS: &str = include_str!("../../../../crates/revisions/README.md");

/// A PostgreSQL, or none where there is none; which is then said, not by `eprintln!`, which the test harness keeps
/// for itself when a test passes.
fn server() -> Option<Server> {
    match Builder::new().start() {
        Ok(server) => Some(server),
        Err(Error::NotFound { .. }) => {
            let line = "skipped: no PostgreSQL 15 or newer was found; install it, or point SCRATCH_POSTGRES to one\n";
            let written = std::io::stderr().write_all(line.as_bytes());
            written.expect("standard error");
            None
        }
        Err(error) => panic!("a scratch PostgreSQL: {error}"),
    }
}

/// Runs the program in an empty directory: what it has embedded is all that it needs. Gives whether it succeeded, and
/// what a terminal shows, times left out.
fn run(url: Option<&str>, arguments: &[&str]) -> (bool, String) {
    let dir = tempfile::tempdir().expect("a directory");
    // Both outputs in the order in which they are written.
    let mut terminal = tempfile::tempfile().expect("a file");
    let status = Command::new(env!("CARGO_BIN_EXE_guestbook"))
        .current_dir(dir.path())
        .env_clear()
        .envs(url.map(|url| ("DATABASE_URL", url)))
        .args(arguments)
        .stdout(terminal.try_clone().expect("a handle"))
        .stderr(terminal.try_clone().expect("a handle"))
        .status()
        .expect("the program runs");
    let mut shown = String::new();
    terminal.rewind().expect("a file");
    terminal.read_to_string(&mut shown).expect("UTF-8");
    (status.success(), without_times(&shown))
}

fn without_times(text: &str) -> String {
    let lines = text.trim_end().lines();
    let lines = lines.map(|line| match line.rsplit_once(" (") {
        Some((line, time)) if time.ends_with(" ms)") => format!("{line} (… ms)\n"),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

#[test]
fn the_commands_of_the_readme_print_what_it_says() {
    let Some(server) = server() else { return };
    let url = server.url();
    let mut commands = Vec::new();
    for entry in README.split("\n$ cargo run --quiet -- ").skip(1) {
        let (command, rest) = entry.split_once('\n').expect("a command and its output");
        let printed = rest.split("\n\n").next().unwrap_or_default().trim_end();
        let arguments: Vec<&str> = command.split(' ').collect();
        let (succeeded, shown) = run(Some(&url), &arguments);
        assert!(succeeded, "{command}: {shown}");
        let printed = printed.trim_end_matches("\n```");
        assert_eq!(shown, without_times(printed), "{command}");
        commands.push(command);
    }
    assert_eq!(
        commands,
        [
            "db history",
            "db upgrade head",
            "db current",
            "db downgrade base"
        ]
    );
}

#[test]
fn a_refusal_fails_the_program_and_says_what_to_type_in_its_own_words() {
    let (succeeded, shown) = run(None, &["db", "show", "nowhere"]);
    assert!(!succeeded);
    insta::assert_snapshot!(shown, @r"
    error: there is no revision `nowhere`; the newest is 20260315140000
      = help: name a revision id, a unique prefix of one, `head`, `heads` or `current`; `guestbook db history` lists the ids
    ");
}

#[test]
fn the_help_of_the_program_is_its_own() {
    let (_, help) = run(None, &["--help"]);
    assert!(help.starts_with("A book that visitors write in"), "{help}");
    let (_, help) = run(None, &["db", "--help"]);
    assert!(
        help.starts_with("Look at and change the schema of the database"),
        "{help}"
    );
}

#[test]
fn the_readme_of_revisions_shows_this_very_program() {
    let (_, code) = PROGRAM.split_once("\n\n").expect("a head and the code");
    let is_code = |line: &&str| !line.is_empty() && !line.trim_start().starts_with("//");
    let lines = code.lines().filter(is_code).count();
    assert!(lines <= 10, "the program has {lines} lines");
    let build = include_str!("../../build.rs");
    let (_, build) = build.split_once("\n\n").expect("a head and the code");
    for code in [code, build] {
        assert!(README_OF_REVISIONS.contains(code), "not shown:\n{code}");
    }
}
