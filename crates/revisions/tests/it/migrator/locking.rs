//! One migrator at a time, and migrations that do not get their locks.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use revisions::{Error, Event, Migrator, Options};

use crate::support::{
    Database, applied, column, embedded, impatient, needs_many_connections, tables, three, until,
};

const LOCK_KEY: i64 = i64::from_be_bytes(*b"revision");

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_migrators_at_once_apply_each_revision_once() {
    needs_many_connections!();
    let (database, revisions) = (Arc::new(Database::new().await), Arc::new(three()));
    let mut tasks = Vec::new();
    for number in 0..8 {
        let (database, revisions) = (Arc::clone(&database), Arc::clone(&revisions));
        tasks.push(tokio::spawn(async move {
            let mut client = database.connect(&format!("replica {number}")).await;
            Migrator::new(&mut client, &revisions)
                .upgrade("head")
                .await
                .map(|applied| applied.len())
        }));
    }
    let mut total = 0;
    for task in tasks {
        total += task.await.unwrap().unwrap();
    }
    assert_eq!(total, 3);
    assert_eq!(applied(&database.connect("test").await).await.len(), 3);
}

#[tokio::test]
async fn a_migrator_that_is_killed_leaves_nothing_and_the_next_one_finishes() {
    needs_many_connections!();
    let (database, other) = (Database::new().await, Database::new().await);
    let mut victim = database.connect("victim").await;
    let revisions = embedded(&[
        ("U1__a.sql", "create table a (id int);", ""),
        (
            "U2__b.sql",
            "create table b (id int); select pg_sleep(60);",
            "",
        ),
    ])
    .unwrap();
    let pid = column(&victim, "select pg_backend_pid()").await.remove(0);
    let watcher = other.connect("watcher").await;
    let upgrade = async {
        let mut migrator = Migrator::new(&mut victim, &revisions);
        migrator.upgrade("head").await.unwrap_err()
    };
    let kill = async {
        let sleeps = format!("select wait_event from pg_stat_activity where pid = {pid}");
        until(&watcher, &sleeps, "PgSleep").await;
        column(&watcher, &format!("select pg_terminate_backend({pid})")).await;
    };
    let (error, ()) = tokio::join!(upgrade, kill);
    assert!(error.to_string().contains("U2__b.sql"), "{error}");
    let mut next = database.connect("next").await;
    assert_eq!(applied(&next).await, ["1"]);
    assert_eq!(tables(&next).await, ["a"]);
    let short = embedded(&[
        ("U1__a.sql", "create table a (id int);", ""),
        ("U2__b.sql", "create table b (id int);", ""),
    ])
    .unwrap();
    Migrator::new(&mut next, &short)
        .upgrade("head")
        .await
        .unwrap();
    assert_eq!(applied(&next).await, ["1", "2"]);
}

#[tokio::test]
async fn a_migrator_that_is_dropped_in_the_middle_gives_the_lock_back() {
    needs_many_connections!();
    let database = Database::new().await;
    let mut client = database.connect("dropped").await;
    let script = "create table a (id int); select pg_sleep(60);";
    let revisions = embedded(&[("U1__a.sql", script, "")]).unwrap();
    let watcher = database.connect("watcher").await;
    let pid = column(&client, "select pg_backend_pid()").await.remove(0);
    let sleeps = format!("select wait_event from pg_stat_activity where pid = {pid}");
    {
        let mut migrator = Migrator::new(&mut client, &revisions);
        tokio::select! {
            outcome = migrator.upgrade("head") => panic!("{outcome:?}"),
            () = until(&watcher, &sleeps, "PgSleep") => {}
        }
    }
    // The statement still runs; once it is cancelled, the rollback and the release that were sent follow.
    column(&watcher, &format!("select pg_cancel_backend({pid})")).await;
    let locks =
        format!("select count(*) from pg_locks where locktype = 'advisory' and pid = {pid}");
    until(&watcher, &locks, "0").await;
    assert!(tables(&client).await.is_empty());
    assert_eq!(column(&client, "show lock_timeout").await, ["0"]);
}

#[tokio::test]
async fn a_dry_run_that_is_dropped_in_the_middle_leaves_nothing_for_the_next_use_to_commit() {
    needs_many_connections!();
    let database = Database::new().await;
    let mut client = database.connect("dropped").await;
    let revisions = embedded(&[
        ("U1__a.sql", "create table a (id int);", ""),
        ("U2__b.sql", "select pg_sleep(60);", ""),
    ])
    .unwrap();
    let watcher = database.connect("watcher").await;
    let pid = column(&client, "select pg_backend_pid()").await.remove(0);
    let sleeps = format!("select wait_event from pg_stat_activity where pid = {pid}");
    {
        let mut migrator = Migrator::new(&mut client, &revisions);
        tokio::select! {
            outcome = migrator.dry_run("head") => panic!("{outcome:?}"),
            () = until(&watcher, &sleeps, "PgSleep") => {}
        }
    }
    column(&watcher, &format!("select pg_cancel_backend({pid})")).await;
    let state = format!("select state from pg_stat_activity where pid = {pid}");
    until(&watcher, &state, "idle").await;
    let locks =
        format!("select count(*) from pg_locks where locktype = 'advisory' and pid = {pid}");
    until(&watcher, &locks, "0").await;
    assert!(tables(&watcher).await.is_empty());
    let next = embedded(&[("U1__c.sql", "create table c (id int);", "")]).unwrap();
    let mut migrator = Migrator::new(&mut client, &next);
    assert_eq!(migrator.upgrade("head").await.unwrap().len(), 1);
    assert_eq!(tables(&watcher).await, ["c"]);
    assert_eq!(applied(&watcher).await, ["1"]);
}

#[tokio::test]
async fn a_waiter_says_whom_it_waits_for_and_gives_up() {
    needs_many_connections!();
    let (database, revisions) = (Database::new().await, three());
    let holder = database.connect("the other replica").await;
    column(&holder, &format!("select pg_advisory_lock({LOCK_KEY})")).await;
    let pid: i32 = column(&holder, "select pg_backend_pid()").await[0]
        .parse()
        .unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let (mut client, heard) = (database.connect("waiter").await, Arc::clone(&told));
    let mut listener = move |event: Event<'_>| {
        if let Event::Waiting(holder) = event {
            heard.lock().unwrap().push(holder.clone());
        }
    };
    let error = Migrator::new(&mut client, &revisions)
        .options(impatient())
        .on_event(&mut listener)
        .upgrade("head")
        .await
        .unwrap_err();
    let message = error.to_string();
    assert!(
        message.contains(&format!("process {pid} (the other replica)")),
        "{message}"
    );
    assert!(
        message.contains(&format!("pg_terminate_backend({pid})")),
        "{message}"
    );
    let Error::Locked {
        waited,
        holder: Some(found),
    } = error
    else {
        panic!("{error:?}")
    };
    assert!(waited >= Duration::from_millis(300));
    assert_eq!(
        (found.pid, found.application_name.as_deref()),
        (pid, Some("the other replica"))
    );
    assert_eq!(told.lock().unwrap().len(), 1, "each holder is told once");
    assert_eq!(column(&client, "show lock_timeout").await, ["0"]);
}

#[tokio::test]
async fn a_waiter_goes_on_when_the_lock_is_free() {
    needs_many_connections!();
    let (database, revisions) = (Database::new().await, three());
    let holder = database.connect("holder").await;
    column(&holder, &format!("select pg_advisory_lock({LOCK_KEY})")).await;
    let mut client = database.connect("waiter").await;
    let (waiting, mut waits) = tokio::sync::mpsc::unbounded_channel();
    let mut listener = move |event: Event<'_>| {
        if matches!(event, Event::Waiting(_)) {
            waiting.send(()).unwrap();
        }
    };
    let mut migrator = Migrator::new(&mut client, &revisions).on_event(&mut listener);
    let free = async {
        waits.recv().await.unwrap();
        column(&holder, &format!("select pg_advisory_unlock({LOCK_KEY})")).await
    };
    let (upgraded, _) = tokio::join!(migrator.upgrade("head"), free);
    assert_eq!(upgraded.unwrap().len(), 3);
}

#[tokio::test]
async fn a_migration_that_does_not_get_its_lock_is_tried_again() {
    needs_many_connections!();
    let script = "create table extra (id int);\nalter table busy add column note text;";
    let revisions = embedded(&[
        ("U1__a.sql", "create table busy (id int);", ""),
        ("U2__b.sql", script, ""),
    ])
    .unwrap();
    for lock in [
        "lock table busy in access share mode",
        "lock table refinery_schema_history in exclusive mode",
    ] {
        let database = Database::new().await;
        let mut client = database.connect("migrator").await;
        let mut migrator = Migrator::new(&mut client, &revisions);
        migrator.upgrade("+1").await.unwrap();
        let holder = database.connect("holder").await;
        let begin = format!("begin; {lock}");
        holder.batch_execute(&begin).await.unwrap();
        let (retrying, mut retries) = tokio::sync::mpsc::unbounded_channel();
        let options = Options {
            lock_attempts: 1_000,
            ..impatient()
        };
        let mut listener = move |event: Event<'_>| {
            if let Event::Retrying { attempt, .. } = event {
                retrying.send(attempt).unwrap();
            }
        };
        let mut migrator = Migrator::new(&mut client, &revisions)
            .options(options)
            .on_event(&mut listener);
        let free = async {
            assert_eq!(retries.recv().await, Some(1), "{lock}");
            assert_eq!(retries.recv().await, Some(2), "{lock}");
            holder.batch_execute("commit").await.unwrap();
        };
        let (upgraded, ()) = tokio::join!(migrator.upgrade("head"), free);
        assert_eq!(upgraded.unwrap().len(), 1, "{lock}");
        assert_eq!(tables(&client).await, ["busy", "extra"], "{lock}");
    }
}

#[tokio::test]
async fn a_migration_that_never_gets_its_lock_is_given_up_wholly() {
    needs_many_connections!();
    let database = Database::new().await;
    let mut client = database.connect("migrator").await;
    client
        .batch_execute("create table busy (id int)")
        .await
        .unwrap();
    let holder = database.connect("reader").await;
    holder
        .batch_execute("begin; lock table busy in access share mode")
        .await
        .unwrap();
    let script = "create table extra (id int);\nalter table busy add column note text;";
    let revisions = embedded(&[("sql/U1__a.sql", script, "")]).unwrap();
    let options = Options {
        lock_attempts: 3,
        ..impatient()
    };
    let error = Migrator::new(&mut client, &revisions)
        .options(options)
        .upgrade("head")
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::LocksNotHad { attempts: 3, .. }),
        "{error:?}"
    );
    insta::assert_snapshot!(error);
    assert_eq!(tables(&client).await, ["busy"]);
}

#[tokio::test]
async fn a_lock_timeout_in_the_header_is_that_of_the_revision() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("migrator").await;
    let note = "create table note as select current_setting('lock_timeout') as lock_timeout;";
    let own = format!("-- lock-timeout: 1234ms\n{note}").leak();
    let none = "-- lock-timeout: 2s\n-- transaction: none\ninsert into note select current_setting('lock_timeout');";
    let plain = "insert into note select current_setting('lock_timeout');";
    let revisions = embedded(&[
        ("U1__own.sql", own, ""),
        ("U2__plain.sql", plain, ""),
        ("U3__none.sql", none, ""),
        ("U4__plain.sql", plain, ""),
    ])
    .unwrap();
    Migrator::new(&mut client, &revisions)
        .upgrade("head")
        .await
        .unwrap();
    let notes = column(&client, "select lock_timeout from note").await;
    assert_eq!(notes, ["1234ms", "5s", "2s", "5s"]);
}

#[tokio::test]
async fn a_concurrent_index_is_built_while_others_wait_for_the_lock() {
    needs_many_connections!();
    let (database, revisions) = (
        Arc::new(Database::new().await),
        Arc::new(
            embedded(&[
                (
                    "U1__a.sql",
                    "create table a as select n as id from generate_series(1, 20000) n;",
                    "",
                ),
                (
                    "U2__b.sql",
                    "-- transaction: none\ncreate index concurrently a_idx on a (id);",
                    "",
                ),
            ])
            .unwrap(),
        ),
    );
    let upgrades = (0..4).map(|number| {
        let (database, revisions) = (Arc::clone(&database), Arc::clone(&revisions));
        tokio::spawn(async move {
            let mut client = database.connect(&format!("replica {number}")).await;
            Migrator::new(&mut client, &revisions)
                .upgrade("head")
                .await
                .map(|applied| applied.len())
        })
    });
    let mut total = 0;
    for upgrade in upgrades.collect::<Vec<_>>() {
        total += upgrade.await.unwrap().unwrap();
    }
    assert_eq!(total, 2);
}
