//! Migrations beside live traffic: nobody queues behind them for long, and they get through in the end.

use std::sync::Arc;
use std::time::Duration;

use revisions::{Event, Migrator, Options};
use tokio::sync::mpsc::unbounded_channel;
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use crate::support::{
    Database, applied, column, embedded, impatient, needs_many_connections, tables, until,
};

/// Sessions that wait for a lock of this kind on the table `busy`.
fn waiting(mode: &str) -> String {
    format!(
        "select count(*) from pg_locks where relation = 'busy'::regclass and mode = '{mode}' and not granted"
    )
}

async fn busy(database: &Database) -> (Client, Client) {
    let (client, holder) = (
        database.connect("migrator").await,
        database.connect("holder").await,
    );
    let make = "create table busy as select n as id from generate_series(1, 1000) n";
    client.batch_execute(make).await.unwrap();
    let hold = "begin; lock table busy in access share mode";
    holder.batch_execute(hold).await.unwrap();
    (client, holder)
}

/// Reads `busy`; whether it was seen to queue.
async fn reads_after_queueing(database: &Database, watcher: &Client) -> bool {
    let reader = database.connect("reader").await;
    let read = column(&reader, "select count(*) from busy");
    let (mut read, mut queued) = (std::pin::pin!(read), false);
    loop {
        tokio::select! {
            count = &mut read => {
                assert_eq!(count, ["1000"]);
                return queued;
            }
            seen = column(watcher, "select count(*) from pg_locks where relation = 'busy'::regclass \
                and mode = 'AccessShareLock' and not granted") => queued |= seen == ["1"],
        }
    }
}

#[tokio::test]
async fn queries_that_queued_behind_a_migration_get_through_while_it_is_kept_waiting() {
    needs_many_connections!();
    let own = "-- lock-timeout: 200ms\nalter table busy add column note text;";
    let alone =
        "-- transaction: none\n-- lock-timeout: 200ms\nalter table busy add column note text;";
    for script in [own, alone] {
        let database = Database::new().await;
        let (mut client, holder) = busy(&database).await;
        let watcher = database.connect("watcher").await;
        let revisions = embedded(&[("U1__a.sql", script, "")]).unwrap();
        let options = Options {
            lock_attempts: 1_000,
            // Of the revision is what counts.
            lock_timeout: Duration::from_secs(3_600),
            ..impatient()
        };
        let (retrying, mut retries) = unbounded_channel();
        let mut listener = move |event: Event<'_>| {
            if let Event::Retrying { attempt, .. } = event {
                retrying.send(attempt).unwrap();
            }
        };
        let mut migrator = Migrator::new(&mut client, &revisions)
            .options(options)
            .on_event(&mut listener);
        let others = async {
            until(&watcher, &waiting("AccessExclusiveLock"), "1").await;
            while !reads_after_queueing(&database, &watcher).await {}
            let before = retries.recv().await.unwrap();
            assert!(retries.recv().await > Some(before));
            holder.batch_execute("commit").await.unwrap();
        };
        let (upgraded, ()) = tokio::join!(migrator.upgrade("head"), others);
        assert_eq!(upgraded.unwrap().len(), 1);
        assert!(column(&client, "select note from busy limit 1").await.len() == 1);
        assert_eq!(column(&client, "show lock_timeout").await, ["0"]);
    }
}

#[tokio::test]
async fn an_index_is_built_concurrently_while_an_old_transaction_is_open_and_replicas_wait() {
    needs_many_connections!();
    let database = Arc::new(Database::new().await);
    let (client, old) = busy(&database).await;
    old.batch_execute("commit; begin isolation level repeatable read; select 1 from busy")
        .await
        .unwrap();
    let script = "-- transaction: none\ncreate index concurrently busy_idx on busy (id);";
    let revisions = Arc::new(embedded(&[("U1__a.sql", script, "")]).unwrap());
    let (waits, mut waiters) = unbounded_channel();
    let replicas = (0..4).map(|number| {
        let (database, revisions) = (Arc::clone(&database), Arc::clone(&revisions));
        let waits = waits.clone();
        tokio::spawn(async move {
            let mut client = database.connect(&format!("replica {number}")).await;
            let mut listener = move |event: Event<'_>| {
                if let Event::Waiting(_) = event {
                    waits.send(number).unwrap();
                }
            };
            let options = Options {
                migration_lock_timeout: Duration::from_secs(60),
                ..impatient()
            };
            let mut migrator = Migrator::new(&mut client, &revisions)
                .options(options)
                .on_event(&mut listener);
            migrator.upgrade("head").await.map(|done| done.len())
        })
    });
    let replicas: Vec<_> = replicas.collect();
    let builds = "select count(*) from pg_stat_activity where query like 'create index concurrently%' \
        and wait_event = 'virtualxid' and datname = current_database()";
    until(&client, builds, "1").await;
    for _ in 0..3 {
        waiters.recv().await.unwrap();
    }
    // Who has as much patience as the migrator gives up meanwhile; and again.
    let other = database.connect("other").await;
    let lock = database.connect("lock").await;
    client.batch_execute("create table other ()").await.unwrap();
    lock.batch_execute("begin; lock table other").await.unwrap();
    for _ in 0..2 {
        let gives_up = "set lock_timeout = 50; select * from other";
        let refused = other.batch_execute(gives_up).await.unwrap_err();
        assert_eq!(refused.code(), Some(&SqlState::LOCK_NOT_AVAILABLE));
        assert_eq!(column(&client, builds).await, ["1"], "it still waits");
    }
    old.batch_execute("commit").await.unwrap();
    let mut total = 0;
    for replica in replicas {
        total += replica.await.unwrap().unwrap();
    }
    assert_eq!(total, 1);
    let valid = "select indisvalid from pg_index where indexrelid = 'busy_idx'::regclass";
    assert_eq!(column(&client, valid).await, ["t"]);
}

#[tokio::test]
async fn an_index_with_a_lock_timeout_of_its_own_gives_up_and_what_it_left_is_named() {
    needs_many_connections!();
    let database = Database::new().await;
    let (mut client, old) = busy(&database).await;
    let snapshot = "commit; begin isolation level repeatable read; select 1 from busy";
    old.batch_execute(snapshot).await.unwrap();
    let script = "-- transaction: none\n-- lock-timeout: 50ms\n\
        create index concurrently busy_idx on busy (id);";
    let revisions = embedded(&[("sql/U1__a.sql", script, "")]).unwrap();
    let mut migrator = Migrator::new(&mut client, &revisions).options(impatient());
    insta::assert_snapshot!(migrator.upgrade("head").await.unwrap_err());
    old.batch_execute("commit").await.unwrap();
    // The ruin is not taken for the index.
    insta::assert_snapshot!(migrator.upgrade("head").await.unwrap_err());
    assert!(applied(&client).await.is_empty());
    client
        .batch_execute("drop index concurrently busy_idx")
        .await
        .unwrap();
    Migrator::new(&mut client, &revisions)
        .upgrade("head")
        .await
        .unwrap();
    assert_eq!(applied(&client).await, ["1"]);
    assert_eq!(tables(&client).await, ["busy"]);
}

#[tokio::test]
async fn a_history_that_is_locked_is_waited_for_and_what_was_done_is_not_done_again() {
    needs_many_connections!();
    let alone = "-- transaction: none\ninsert into log values ('done');\nvacuum log;";
    let batches = "-- repeat: until-no-rows\ninsert into log select 'done' where not exists (select from log);";
    for (up, down) in [
        (
            alone,
            "-- transaction: none\ninsert into log values ('undone');",
        ),
        (batches, ""),
    ] {
        let database = Database::new().await;
        let (mut client, holder) = (
            database.connect("migrator").await,
            database.connect("holder").await,
        );
        client
            .batch_execute("create table log (step text)")
            .await
            .unwrap();
        let revisions = embedded(&[("U1__a.sql", up, down)]).unwrap();
        let mut migrator = Migrator::new(&mut client, &revisions);
        migrator.ensure_history().await.unwrap();
        let (retrying, mut retries) = unbounded_channel();
        let mut listener = move |event: Event<'_>| {
            if let Event::Retrying { attempt, .. } = event {
                retrying.send(attempt).unwrap();
            }
        };
        let options = Options {
            lock_attempts: 1_000,
            ..impatient()
        };
        let mut migrator = Migrator::new(&mut client, &revisions)
            .options(options)
            .on_event(&mut listener);
        let mut log = vec!["done"];
        let hold = "begin; lock table refinery_schema_history in exclusive mode";
        let mut free = async || {
            while retries.recv().await != Some(2) {}
            holder.batch_execute("commit").await.unwrap();
        };
        holder.batch_execute(hold).await.unwrap();
        let (done, ()) = tokio::join!(migrator.upgrade("head"), free());
        assert_eq!(done.unwrap().len(), 1);
        if !down.is_empty() {
            log.push("undone");
            holder.batch_execute(hold).await.unwrap();
            let (undone, ()) = tokio::join!(migrator.downgrade("base"), free());
            assert_eq!(undone.unwrap().len(), 1);
        }
        assert_eq!(column(&client, "select step from log").await, log);
    }
}
