//! `db lint`.

use crate::support::Project;

const FILES: &[(&str, &str)] = &[
    (
        "U1__first.sql",
        "-- Visits.\n\ncreate table visits (id integer);\n",
    ),
    (
        "U2__index.sql",
        "-- An index.\n\ncreate index visits_idx on visits (id);\n",
    ),
    (
        "U3__calls.sql",
        "-- Visits are calls, 100% sure.\n\nalter table visits rename to calls;\n",
    ),
    (
        "U4__empty.sql",
        "-- Without rows.\n-- allow: ban-truncate they are test data\n\ntruncate calls;\n",
    ),
];

#[tokio::test]
async fn it_tells_what_is_refused_and_fails() {
    let project = Project::new(FILES).await;
    let transcript = project.transcript(&[
        "lint",
        "lint --format json",
        "lint --format github",
        "lint 3:",
        "lint 2 head --warn require-concurrent-index-creation",
        "lint 4",
        "lint 1:2 --undeployed",
        "lint 1 --deny prefer-bigint-over-int",
        "lint --allow no-such-rule",
        "lint 9",
    ]);
    insta::assert_snapshot!(transcript.await);
}

#[tokio::test]
async fn the_manifest_beside_the_migrations_is_read_and_options_come_after_it() {
    let project = Project::new(FILES).await;
    let manifest =
        "[package.metadata.query-build.lints]\nlint-after = \"2\"\nrenaming-table = \"deny\"\n";
    std::fs::write(project.dir.path().join("Cargo.toml"), manifest).unwrap();
    let refused = project.run("lint").await;
    let said = crate::support::out(&refused);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        said.contains("(renaming-table)") && !said.contains("visits_idx"),
        "{said}"
    );
    project.succeeds("lint --allow renaming-table").await;
    std::fs::write(
        project.dir.path().join("Cargo.toml"),
        manifest.replace("deny", "forbid"),
    )
    .unwrap();
    let wrong = project.fails("lint").await;
    assert!(wrong.contains("--> Cargo.toml:3:18"), "{wrong}");
}

#[tokio::test]
async fn what_is_applied_is_left_out_if_it_is_asked_for() {
    let project = Project::new(FILES).await;
    assert!(project.run("lint --pending").await.status.code() == Some(1));
    project.succeeds("upgrade 2").await;
    let (said, _) = project.succeeds("lint --pending").await;
    assert!(
        said.contains("1 warning") && said.contains("U3__calls.sql"),
        "{said}"
    );
}

#[tokio::test]
async fn without_a_terminal_there_is_no_colour() {
    let project = Project::new(FILES).await;
    let output = project.run("lint").await;
    assert!(!output.stdout.contains(&0x1b));
}

#[tokio::test]
async fn the_migrations_of_this_workspace_have_no_finding() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let project = Project::new(&[]).await;
    for dir in [
        "sql",
        "examples/guestbook/sql",
        "crates/query-build/tests/sample/sql",
    ] {
        let (said, _) = project.succeeds(&format!("--dir {root}/{dir} lint")).await;
        assert_eq!(
            said, "the migrations lock nothing for long, and lose nothing\n",
            "{dir}"
        );
    }
}
