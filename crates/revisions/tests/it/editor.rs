//! Opening revisions in an editor, and making the directory that they are in.

use std::path::Path;

use crate::scaffold::{FIRST, SECOND, done, files, program, project, text};

/// An editor that writes down what it is called with, one argument a line.
const EDITOR: (&str, &str) = ("an editor.sh", "printf '%s\\n' \"$@\" > opened\n");

/// Runs the program with variables; gives whether it succeeded, and what it said.
fn run(dir: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> (bool, String) {
    let mut command = program(dir, arguments);
    let output = command.envs(variables.iter().copied()).output().unwrap();
    (output.status.success(), text(&output.stderr))
}

fn opened(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("opened")).unwrap()
}

#[cfg(unix)]
#[test]
fn the_editor_gets_its_own_arguments_and_the_files() {
    let down = ("sql/U2__second.down.sql", "select 1;");
    let dir = project(&[FIRST, SECOND, down, EDITOR]);
    let dir = dir.path();
    let editor = [("EDITOR", "sh './an editor.sh' --wait \"a b\"")];
    assert!(run(dir, &editor, &["edit", "head"]).0);
    assert_eq!(opened(dir), "--wait\na b\nsql/U2__second.sql\n");
    // VISUAL goes before EDITOR, unless it is empty.
    let both = [
        ("VISUAL", "sh './an editor.sh' visual"),
        ("EDITOR", "false"),
    ];
    assert!(run(dir, &both, &["edit", "2", "--down"]).0);
    assert_eq!(
        opened(dir),
        "visual\nsql/U2__second.sql\nsql/U2__second.down.sql\n"
    );
    let empty = [("VISUAL", " "), editor[0]];
    let (succeeded, said) = run(dir, &empty, &["edit", "main@base+1", "--down"]);
    assert!(succeeded, "{said}");
    assert_eq!(opened(dir), "--wait\na b\nsql/U1__first.sql\n");
    assert_eq!(said, "sql/U1__first.sql has no script that undoes it\n");
}

#[cfg(unix)]
#[test]
fn a_new_revision_is_opened_with_both_of_its_files() {
    let dir = project(&[FIRST, EDITOR]);
    let editor = [("EDITOR", "sh './an editor.sh'")];
    let arguments = ["revision", "-m", "New", "--rev-id", "2", "--edit"];
    assert!(run(dir.path(), &editor, &arguments).0);
    assert_eq!(
        opened(dir.path()),
        "sql/U2__new.sql\nsql/U2__new.down.sql\n"
    );
}

#[test]
fn without_an_editor_nothing_is_written() {
    let dir = project(&[FIRST]);
    let new = run(dir.path(), &[], &["revision", "-m", "New", "--edit"]);
    assert_eq!(files(dir.path()), ["U1__first.sql"]);
    let old = run(dir.path(), &[], &["edit", "head"]);
    let base = run(dir.path(), &[], &["edit", "base"]);
    assert!(!new.0 && !old.0 && !base.0);
    insta::assert_snapshot!([new.1, old.1, base.1].concat(), @r"
    error: no editor is chosen
      = help: set VISUAL or EDITOR, such as EDITOR=vi; or leave out --edit, and open the files yourself
    error: no editor is chosen
      = help: set VISUAL or EDITOR, such as EDITOR=vi; or open sql/U1__first.sql yourself
    error: there is no revision `base`; the newest is 1
      = help: name a revision id, a unique prefix of one, `head` or `current`, or a branch label (main); `cargo db history` lists the ids
    ");
}

#[cfg(unix)]
#[test]
fn an_editor_that_fails_is_named_and_what_is_written_stays() {
    let dir = project(&[FIRST]);
    let failing = [("EDITOR", "false --wait")];
    let (succeeded, said) = run(dir.path(), &failing, &["revision", "-m", "New", "-e"]);
    assert!(!succeeded);
    insta::assert_snapshot!(said, @r"
    error: the editor `false --wait` failed: exit status: 1
      = help: see whether VISUAL, or EDITOR, is right
    ");
    assert_eq!(files(dir.path()).len(), 3);
}

#[test]
fn the_directory_is_made_once() {
    let dir = project(&[]);
    let init = |arguments: &[&str]| done(dir.path(), &[&["init"], arguments].concat());
    assert_eq!(init(&[]), "made sql\n");
    assert_eq!(init(&[]), "sql is there already\n");
    assert_eq!(init(&["--dir", "a/b"]), "made a/b\n");
    done(dir.path(), &["revision", "-m", "The first"]);
    let revisions = revisions::Revisions::read(&dir.path().join("sql")).unwrap();
    assert!(revisions.head().unwrap().parents().is_empty());
}

#[test]
fn a_file_in_the_place_of_the_directory_is_refused_by_name() {
    let dir = project(&[("sql", "")]);
    let (succeeded, said) = run(dir.path(), &[], &["init"]);
    assert!(!succeeded);
    assert!(said.starts_with("error: sql: cannot be made: "), "{said}");
    let (succeeded, said) = run(dir.path(), &[], &["revision", "-m", "New"]);
    assert!(!succeeded && said.contains("no such directory"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_written_to_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;

    let dir = project(&[FIRST]);
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(dir.path(), 0o755);
    let sql = dir.path().join("sql");
    mode(&sql, 0o555);
    let mut command = program(dir.path(), &["revision", "-m", "New"]);
    if std::fs::write(sql.join("probe"), "").is_ok() {
        // Whoever runs the tests may write everywhere; nobody may not, nor read where the program was built.
        std::fs::remove_file(sql.join("probe")).unwrap();
        let copy = dir.path().join("program");
        std::fs::copy(env!("CARGO_BIN_EXE_revisions"), &copy).unwrap();
        command = std::process::Command::new(copy);
        command
            .current_dir(dir.path())
            .env_clear()
            .args(["revision", "-m", "New"]);
        command.uid(65_534).gid(65_534);
    }
    let output = command.output().unwrap();
    mode(&sql, 0o755);
    assert!(!output.status.success());
    insta::assert_snapshot!(text(&output.stderr), @"error: sql: cannot be written: Permission denied (os error 13)");
    assert_eq!(files(dir.path()), ["U1__first.sql"]);
}
