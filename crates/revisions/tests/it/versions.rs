//! The versions of new revisions: after what has to be older, and one for each of many programs.

use std::process::{Child, Output, Stdio};

use revisions::Revisions;

use crate::scaffold::{FIRST, done, files, program, project, refused, text};

#[test]
fn a_new_revision_never_becomes_the_parent_of_another() {
    let plain = [
        ("sql/V1__a.sql", "select 1;"),
        ("sql/V99990101000000__b.sql", "select 2;"),
    ];
    let dir = project(&plain);
    let between = [
        "revision", "-m", "New", "--head", "1", "--splice", "--rev-id", "7",
    ];
    insta::assert_snapshot!(refused(dir.path(), &between), @r"
    error: the version cannot be 7: it has to be larger than 99990101000000, which does not say what it revises and would revise it
      = help: ask for another, or for none: the time is its version then
    ");
    done(dir.path(), &between[..6]);
    let revisions = Revisions::read_with_several_heads(&dir.path().join("sql")).unwrap();
    assert_eq!(revisions.get(99_990_101_000_000).unwrap().parents(), [1]);
    assert_eq!(revisions.get(99_990_101_000_001).unwrap().parents(), [1]);
}

#[test]
fn after_the_largest_version_there_is_none() {
    let last = format!("sql/U{}__last.sql", i64::MAX);
    let dir = project(&[(&last, "select 1;")]);
    insta::assert_snapshot!(refused(dir.path(), &["revision", "-m", "New"]), @r"
    error: the version cannot be 9223372036854775807: the new one has to be larger than it, and no number is
      = help: give the revision that has it another version, if it was applied nowhere yet
    ");
}

#[test]
fn a_version_that_another_program_is_writing_is_left_to_it() {
    let dir = project(&[FIRST, ("sql/.U7.reserved", "")]);
    let asked = ["revision", "-m", "New", "--rev-id", "7"];
    insta::assert_snapshot!(refused(dir.path(), &asked), @r"
    error: the version cannot be 7: another program is writing it
      = help: remove sql/.U7.reserved if there is no such program
    ");
    done(dir.path(), &["revision", "-m", "New"]);
}

#[test]
fn many_programs_that_write_in_the_same_second_get_a_version_each() {
    let dir = project(&[FIRST]);
    let start = |number: usize| -> Child {
        let message = format!("New {number}");
        let arguments = ["revision", "-m", &message, "--head", "1", "--splice"];
        let mut command = program(dir.path(), &arguments);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let children: Vec<Child> = (0..20).map(start).collect();
    for child in children {
        let Output { status, stderr, .. } = child.wait_with_output().unwrap();
        assert!(status.success(), "{}", text(&stderr));
    }
    let revisions = Revisions::read_with_several_heads(&dir.path().join("sql")).unwrap();
    assert_eq!((revisions.len(), revisions.heads().count()), (21, 20));
    let names = files(dir.path());
    assert_eq!(names.len(), 41, "{names:?}");
}
