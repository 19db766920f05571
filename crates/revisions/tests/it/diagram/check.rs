//! `diagram`, as a person runs it.

use std::path::Path;
use std::process::Command;

use crate::support::{err, needs_many_connections, out, server, write};

/// Runs it; whether it succeeded, and what it said.
fn diagram(dir: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_revisions"))
        .current_dir(dir)
        .env_clear()
        .env("SCRATCH_POSTGRES", server().url())
        .arg("diagram")
        .args(arguments)
        .output()
        .unwrap();
    (
        output.status.success(),
        format!("{}{}", out(&output), err(&output)),
    )
}

#[test]
fn a_picture_is_current_until_the_model_changes() {
    needs_many_connections!();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write(
        dir,
        &[("sql/schema.sql", "create table a (id int primary key);")],
    );

    let (is_current, said) = diagram(dir, &["--check", "docs/schema.svg"]);
    assert!(!is_current);
    insta::assert_snapshot!(said);

    assert_eq!(
        diagram(dir, &["-o", "docs/schema.svg"]),
        (true, String::new())
    );
    let (_, printed) = diagram(dir, &[]);
    let written = std::fs::read_to_string(dir.join("docs/schema.svg")).unwrap();
    assert_eq!(printed, written);
    let (is_current, said) = diagram(dir, &["--check", "docs/schema.svg"]);
    assert!(is_current, "{said}");

    write(
        dir,
        &[("sql/schema.sql", "create table a (id bigint primary key);")],
    );
    let (is_current, said) = diagram(dir, &["--check", "docs/schema.svg"]);
    assert!(!is_current);
    insta::assert_snapshot!(said);
}

#[test]
fn what_is_written_is_told_by_the_name_of_the_file_or_said() {
    needs_many_connections!();
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    write(
        dir,
        &[("sql/schema.sql", "create table a (id int primary key);")],
    );
    for (arguments, beginning) in [
        (["-o", "a.svg"].as_slice(), "<svg "),
        (&["-o", "a.mmd"], "erDiagram\n"),
        (&["-o", "a.dot"], "digraph "),
        (&["-o", "a.txt", "--format", "mermaid"], "erDiagram\n"),
    ] {
        assert_eq!(diagram(dir, arguments), (true, String::new()));
        let text = std::fs::read_to_string(dir.join(arguments[1])).unwrap();
        assert!(text.starts_with(beginning), "{text}");
    }
    let (succeeded, said) = diagram(dir, &["-o", "a.png"]);
    assert!(!succeeded && !dir.join("a.png").exists());
    insta::assert_snapshot!(said);
    let (succeeded, said) = diagram(dir, &["--only", "b*"]);
    assert!(!succeeded);
    insta::assert_snapshot!(said);
    assert!(diagram(dir, &["--only", "a*"]).0);
}

#[test]
fn what_to_type_has_all_that_was_typed_but_no_password() {
    needs_many_connections!();
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[("sql/schema.sql", "create table a (id int primary key);")],
    );
    let url = server().url();
    let mut arguments = vec![
        "model", "--only", "a*", "--format", "dot", "--check", "a;b.txt",
    ];
    let (_, said) = diagram(dir.path(), &arguments);
    insta::assert_snapshot!(said);
    arguments[0] = &url;
    arguments[2] = "*";
    let (_, said) = diagram(dir.path(), &arguments);
    assert!(!said.contains(&url), "{said}");
}
