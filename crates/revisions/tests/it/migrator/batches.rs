//! Changes of many rows, in batches.

use revisions::{Batch, Event, Migrator, Options, Revisions};
use tokio_postgres::Client;

use crate::support::{Database, applied, column, embedded, impatient, needs_many_connections};

const ROWS: u64 = 20_000;

const BATCH: &str = "-- Counts.\n-- repeat: until-no-rows\n\n\
    update big set times = times + 1 where id in (\n    \
        select id from big where times = 0 order by id limit 1000)";

fn revisions() -> Revisions {
    embedded(&[
        ("U1__big.sql", "select 1;", "select 1;"),
        ("U2__count.sql", BATCH, "update big set times = 0;"),
        (
            "U3__after.sql",
            "create table after as select count(*) from big where times = 1;",
            "drop table after;",
        ),
    ])
    .unwrap()
}

/// A table of so many rows, of which the planner knows.
async fn big(database: &Database) -> Client {
    let client = database.connect("migrator").await;
    let make = format!(
        "create table big (id int primary key, times int not null);
         insert into big select n, 0 from generate_series(1, {ROWS}) n;
         analyze big"
    );
    client.batch_execute(&make).await.unwrap();
    client
}

/// How many rows were changed so often, as `0: 7, 1: 3`.
async fn counts(client: &Client) -> String {
    let query = "select string_agg(times || ': ' || count, ', ' order by times) \
        from (select times, count(*) from big group by times) it";
    column(client, query).await.remove(0)
}

#[tokio::test]
async fn each_batch_is_committed_and_reported_and_each_row_changed_once() {
    needs_many_connections!();
    let database = Database::new().await;
    let mut client = big(&database).await;
    let watcher = database.connect("watcher").await;
    let revisions = revisions();
    let (batches, mut told) = tokio::sync::mpsc::unbounded_channel::<Batch>();
    let mut listener = |event: Event<'_>| {
        if let Event::Batch(revision, batch) = event {
            assert_eq!(revision.id(), 2);
            batches.send(*batch).unwrap();
        }
    };
    let mut migrator = Migrator::new(&mut client, &revisions).on_event(&mut listener);
    let done = migrator.upgrade("head").await.unwrap();
    assert_eq!(done.len(), 3);
    drop(batches);
    let mut all = Vec::new();
    while let Some(batch) = told.recv().await {
        all.push(batch);
    }
    let numbers: Vec<(u64, u64)> = all.iter().map(|batch| (batch.number, batch.rows)).collect();
    let wanted: Vec<(u64, u64)> = (1..=20).map(|number| (number, number * 1_000)).collect();
    assert_eq!(numbers, wanted);
    assert!(
        all.iter().all(|batch| batch.estimated_rows == Some(ROWS)),
        "{all:?}"
    );
    assert!(all.is_sorted_by_key(|batch| batch.elapsed));
    assert_eq!(counts(&watcher).await, "1: 20000");
    assert_eq!(applied(&watcher).await, ["1", "2", "3"]);
    assert_eq!(column(&watcher, "show lock_timeout").await, ["0"]);
}

#[tokio::test]
async fn a_batch_that_does_not_get_its_lock_is_tried_again_and_those_before_it_stand() {
    needs_many_connections!();
    let database = Database::new().await;
    let mut client = big(&database).await;
    let holder = database.connect("holder").await;
    let hold = "begin; select 1 from big where id = 4500 for update";
    holder.batch_execute(hold).await.unwrap();
    let revisions = revisions();
    let (retrying, mut retries) = tokio::sync::mpsc::unbounded_channel();
    let mut listener = move |event: Event<'_>| {
        if let Event::Retrying {
            revision, attempt, ..
        } = event
        {
            retrying.send((revision.id(), attempt)).unwrap();
        }
    };
    let options = Options {
        lock_attempts: 1_000,
        ..impatient()
    };
    let mut migrator = Migrator::new(&mut client, &revisions)
        .options(options)
        .on_event(&mut listener);
    let free = async {
        assert_eq!(retries.recv().await, Some((2, 1)));
        assert_eq!(retries.recv().await, Some((2, 2)));
        assert_eq!(counts(&holder).await, "0: 16000, 1: 4000");
        holder.batch_execute("commit").await.unwrap();
    };
    let (done, ()) = tokio::join!(migrator.upgrade("head"), free);
    assert_eq!(done.unwrap().len(), 3);
    assert_eq!(counts(&client).await, "1: 20000");
}

#[tokio::test]
async fn a_batch_that_never_gets_its_lock_is_given_up_and_the_next_run_goes_on() {
    needs_many_connections!();
    let database = Database::new().await;
    let mut client = big(&database).await;
    let holder = database.connect("holder").await;
    let hold = "begin; select 1 from big where id = 4500 for update";
    holder.batch_execute(hold).await.unwrap();
    let revisions = revisions();
    let options = Options {
        lock_attempts: 2,
        ..impatient()
    };
    let mut migrator = Migrator::new(&mut client, &revisions).options(options);
    insta::assert_snapshot!(migrator.upgrade("head").await.unwrap_err());
    assert_eq!(counts(&holder).await, "0: 16000, 1: 4000");
    assert_eq!(applied(&holder).await, ["1"]);
    holder.batch_execute("commit").await.unwrap();
    migrator.upgrade("head").await.unwrap();
    assert_eq!(counts(&client).await, "1: 20000");
}

#[tokio::test]
async fn a_batch_that_fails_says_that_those_before_it_stand() {
    needs_many_connections!();
    let database = Database::new().await;
    let mut client = big(&database).await;
    let check = "alter table big add constraint big_check check (id <> 2500 or times = 0)";
    client.batch_execute(check).await.unwrap();
    let revisions = revisions();
    let mut migrator = Migrator::new(&mut client, &revisions);
    let told = migrator.upgrade("head").await.unwrap_err().to_string();
    assert!(
        told.contains("stands: the batches that were committed"),
        "{told}"
    );
    assert_eq!(counts(&client).await, "0: 18000, 1: 2000");
    assert_eq!(applied(&client).await, ["1"]);
}

#[tokio::test]
async fn how_many_rows_there_are_is_estimated_however_the_batch_is_written() {
    needs_many_connections!();
    let database = Database::new().await;
    let mut client = big(&database).await;
    for (script, estimate) in [
        (
            "with batch as (select id from big where times = 0 order by id limit 5000 for update skip locked) \
            update big set times = 1 from batch where batch.id = big.id;",
            Some(ROWS),
        ),
        (
            "delete from big where ctid = any (array(select ctid from big where times = 1 limit 5000))",
            Some(ROWS),
        ),
        ("update big set times = 2 where times < 2", None),
    ] {
        client
            .batch_execute("analyze big; drop table if exists refinery_schema_history")
            .await
            .unwrap();
        let script = format!("-- repeat: until-no-rows\n{script}");
        let revisions = embedded(&[("U1__a.sql", script.leak(), "")]).unwrap();
        let mut estimates = Vec::new();
        let mut listener = |event: Event<'_>| {
            if let Event::Batch(_, batch) = event {
                estimates.push(batch.estimated_rows);
            }
        };
        let mut migrator = Migrator::new(&mut client, &revisions).on_event(&mut listener);
        migrator.upgrade("head").await.unwrap();
        assert!(estimates.iter().all(|it| *it == estimate), "{estimates:?}");
    }
}
