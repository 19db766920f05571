//! Scripts for psql that are run where they must not be.

use revisions::{Offline, Options};

use super::{history, migrated, similar, succeeds};
use crate::support::{
    Database, applied, column, dump, embedded, needs_many_connections, psql, tables, three, until,
};

/// Runs a script that is refused, and gives what psql says.
async fn refusal(database: &Database, script: &str) -> String {
    let output = psql(database, script);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    // Its session, which has the migration lock, ends a moment later.
    let client = database.connect("test").await;
    let sessions = "select count(*) from pg_stat_activity where application_name = 'psql' and datname = current_database()";
    until(&client, sessions, "0").await;
    said
}

#[tokio::test]
async fn a_script_for_another_place_does_nothing_and_psql_fails() {
    needs_many_connections!();
    let (revisions, options) = (three(), Options::default());
    let offline = Offline::new(&revisions, &options);
    let (first, second) = ("20250101000000", "20250202000000");
    let [up, down] = [
        offline.upgrade(Some(first), "head").unwrap(),
        offline.downgrade(second, "base").unwrap(),
    ];
    let stamp =
        |start: Option<&str>, target: &str| offline.stamp(start, &[target.to_owned()]).unwrap();
    let mut refusals = Vec::new();
    let empty = Database::new().await;
    for script in [&up, &down, &stamp(Some(second), first)] {
        refusals.push(refusal(&empty, script).await);
        let found = column(
            &empty.connect("test").await,
            "select count(*) from pg_tables where schemaname = 'public'",
        )
        .await;
        assert_eq!(found, ["0"], "not even a history table is made");
    }
    let whole = migrated(&revisions, "head", None).await;
    let before = dump(&whole);
    for script in [
        &up,
        &down,
        &offline.upgrade(None, "+1").unwrap(),
        &stamp(None, "head"),
        &stamp(Some(second), first),
    ] {
        refusals.push(refusal(&whole, script).await);
        similar(&dump(&whole), &before);
        assert_eq!(history(&whole).await.len(), 3);
    }
    insta::assert_snapshot!(refusals.join("\n"));
}

#[tokio::test]
async fn a_script_is_refused_by_a_database_that_is_ahead_or_interrupted_or_being_migrated() {
    needs_many_connections!();
    let (revisions, options) = (three(), Options::default());
    let offline = Offline::new(&revisions, &options);
    let script = offline.upgrade(Some("20250101000000"), "head").unwrap();
    let database = migrated(&revisions, "+1", None).await;
    let client = database.connect("test").await;
    let ahead = "insert into refinery_schema_history values (20990101000000, 'new', '', '')";
    client.batch_execute(ahead).await.unwrap();
    let mut refusals = vec![refusal(&database, &script).await];
    client.batch_execute("delete from refinery_schema_history where version = 20990101000000;
        create table refinery_schema_progress (version int8 primary key, undoing bool not null, done text[] not null);
        insert into refinery_schema_progress values (20250202000000, false, '{}')").await.unwrap();
    refusals.push(refusal(&database, &script).await);
    let key = i64::from_be_bytes(*b"revision");
    // What the history has settled is not interrupted: 20250101000000 is applied, and 20250202000000 is not.
    let settled = "delete from refinery_schema_progress;
        insert into refinery_schema_progress values (20250101000000, false, '{}'), (20250202000000, true, '{}')";
    client.batch_execute(settled).await.unwrap();
    succeeds(
        &database,
        &offline
            .upgrade(Some("20250101000000"), "20250101000000")
            .unwrap(),
    );
    let lock = format!("drop table refinery_schema_progress; select pg_advisory_lock({key})");
    client.batch_execute(&lock).await.unwrap();
    refusals.push(refusal(&database, &script).await);
    assert_eq!(tables(&client).await, ["first"]);
    client
        .batch_execute(&format!("select pg_advisory_unlock({key})"))
        .await
        .unwrap();
    succeeds(&database, &script);
    assert_eq!(applied(&client).await.len(), 3);
    insta::assert_snapshot!(refusals.join("\n"));
}

#[tokio::test]
async fn a_script_stops_at_the_first_error_and_what_was_committed_stands() {
    needs_many_connections!();
    let options = Options::default();
    let revisions = embedded(&[
        ("U1__a.sql", "create table a (id int)", ""),
        ("U2__b.sql", "create table b (id int);\nselect 1 / 0", ""),
        ("U3__c.sql", "create table c (id int)", ""),
    ])
    .unwrap();
    let database = Database::new().await;
    let script = Offline::new(&revisions, &options)
        .upgrade(None, "head")
        .unwrap();
    let said = refusal(&database, &script).await;
    assert!(said.contains("division by zero"), "{said}");
    let client = database.connect("test").await;
    assert_eq!(
        (tables(&client).await, applied(&client).await),
        (vec!["a".to_owned()], vec!["1".to_owned()])
    );
}

#[test]
fn what_a_file_leaves_open_is_refused() {
    let options = Options::default();
    let revisions = embedded(&[("sql/U1__a.sql", "select 1;\nselect 'open;", "")]).unwrap();
    insta::assert_snapshot!(
        Offline::new(&revisions, &options)
            .upgrade(None, "head")
            .unwrap_err()
    );
}

#[test]
fn what_psql_would_take_for_its_own_is_refused() {
    let options = Options::default();
    let mut refusals = Vec::new();
    for sql in [
        "select 1;\nselect v[1:PORT] from t;",
        "-- transaction: none\nselect v[1:port] from t;",
        "select 'é', v[1:'HOST'] from t;",
        "select v[1:\"HOST\"] from t;",
        "select v[1:{?HOST}] from t;",
        "select 1 \\! rm file\n;",
    ] {
        let revisions = embedded(&[("sql/U1__a.sql", sql, "select 1;")]).unwrap();
        let offline = Offline::new(&revisions, &options);
        refusals.push(offline.upgrade(None, "head").unwrap_err().to_string());
        let revisions = embedded(&[("sql/U1__a.sql", "select 1;", sql)]).unwrap();
        let offline = Offline::new(&revisions, &options);
        let down = offline.downgrade("1", "base").unwrap_err().to_string();
        assert!(down.contains("sql/U1__a.down.sql"), "{down}");
    }
    insta::assert_snapshot!(refusals.join("\n\n"));
}

#[tokio::test]
async fn what_psql_leaves_alone_is_not_refused() {
    needs_many_connections!();
    let files = [
        (
            "U1__a.sql",
            "create table t (v int[], \"a:PORT\" text default ':PORT'); -- :PORT \\!\n/* :'PORT' \\q */\n\
             insert into t values ('{1,2,3}');\n\
             create table u as select v[1: 2] as v, v[1:2]::int[] as w, $$:PORT \\q$$ as x, E'\\\\:PORT' as y, \
             '1'::\"int4\" as z, \"a:PORT\" from t;\n\
             do $$ declare n int := 1; begin perform n; end $$;",
            "",
        ),
        (
            "U2__b.sql",
            "-- repeat: until-no-rows\nwith u as (select 1 as \"PORT\") update t set v = (select v[1:\"PORT\"] from u) \
             where cardinality(v) > 1;",
            "",
        ),
    ];
    let (revisions, options) = (embedded(&files).unwrap(), Options::default());
    let by_script = Database::new().await;
    succeeds(
        &by_script,
        &Offline::new(&revisions, &options)
            .upgrade(None, "head")
            .unwrap(),
    );
    let by_migrator = migrated(&revisions, "head", None).await;
    let data = "select u::text || t::text from u, t";
    assert_eq!(
        column(&by_script.connect("test").await, data).await,
        column(&by_migrator.connect("test").await, data).await
    );
}
