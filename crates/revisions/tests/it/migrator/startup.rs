//! What a server does before it serves, and what it finds.

use revisions::{Error, Migrator, Startup};

use crate::support::{Database, applied, column, embedded, needs_many_connections, tables, three};

#[tokio::test]
async fn a_server_migrates_once_and_then_finds_all_done() {
    needs_many_connections!();
    let (mut client, revisions) = (Database::new().await.connect("test").await, three());
    let mut migrator = Migrator::new(&mut client, &revisions);
    match migrator.on_startup().await.unwrap() {
        Startup::Upgraded(applied) => assert_eq!(applied.len(), 3),
        other => panic!("{other:?}"),
    }
    assert_eq!(migrator.on_startup().await.unwrap(), Startup::UpToDate);
}

#[tokio::test]
async fn a_server_with_nothing_to_do_does_not_wait_for_the_lock() {
    needs_many_connections!();
    let database = Database::new().await;
    let (mut client, revisions) = (database.connect("test").await, three());
    Migrator::new(&mut client, &revisions)
        .upgrade("head")
        .await
        .unwrap();
    let other = database.connect("holder").await;
    column(
        &other,
        &format!(
            "select pg_advisory_lock({})",
            i64::from_be_bytes(*b"revision")
        ),
    )
    .await;
    let startup = Migrator::new(&mut client, &revisions)
        .on_startup()
        .await
        .unwrap();
    assert_eq!(startup, Startup::UpToDate);
}

#[tokio::test]
async fn a_database_that_is_ahead_is_served_but_not_changed() {
    needs_many_connections!();
    let (mut client, newer) = (Database::new().await.connect("test").await, three());
    Migrator::new(&mut client, &newer)
        .upgrade("head")
        .await
        .unwrap();
    // The older release knows two of the three, and one that the newer has not.
    let older = embedded(&[
        (
            "U20250101000000__first.sql",
            "create table first (id int);",
            "drop table first;",
        ),
        (
            "U20250202000000__second.sql",
            "create table second (id int);",
            "drop table second;",
        ),
        (
            "U20250203000000__other.sql",
            "create table other (id int);",
            "drop table other;",
        ),
    ])
    .unwrap();
    let mut migrator = Migrator::new(&mut client, &older);
    match migrator.on_startup().await.unwrap() {
        Startup::Ahead { unknown } => assert_eq!(unknown[0].id, 20250303000000),
        other => panic!("{other:?}"),
    }
    let up = migrator.upgrade("head").await.unwrap_err();
    let down = migrator.downgrade("-1").await.unwrap_err();
    assert!(matches!(down, Error::Ahead { .. }), "{down}");
    insta::assert_snapshot!(up);
    let state = migrator.state().await.unwrap();
    assert_eq!(state.unknown.len(), 1);
    assert_eq!(state.pending, [20250203000000]);
    assert_eq!(tables(&client).await, ["first", "second", "third"]);
}

#[tokio::test]
async fn a_changed_migration_is_refused_and_its_file_named() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("test").await;
    let before = embedded(&[("U1__a.sql", "create table a (id int);", "drop table a;")]).unwrap();
    Migrator::new(&mut client, &before)
        .upgrade("head")
        .await
        .unwrap();
    let text = embedded(&[("U1__a.sql", "create table a (id bigint);", "drop table a;")]).unwrap();
    let name = embedded(&[("U1__b.sql", "create table a (id int);", "drop table a;")]).unwrap();
    let mut refusals = Vec::new();
    for changed in [&text, &name] {
        let mut migrator = Migrator::new(&mut client, changed);
        assert_eq!(migrator.state().await.unwrap().changed.len(), 1);
        assert!(matches!(
            migrator.on_startup().await,
            Err(Error::Changed { .. })
        ));
        assert!(matches!(
            migrator.downgrade("base").await,
            Err(Error::Changed { .. })
        ));
        refusals.push(migrator.upgrade("head").await.unwrap_err().to_string());
    }
    insta::assert_snapshot!(refusals.join("\n\n"));
    // A new down script is no change of what was applied.
    let down = embedded(&[(
        "U1__a.sql",
        "create table a (id int);",
        "drop table if exists a;",
    )])
    .unwrap();
    Migrator::new(&mut client, &down)
        .downgrade("base")
        .await
        .unwrap();
    assert!(applied(&client).await.is_empty());
}

#[tokio::test]
async fn the_checksum_of_a_file_with_crlf_that_refinery_applied_is_recognised() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("test").await;
    let crlf = "create table a (\r\n    id int\r\n);\r\n";
    let migration = refinery_core::Migration::unapplied("U1__a", crlf).unwrap();
    refinery_core::Runner::new(&[migration])
        .run_async(&mut client)
        .await
        .unwrap();
    let ours = embedded(&[("U1__a.sql", crlf, "")]).unwrap();
    let startup = Migrator::new(&mut client, &ours)
        .on_startup()
        .await
        .unwrap();
    assert_eq!(startup, Startup::UpToDate);
}

#[tokio::test]
async fn a_history_that_somebody_mangled_is_refused_and_not_panicked_upon() {
    needs_many_connections!();
    let (mut client, revisions) = (Database::new().await.connect("test").await, three());
    Migrator::new(&mut client, &revisions)
        .upgrade("head")
        .await
        .unwrap();
    client
        .batch_execute(
            "update refinery_schema_history set applied_on = null, checksum = null, name = null \
             where version = 20250202000000; \
             update refinery_schema_history set applied_on = 'yesterday', checksum = 'x' \
             where version = 20250303000000",
        )
        .await
        .unwrap();
    let mut migrator = Migrator::new(&mut client, &revisions);
    let state = migrator.state().await.unwrap();
    assert_eq!(state.applied.len(), 3);
    assert_eq!(state.changed.len(), 2);
    let error = migrator.upgrade("head").await.unwrap_err();
    assert!(matches!(error, Error::Changed { .. }), "{error}");
}

#[tokio::test]
async fn looking_writes_nothing() {
    needs_many_connections!();
    let (mut client, revisions) = (Database::new().await.connect("test").await, three());
    let state = Migrator::new(&mut client, &revisions)
        .state()
        .await
        .unwrap();
    assert_eq!(state.pending.len(), 3);
    assert!(!state.has_history);
    let history = column(&client, "select to_regclass('refinery_schema_history')").await;
    assert_eq!(history, ["null"]);
}
