//! refinery continues what was begun here, and the other way round.

use refinery_core::{Migration, Runner};
use revisions::{Migrator, Offline, Options, Revisions};
use tokio_postgres::Client;

use crate::support::{
    Database, applied, column, dump, embedded, needs_many_connections, psql, tables, three,
};

fn migrations(revisions: &Revisions) -> Vec<Migration> {
    revisions
        .iter()
        .map(|revision| revision.migration().clone())
        .collect()
}

#[tokio::test]
async fn refinery_continues_after_an_upgrade() {
    needs_many_connections!();
    let (mut client, revisions) = (Database::new().await.connect("test").await, three());
    Migrator::new(&mut client, &revisions)
        .upgrade("+2")
        .await
        .unwrap();
    let runner = Runner::new(&migrations(&revisions));
    let before = runner
        .get_applied_migrations_async(&mut client)
        .await
        .unwrap();
    assert_eq!(before.len(), 2);
    let report = runner.run_async(&mut client).await.unwrap();
    assert_eq!(report.applied_migrations().len(), 1);
    assert_eq!(applied(&client).await.len(), 3);
}

#[tokio::test]
async fn an_upgrade_continues_after_refinery() {
    needs_many_connections!();
    let (mut client, revisions) = (Database::new().await.connect("test").await, three());
    Runner::new(&migrations(&revisions)[..2])
        .run_async(&mut client)
        .await
        .unwrap();
    let mut migrator = Migrator::new(&mut client, &revisions);
    let now = migrator.upgrade("head").await.unwrap();
    assert_eq!(
        now.iter().map(|applied| applied.id).collect::<Vec<_>>(),
        [20250303000000]
    );
    migrator.downgrade("base").await.unwrap();
    let report = Runner::new(&migrations(&revisions))
        .run_async(&mut client)
        .await
        .unwrap();
    assert_eq!(report.applied_migrations().len(), 3);
}

/// Six revisions, one of them a `V` migration, with what a checksum could trip over.
fn six() -> Revisions {
    embedded(&[
        (
            "V1__a.sql",
            "-- Ä.\ncreate table a (id int);",
            "drop table a;",
        ),
        ("V2__b.sql", "create table b (id int);\n\n", "drop table b;"),
        ("U3__c.sql", "create table c (id int)", "drop table c;"),
        (
            "U4__d_d.sql",
            "insert into a values (4);\n-- the end",
            "delete from a where id = 4;",
        ),
        (
            "U5__e.sql",
            "insert into a values (5);",
            "delete from a where id = 5;",
        ),
        (
            "U6__f.sql",
            "insert into a values (6);",
            "delete from a where id = 6;",
        ),
    ])
    .unwrap()
}

/// What refinery's runner applies now.
async fn by_refinery(client: &mut Client, revisions: &Revisions, count: usize) -> Vec<i64> {
    let runner = Runner::new(&migrations(revisions)[..count]);
    let report = runner.run_async(client).await.unwrap();
    let applied = report.applied_migrations().iter();
    applied.map(|migration| migration.version()).collect()
}

async fn by_us(client: &mut Client, revisions: &Revisions, target: &str) -> Vec<i64> {
    let done = Migrator::new(client, revisions).upgrade(target).await;
    done.unwrap().iter().map(|applied| applied.id).collect()
}

const HISTORY: &str =
    "select concat_ws(' ', version, name, checksum) from refinery_schema_history order by version";

#[tokio::test]
async fn both_and_a_script_take_turns_and_in_the_end_all_is_as_by_one() {
    needs_many_connections!();
    let (database, alone, revisions) = (Database::new().await, Database::new().await, six());
    let options = Options::default();
    let offline = Offline::new(&revisions, &options);
    let script = |database: &Database, script: String| {
        let output = psql(database, &script);
        assert!(output.status.success(), "{output:?}");
    };
    let mut client = database.connect("test").await;
    script(&database, offline.upgrade(None, "1").unwrap());
    assert_eq!(by_refinery(&mut client, &revisions, 2).await, [2]);
    assert_eq!(by_us(&mut client, &revisions, "+1").await, [3]);
    assert_eq!(by_refinery(&mut client, &revisions, 4).await, [4]);
    script(&database, offline.upgrade(Some("4"), "5").unwrap());
    assert_eq!(by_refinery(&mut client, &revisions, 6).await, [6]);
    // And back, and on from there.
    script(&database, offline.downgrade("6", "4").unwrap());
    let mut migrator = Migrator::new(&mut client, &revisions);
    migrator.downgrade("3").await.unwrap();
    assert_eq!(by_refinery(&mut client, &revisions, 6).await, [4, 5, 6]);
    assert!(by_us(&mut client, &revisions, "head").await.is_empty());
    let mut other = alone.connect("test").await;
    assert_eq!(by_refinery(&mut other, &revisions, 6).await.len(), 6);
    assert_eq!(
        column(&client, HISTORY).await,
        column(&other, HISTORY).await
    );
    assert_eq!(dump(&database), dump(&alone));
    let rows = "select string_agg(id::text, ',' order by id) from a";
    assert_eq!(column(&client, rows).await, ["4,5,6"]);
}

#[tokio::test]
async fn what_was_stamped_is_applied_for_refinery_too() {
    needs_many_connections!();
    let revisions = six();
    let options = Options::default();
    let offline = Offline::new(&revisions, &options);
    for by_script in [false, true] {
        let database = Database::new().await;
        let mut client = database.connect("test").await;
        client
            .batch_execute("create table a (id int); create table b (id int)")
            .await
            .unwrap();
        let two = ["2".to_owned()];
        if by_script {
            let output = psql(&database, &offline.stamp(None, &two).unwrap());
            assert!(output.status.success(), "{output:?}");
        } else {
            let mut migrator = Migrator::new(&mut client, &revisions);
            migrator.stamp(&two, false).await.unwrap();
        }
        // refinery reads each row, its time too.
        let runner = Runner::new(&migrations(&revisions));
        let seen = runner
            .get_applied_migrations_async(&mut client)
            .await
            .unwrap();
        assert_eq!(seen.len(), 2);
        assert!(seen.iter().all(|it| it.applied_on().is_some()));
        assert_eq!(by_refinery(&mut client, &revisions, 5).await, [3, 4, 5]);
        assert_eq!(by_us(&mut client, &revisions, "head").await, [6]);
        // What is taken back by a stamp is pending for both.
        let mut migrator = Migrator::new(&mut client, &revisions);
        migrator.stamp(&["5".to_owned()], false).await.unwrap();
        assert_eq!(by_refinery(&mut client, &revisions, 6).await, [6]);
    }
}

#[tokio::test]
async fn a_downgrade_takes_back_what_refinery_applied() {
    needs_many_connections!();
    let (mut client, revisions) = (Database::new().await.connect("test").await, six());
    by_refinery(&mut client, &revisions, 6).await;
    let mut migrator = Migrator::new(&mut client, &revisions);
    assert_eq!(migrator.redo(Some("5")).await.unwrap().len(), 2);
    assert_eq!(migrator.downgrade("base").await.unwrap().len(), 6);
    assert!(tables(&client).await.is_empty());
    assert!(applied(&client).await.is_empty());
}
