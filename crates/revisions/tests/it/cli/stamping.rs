//! `stamp`: where a database is, declared.

use crate::support::{Project, applied, needs_many_connections, tables};

/// A root, two branches and a third that is on its own.
const FILES: &[(&str, &str)] = &[
    ("U1__root.sql", "create table root (id int);"),
    (
        "U2__left.sql",
        "-- revises: 1\n-- branch: left\ncreate table lefty (id int);",
    ),
    (
        "U3__right.sql",
        "-- revises: 1\n-- branch: right\ncreate table righty (id int);",
    ),
    (
        "U4__apart.sql",
        "-- revises: none\n-- branch: apart\ncreate table apart (id int);",
    ),
    ("U5__more.sql", "-- revises: 3\ncreate table more (id int);"),
];

#[tokio::test]
async fn a_stamp_writes_the_history_and_nothing_else() {
    needs_many_connections!();
    let project = Project::new(FILES).await;
    let client = project.database.connect("test").await;
    let transcript = project
        .transcript(&[
            "stamp 2",
            "stamp 2 3 4",
            "stamp heads",
            "stamp 3",
            "current",
            "stamp base",
            "stamp nowhere",
            "stamp --purge heads",
            "current",
        ])
        .await;
    insta::assert_snapshot!(transcript);
    assert!(tables(&client).await.is_empty());
    assert_eq!(applied(&client).await, ["1", "2", "3", "4", "5"]);
}

#[tokio::test]
async fn what_is_not_known_is_purged_and_otherwise_refused() {
    needs_many_connections!();
    let project = Project::new(FILES).await;
    let client = project.database.connect("test").await;
    project.succeeds("stamp heads").await;
    let strange = "insert into refinery_schema_history values (99, 'strange', null, null);
        update refinery_schema_history set checksum = '0' where version = 2";
    client.batch_execute(strange).await.unwrap();
    let transcript = project
        .transcript(&["stamp 5", "stamp --purge 5", "status"])
        .await;
    insta::assert_snapshot!(transcript);
    assert_eq!(applied(&client).await, ["1", "3", "5"]);
    project.succeeds("stamp --purge base").await;
    assert!(applied(&client).await.is_empty());
}

#[tokio::test]
async fn a_stamp_settles_what_was_interrupted() {
    needs_many_connections!();
    let project = Project::new(FILES).await;
    let client = project.database.connect("test").await;
    project.succeeds("stamp 1 4").await;
    let interrupted = "create table refinery_schema_progress (version int8 primary key, undoing bool not null, done text[] not null);
        insert into refinery_schema_progress values (2, false, '{select 1}'), (5, false, '{}')";
    client.batch_execute(interrupted).await.unwrap();
    project.succeeds("stamp 2").await;
    let left = "select version from refinery_schema_progress";
    assert_eq!(crate::support::column(&client, left).await, ["5"]);
    project.succeeds("stamp heads").await;
    let gone = "select to_regclass('refinery_schema_progress') is null";
    assert_eq!(crate::support::column(&client, gone).await, ["t"]);
}
