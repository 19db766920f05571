//! What a person is told who goes on after an interruption.

use crate::support::{
    AT_A_GATE, MIGRATING, Project, applied, close, column, needs_many_connections, open, until,
};

const FILES: &[(&str, &str)] = &[
    ("U1__a.sql", "-- A table.\ncreate table a (id int);"),
    ("U1__a.down.sql", "drop table a;"),
    (
        "U2__index.sql",
        "-- Indexes.\n-- transaction: none\n\ncreate index concurrently a_1 on a (id);\n\
         create index concurrently a_2 on a (id);\n\ninsert into a\n    select gate(1);\n\
         create index concurrently a_3 on a (id);\n",
    ),
    (
        "U2__index.down.sql",
        "-- transaction: none\ndrop index concurrently a_3;\ndelete from a where gate(1) = 1;\n\
         drop index concurrently a_2;\ndrop index concurrently a_1;\n",
    ),
    ("U3__view.sql", "create view v as select id from a;"),
    ("U3__view.down.sql", "drop view v;"),
];

/// Transactions that a statement waits for which runs `concurrently`.
const WAITS_FOR_A_TRANSACTION: &str = "select count(*) from pg_locks where locktype = 'virtualxid' and not granted \
    and pid in (select pid from pg_stat_activity where datname = current_database())";

const PROGRESS: &str = "select to_regclass('refinery_schema_progress') is not null";

/// A project whose `command` was killed at the gate.
async fn interrupted(command: &str) -> (Project, tokio_postgres::Client) {
    let project = Project::new(FILES).await;
    let client = project.with_gates().await;
    if command.starts_with("downgrade") {
        project.succeeds("upgrade head").await;
        project.succeeds("downgrade -1").await;
    }
    close(&client, 1).await;
    project.kill_when(command, &client, AT_A_GATE, "1").await;
    notice(&client).await;
    open(&client, 1).await;
    (project, client)
}

/// Has the server see at once that the program is gone, as it would by itself after two seconds (`killed.rs`).
async fn notice(client: &tokio_postgres::Client) {
    let end = "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and objsubid = 1 \
        and database = (select oid from pg_database where datname = current_database())";
    column(client, end).await;
    until(client, MIGRATING, "0").await;
}

#[tokio::test]
async fn the_next_upgrade_says_what_stands_and_goes_on() {
    needs_many_connections!();
    let (project, client) = interrupted("upgrade head").await;
    let mut told = project.fails("status").await;
    told.push_str(&project.succeeds("current").await.1);
    told.push_str(&project.fails("downgrade base").await);
    let (out, err) = project.succeeds("upgrade head").await;
    assert_eq!(applied(&client).await, ["1", "2", "3"]);
    assert_eq!(column(&client, "select count(*) from a").await, ["1"]);
    assert_eq!(column(&client, PROGRESS).await, ["f"]);
    insta::assert_snapshot!(project.plain(&(told + &err + &out)));
}

#[tokio::test]
async fn the_next_downgrade_says_what_stands_and_goes_on() {
    needs_many_connections!();
    let (project, client) = interrupted("downgrade -1").await;
    let mut told = project.fails("status").await;
    told.push_str(&project.succeeds("current").await.1);
    told.push_str(&project.fails("upgrade head").await);
    assert_eq!(applied(&client).await, ["1", "2"], "nothing on top of it");
    let (out, err) = project.succeeds("downgrade base").await;
    assert!(applied(&client).await.is_empty());
    assert_eq!(column(&client, PROGRESS).await, ["f"]);
    project.succeeds("upgrade head").await;
    insta::assert_snapshot!(project.plain(&(told + &err + &out)));
}

#[tokio::test]
async fn a_server_does_not_start_on_what_is_half_undone() {
    needs_many_connections!();
    let (project, client) = interrupted("downgrade -1").await;
    std::fs::remove_file(project.dir.path().join("sql/U3__view.sql")).unwrap();
    std::fs::remove_file(project.dir.path().join("sql/U3__view.down.sql")).unwrap();
    let revisions = revisions::Revisions::read(&project.dir.path().join("sql")).unwrap();
    let mut own = project.database.connect("server").await;
    let mut migrator = revisions::Migrator::new(&mut own, &revisions);
    let refused = migrator.on_startup().await.unwrap_err();
    assert!(
        matches!(
            refused,
            revisions::Error::Interrupted {
                id: 2,
                undoing: true,
                done: 1,
                ..
            }
        ),
        "{refused}"
    );
    project.succeeds("downgrade -1").await;
    migrator.on_startup().await.unwrap();
    assert_eq!(applied(&client).await, ["1", "2"]);
}

#[tokio::test]
async fn a_file_whose_finished_statements_were_changed_is_refused() {
    needs_many_connections!();
    let (project, client) = interrupted("upgrade head").await;
    let changed = FILES[2].1.replace("a_2 on a", "a_2b on a");
    project.write(&[("U2__index.sql", &changed)]);
    let mut told = project.fails("upgrade head").await;
    // One that is shorter than what was done, too.
    project.write(&[(
        "U2__index.sql",
        "-- transaction: none\ncreate index concurrently a_1 on a (id);",
    )]);
    told.push_str(&project.fails("upgrade head").await);
    assert_eq!(applied(&client).await, ["1"]);
    insta::assert_snapshot!(project.plain(&told));
    // What was not done may be changed, and what is no statement.
    let mended = FILES[2]
        .1
        .replace("\n    select gate(1)", " values (7)")
        .replace("-- Indexes.", "-- Three indexes.");
    project.write(&[("U2__index.sql", &mended)]);
    project.succeeds("upgrade head").await;
    assert_eq!(column(&client, "select id from a").await, ["7"]);
}

#[tokio::test]
async fn an_index_whose_building_was_interrupted_is_named_with_the_command_that_removes_it() {
    needs_many_connections!();
    for name in ["a_2 ", ""] {
        let second = format!(
            "-- transaction: none\ncreate index concurrently a_1 on a (id);\nselect gate(1);\n\
             create unique index concurrently {name}on a (id);\n"
        );
        let project = Project::new(&[FILES[0], ("U2__index.sql", &second)]).await;
        let client = project.with_gates().await;
        close(&client, 1).await;
        let mut child = project.start("upgrade head");
        until(&client, AT_A_GATE, "1").await;
        // A snapshot that is older than the second index.
        let old = project.database.connect("old").await;
        let snapshot = "begin isolation level repeatable read; select 1 from a";
        old.batch_execute(snapshot).await.unwrap();
        open(&client, 1).await;
        until(&client, WAITS_FOR_A_TRANSACTION, "1").await;
        child.kill().unwrap();
        child.wait().unwrap();
        notice(&client).await;
        old.batch_execute("rollback").await.unwrap();
        let told = project.fails("upgrade head").await;
        let invalid = column(
            &client,
            "select indexrelid::regclass from pg_index where not indisvalid",
        )
        .await;
        let [invalid] = &invalid[..] else {
            panic!("{invalid:?}")
        };
        if name.is_empty() {
            assert!(
                told.contains(&format!("drop index concurrently {invalid}")),
                "{told}"
            );
        } else {
            insta::assert_snapshot!(project.plain(&told));
        }
        client
            .batch_execute(&format!("drop index concurrently {invalid}"))
            .await
            .unwrap();
        project.succeeds("upgrade head").await;
        assert_eq!(
            column(
                &client,
                "select count(*) from pg_index where indrelid = 'a'::regclass and indisvalid"
            )
            .await,
            ["2"]
        );
        assert_eq!(column(&client, PROGRESS).await, ["f"]);
    }
}

#[tokio::test]
async fn an_index_that_was_finished_after_the_program_was_gone_is_explained() {
    needs_many_connections!();
    let (project, client) = interrupted("upgrade head").await;
    client
        .batch_execute("create index a_3 on a (id)")
        .await
        .unwrap();
    let told = project.fails("upgrade head").await;
    insta::assert_snapshot!(project.plain(&told));
    let mended = FILES[2]
        .1
        .replace("concurrently a_3", "concurrently if not exists a_3");
    project.write(&[("U2__index.sql", &mended)]);
    project.succeeds("upgrade head").await;
}

#[tokio::test]
async fn a_script_that_fails_before_it_did_anything_leaves_no_trace() {
    needs_many_connections!();
    let project = Project::new(&[
        FILES[0],
        FILES[1],
        (
            "U2__x.sql",
            "-- transaction: none\ninsert into nowhere values (1);",
        ),
    ])
    .await;
    let client = project.database.connect("test").await;
    project.fails("upgrade head").await;
    assert_eq!(column(&client, PROGRESS).await, ["f"]);
    project.succeeds("downgrade base").await;
}

#[tokio::test]
async fn what_was_settled_in_the_history_by_hand_is_not_held_to_be_interrupted() {
    needs_many_connections!();
    let (project, client) = interrupted("upgrade head").await;
    let settle = "create index a_3 on a (id);
        insert into refinery_schema_history select 2, 'index', '', '0'";
    client.batch_execute(settle).await.unwrap();
    assert!(!project.succeeds("current").await.1.contains("interrupted"));
    project.succeeds("stamp --purge 2").await;
    assert_eq!(column(&client, PROGRESS).await, ["f"]);
    project.succeeds("downgrade base").await;
}

#[tokio::test]
async fn what_was_settled_is_forgotten_by_the_next_script_outside_of_a_transaction() {
    needs_many_connections!();
    let (project, client) = interrupted("upgrade head").await;
    client
        .batch_execute("create index a_3 on a (id)")
        .await
        .unwrap();
    project.succeeds("stamp --purge 2").await;
    project.write(&[("U3__view.sql", "-- transaction: none\nselect 1;")]);
    client.batch_execute("create table refinery_schema_progress (version int8 primary key, undoing bool not null, \
        done text[] not null); insert into refinery_schema_progress values (2, false, '{}'), (9, true, '{}')").await.unwrap();
    project.succeeds("upgrade head").await;
    assert_eq!(column(&client, PROGRESS).await, ["f"]);
}
