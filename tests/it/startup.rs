//! Starting: many servers on one empty database, one killed while it migrates, a newer database.

use divine_whispers::migrations::REVISIONS;
use futures_util::future::join_all;

use crate::needs_many_connections;
use crate::support::program::Program;
use crate::support::{TestDatabase, eventually};

async fn is_ready(url: &str) -> bool {
    reqwest::get(format!("{url}/ready"))
        .await
        .is_ok_and(|reply| reply.status().is_success())
}

async fn history(database: &TestDatabase) -> i64 {
    database
        .number("select count(*) from refinery_schema_history")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_servers_on_one_empty_database_all_become_ready_and_migrate_once() {
    let database = TestDatabase::empty().await;
    needs_many_connections!(database);
    let program = Program::new().set("DATABASE_URL", &database.connection_url());
    let servers = join_all((0..8).map(|_| program.serve())).await;
    for server in &servers {
        assert!(is_ready(&server.url).await);
    }
    assert_eq!(
        history(&database).await,
        i64::try_from(REVISIONS.len()).unwrap()
    );
    let logs = join_all(servers.into_iter().map(|server| server.stop())).await;
    assert_eq!(
        logs.iter().filter(|log| log.contains("migrated: ")).count(),
        1,
        "one of them did the work"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn when_one_is_killed_while_it_migrates_the_others_finish() {
    let database = TestDatabase::empty().await;
    needs_many_connections!(database);
    let program = Program::new().set("DATABASE_URL", &database.connection_url());
    // A lock that the migration runs into half-way: it cannot make a table of this name meanwhile.
    let blocker = database.connect().await;
    blocker
        .batch_execute("begin; create table jobs ()")
        .await
        .unwrap();
    let mut killed = program.command(&["serve"]).spawn().unwrap();
    let waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%create table%'";
    eventually(
        "the first server is in the middle of the migration",
        async || database.number(waiting).await == 1,
    )
    .await;
    // The others come before it dies, and wait for the lock that it holds.
    let others = join_all((0..3).map(|_| program.serve()));
    let connected =
        "select count(*) from pg_stat_activity where application_name = 'divine-whispers migrate'
                     and datname = current_database()";
    let (servers, ()) = tokio::join!(others, async {
        eventually("the others are there", async || {
            database.number(connected).await == 4
        })
        .await;
        killed.kill().await.unwrap();
        blocker.batch_execute("rollback").await.unwrap();
    });
    assert_eq!(
        history(&database).await,
        i64::try_from(REVISIONS.len()).unwrap()
    );
    for server in servers {
        assert!(is_ready(&server.url).await);
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_release_is_served_with_a_warning_and_left_alone() {
    let database = TestDatabase::migrated().await;
    needs_many_connections!(database);
    database
        .execute("insert into refinery_schema_history values (99990101000000, 'future', '2099-01-01T00:00:00Z', '1')")
        .await;
    let program = Program::new().set("DATABASE_URL", &database.connection_url());
    let server = program.serve().await;
    assert!(is_ready(&server.url).await);
    let log = server.stop().await;
    assert!(
        log.contains("the database is ahead of this program"),
        "{log}"
    );
    let refused = program.run(&["db", "downgrade", "base"]).await;
    assert!(!refused.status.success());
    assert_eq!(database.number("select count(*) from users").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_migrating_at_the_start_a_server_is_alive_and_not_ready() {
    let database = TestDatabase::empty().await;
    needs_many_connections!(database);
    let program = Program::new()
        .set("DATABASE_URL", &database.connection_url())
        .set("MIGRATE_ON_STARTUP", "false");
    let server = program.serve().await;
    assert!(!is_ready(&server.url).await);
    assert_eq!(
        database
            .number("select count(*) from pg_tables where schemaname = 'public'")
            .await,
        0
    );
    assert!(
        program
            .run(&["db", "upgrade", "head"])
            .await
            .status
            .success()
    );
    assert!(is_ready(&server.url).await);
    server.stop().await;
}
