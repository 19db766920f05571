//! `upgrade --dry-run`: tried, and taken back.

use std::io::{BufRead as _, BufReader};

use crate::support::{Project, applied, column, dump, needs_many_connections, tables};

const FILES: &[(&str, &str)] = &[
    ("U1__a.sql", "create table a (id int primary key);"),
    (
        "U2__b.sql",
        "-- lock-timeout: 1s\ncreate table b (id int, a int constraint b_a_fkey references a (id) \
         deferrable initially deferred);",
    ),
    (
        "U3__index.sql",
        "-- An index.\n-- transaction: none\ncreate index concurrently b_idx on b (id);",
    ),
    (
        "U4__rows.sql",
        "-- repeat: until-no-rows\nupdate a set id = -id where id in (select id from a where id > 0 limit 2);",
    ),
    (
        "U5__c.sql",
        "set search_path = pg_catalog;\ncreate table public.c (id int);",
    ),
    ("U6__d.sql", "create table d (id int);"),
];

#[tokio::test]
async fn a_dry_run_reports_and_changes_nothing() {
    needs_many_connections!();
    let project = Project::new(FILES).await;
    let client = project.database.connect("test").await;
    let before = dump(&project.database);
    let mut transcript = project.transcript(&["upgrade head --dry-run"]).await;
    assert_eq!(dump(&project.database), before, "not even a history table");
    project.succeeds("upgrade 2").await;
    client
        .batch_execute("insert into a values (1), (2), (3), (4), (5)")
        .await
        .unwrap();
    let before = dump(&project.database);
    transcript.push_str(
        &project
            .transcript(&["upgrade +2 --dry-run", "upgrade head --dry-run"])
            .await,
    );
    assert_eq!(dump(&project.database), before);
    assert_eq!(
        column(&client, "select count(*) from a where id > 0").await,
        ["5"]
    );
    assert_eq!(applied(&client).await, ["1", "2"]);
    project.succeeds("upgrade head").await;
    transcript.push_str(&project.transcript(&["upgrade head --dry-run"]).await);
    insta::assert_snapshot!(transcript);
}

#[tokio::test]
async fn a_failure_is_found_also_one_that_the_commit_would_find() {
    needs_many_connections!();
    let project = Project::new(FILES).await;
    let client = project.database.connect("test").await;
    project.succeeds("upgrade 2").await;
    let deferred = "-- Breaks a constraint.\ninsert into b values (1, 7);";
    project.write(&[("U4__rows.sql", deferred)]);
    let mut transcript = project.transcript(&["upgrade head --dry-run"]).await;
    project.write(&[("U4__rows.sql", "create table e (id int);\nselect 1 / 0;")]);
    transcript.push_str(&project.transcript(&["upgrade head --dry-run"]).await);
    assert_eq!(tables(&client).await, ["a", "b"]);
    assert_eq!(applied(&client).await, ["1", "2"]);
    insta::assert_snapshot!(transcript);
}

#[tokio::test]
async fn a_deferred_row_that_a_later_statement_mends_is_no_failure() {
    needs_many_connections!();
    let project = Project::new(FILES).await;
    project.succeeds("upgrade 2").await;
    let mended = "insert into b values (1, 7);\ninsert into a values (7);";
    project.write(&[("U4__rows.sql", mended)]);
    project.succeeds("upgrade head --dry-run").await;
    let rows = column(
        &project.database.connect("test").await,
        "select count(*) from b",
    )
    .await;
    assert_eq!(rows, ["0"]);
}

#[tokio::test]
async fn a_dry_run_that_is_kept_waiting_names_the_revision_that_waits() {
    needs_many_connections!();
    let project = Project::new(&[
        ("U1__a.sql", "select 1;"),
        (
            "U2__b.sql",
            "-- lock-timeout: 10ms\nalter table busy add column note text;",
        ),
        ("U3__c.sql", "select 1;"),
    ])
    .await;
    let client = project.database.connect("test").await;
    let holder = project.database.connect("holder").await;
    client.batch_execute("create table busy ()").await.unwrap();
    holder
        .batch_execute("begin; lock table busy in access share mode")
        .await
        .unwrap();
    let mut child = project.command("upgrade head --dry-run").spawn().unwrap();
    let told = BufReader::new(child.stderr.take().unwrap());
    let mut lines = told.lines().map(Result::unwrap);
    let retrying = |line: &String| line.contains("did not get its locks");
    let line = lines.find(retrying).unwrap();
    assert!(
        line.starts_with("2 did not get its locks, and was rolled back (attempt 1 of 10)"),
        "{line}"
    );
    holder.batch_execute("commit").await.unwrap();
    assert!(!lines.any(|line| line.contains("error")));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let told = project.plain(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(
        told,
        "would apply 1, a (… ms)\nwould apply 2, b (… ms)\nwould apply 3, c (… ms)\n\
         rolled back: 3 of 3 revisions were tried, and would be applied\n",
        "however many attempts there were, each is told once"
    );
    assert_eq!(tables(&client).await, ["busy"]);
}

#[tokio::test]
async fn what_fails_after_a_revision_that_was_left_out_is_undecided() {
    needs_many_connections!();
    let project = Project::new(&[
        (
            "U1__none.sql",
            "-- A table.\n-- transaction: none\ncreate table a (id int);",
        ),
        (
            "U2__more.sql",
            "create table b (id int);\nalter table a add column note text;",
        ),
        ("U3__rest.sql", "create table c (id int);"),
    ])
    .await;
    let client = project.database.connect("test").await;
    let transcript = project.transcript(&["upgrade head --dry-run"]).await;
    assert!(tables(&client).await.is_empty());
    project.succeeds("upgrade head").await;
    assert_eq!(tables(&client).await, ["a", "b", "c"], "they were right");
    insta::assert_snapshot!(transcript);
}

#[tokio::test]
async fn what_fails_after_a_single_batch_is_undecided() {
    needs_many_connections!();
    let project = Project::new(&[
        ("U1__a.sql", "create table a (id int);\ninsert into a select null from generate_series(1, 3);"),
        (
            "U2__rows.sql",
            "-- repeat: until-no-rows\nupdate a set id = 1 where ctid in (select ctid from a where id is null limit 1);",
        ),
        ("U3__not_null.sql", "alter table a alter column id set not null;"),
    ])
    .await;
    let transcript = project.transcript(&["upgrade head --dry-run"]).await;
    project.succeeds("upgrade head").await;
    insta::assert_snapshot!(transcript);
}
