//! Directories and embedded files.

use revisions::{Down, ReadError, Revisions};

use crate::support::{embedded, refusal, write};

const FILES: [(&str, &str); 6] = [
    ("U20250202000000__second_step.sql", "select 2;"),
    (
        "U20250101000000__first_step.sql",
        "-- Begins. And more.\nselect 1;",
    ),
    ("U20250101000000__first_step.down.sql", "select -1;"),
    ("nested/V20250303000000__third_step.sql", "select 3;"),
    ("schema.sql", "select 'model';"),
    ("README.md", "about"),
];

#[test]
fn a_directory_is_read_in_the_order_of_its_versions() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &FILES);
    let revisions = Revisions::read(dir.path()).unwrap();
    let ids: Vec<i64> = revisions.iter().map(|revision| revision.id()).collect();
    assert_eq!(ids, [20250101000000, 20250202000000, 20250303000000]);
    let first = revisions.get(20250101000000).unwrap();
    assert_eq!(first.name(), "first_step");
    assert_eq!(first.message(), "Begins");
    assert_eq!(first.file_name(), "U20250101000000__first_step.sql");
    assert_eq!(first.down(), Down::Sql("select -1;"));
    assert!(first.parents().is_empty());
    let second = revisions.get(20250202000000).unwrap();
    assert_eq!(second.message(), "second step");
    assert_eq!(second.down(), Down::Missing);
    assert_eq!(second.parents(), [20250101000000]);
    assert_eq!(revisions.head().map(|head| head.id()), Some(20250303000000));
}

#[test]
fn refinery_finds_the_same_migrations_with_the_same_checksums() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &FILES);
    let ours = Revisions::read(dir.path()).unwrap();
    let theirs = refinery_core::load_sql_migrations(dir.path()).unwrap();
    let ours: Vec<_> = ours
        .iter()
        .map(|revision| (revision.id(), revision.checksum()))
        .collect();
    let theirs: Vec<_> = theirs
        .iter()
        .map(|found| (found.version(), found.checksum()))
        .collect();
    assert_eq!(ours, theirs);
}

#[test]
fn line_ends_and_a_byte_order_mark_change_nothing() {
    let checksum = |script| {
        embedded(&[("U1__a.sql", script, "")])
            .unwrap()
            .head()
            .map(|head| head.checksum())
    };
    let plain = checksum("-- A.\nselect 1;\n");
    assert_eq!(checksum("-- A.\r\nselect 1;\r\n"), plain);
    assert_eq!(checksum("\u{feff}-- A.\nselect 1;\n"), plain);
    assert_ne!(checksum("-- A.\nselect 2;\n"), plain);
}

#[test]
fn what_looks_like_a_migration_but_is_misnamed_is_refused_by_name() {
    let names = [
        "V1_initial.sql",
        "u20250101000000__small_letter.sql",
        "20250101000000__no_letter.sql",
        "U20250101000000__has-hyphen.sql",
        "U20250101000000__.sql",
        "U1.5__fraction.sql",
        "|1__bar.sql",
        "U99999999999999999999__large.sql",
        "U20250101000000__shouting.SQL",
        "Uxx__letters.sql",
        "initial.down.sql",
        "U٣__digits_of_another_script.sql",
    ];
    let refusals: Vec<String> = names
        .iter()
        .map(|name| refusal(&[(name, "select 1;")]))
        .collect();
    insta::assert_snapshot!(refusals.join("\n\n"));
}

#[test]
fn what_does_not_look_like_a_migration_is_skipped() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[
            ("schema.sql", "x"),
            ("seed.sql", "x"),
            ("U1__a.sql.orig", "x"),
            (".#U1__a.sql", "x"),
            ("notes.txt", "x"),
        ],
    );
    assert!(Revisions::read(dir.path()).unwrap().is_empty());
}

#[test]
fn a_down_script_without_its_revision_is_refused() {
    let refusals = [
        refusal(&[("U1__a.down.sql", "select 1;")]),
        refusal(&[("U1__a.sql", "select 1;"), ("U1__b.down.sql", "select 1;")]),
        refusal(&[
            ("U1__a.sql", "select 1;"),
            ("other/U1__a.down.sql", "select 1;"),
        ]),
    ];
    insta::assert_snapshot!(refusals.join("\n\n"));
}

#[test]
fn a_version_that_is_used_twice_is_refused_with_both_files() {
    let refusals = [
        refusal(&[("U1__a.sql", "select 1;"), ("V1__b.sql", "select 1;")]),
        refusal(&[("U1__a.sql", "select 1;"), ("U01__b.sql", "select 1;")]),
        refusal(&[
            ("U1__a.sql", "select 1;"),
            ("nested/U1__a.sql", "select 1;"),
        ]),
    ];
    insta::assert_snapshot!(refusals.join("\n\n"));
}

#[test]
fn an_irreversible_revision_with_a_down_script_is_refused() {
    let up = "-- Drops it.\n-- down: irreversible: the data is gone\nselect 1;";
    insta::assert_snapshot!(refusal(&[
        ("U1__a.sql", up),
        ("U1__a.down.sql", "select 1;")
    ]));
    let revisions = embedded(&[("U1__a.sql", up, "")]).unwrap();
    assert_eq!(
        revisions.head().map(|head| head.down()),
        Some(Down::Irreversible("the data is gone"))
    );
}

#[test]
fn a_file_that_is_not_utf_8_is_refused_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("U1__a.sql"), b"-- A.\nselect '\xe9t\xe9';").unwrap();
    let error = Revisions::read(dir.path()).unwrap_err();
    assert!(matches!(error, ReadError::NotUtf8(_)), "{error}");
    let told = error.to_string();
    insta::assert_snapshot!(told.replace(dir.path().to_str().unwrap(), "sql"));
}

#[test]
fn what_is_wrong_in_several_files_is_told_at_once() {
    let several = [
        refusal(&[
            ("U1_a.sql", "select 1;"),
            ("U2__b.sql", "select 1;"),
            ("V2__c.sql", "select 1;"),
            ("U2__b-c.sql", "select 1;"),
        ]),
        refusal(&[
            ("U1__a.sql", "-- A.\n-- transaction: no\nselect 1;"),
            ("U2__b.sql", "-- B.\n-- lock-timeout:\nselect 1;"),
            ("U3__c.down.sql", "select 1;"),
        ]),
        refusal(&[
            ("U1__a.sql", "-- branch: x\nselect 1;"),
            (
                "U2__b.sql",
                "-- branch: x\n-- depends-on: 1, 7, 8\nselect 1;",
            ),
            ("U3__c.sql", "-- revises: 9\nselect 1;"),
        ]),
    ];
    insta::assert_snapshot!(several.join("\n\n---\n"));
}

#[test]
fn a_directory_that_is_not_there_is_refused_with_the_option_that_names_it() {
    let error = Revisions::read("no/such/directory".as_ref())
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("cannot be read") && error.contains("\n--> no/such/directory\n"),
        "{error}"
    );
    assert!(error.contains("--dir DIR"), "{error}");
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = Revisions::read(file.path()).unwrap_err();
    assert!(matches!(error, ReadError::Unreadable { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_file_that_cannot_be_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    // Nobody, not even root, can read a link to nothing.
    std::os::unix::fs::symlink("nothing", dir.path().join("U1__a.sql")).unwrap();
    let error = Revisions::read(dir.path()).unwrap_err();
    assert!(matches!(error, ReadError::Unreadable { .. }), "{error}");
}
