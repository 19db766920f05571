//! What a migrator leaves behind on its session, and what scripts leave to each other: nothing.

use revisions::{Migrator, Transaction};

use crate::support::{
    Database, advisory_locks, applied, column, embedded, needs_many_connections, psql, tables,
    three, until,
};

const SETTINGS: &str = "select name || '=' || setting from pg_settings where name in ('search_path', 'role', \
    'lock_timeout', 'client_connection_check_interval', 'tcp_keepalives_idle', 'application_name') order by 1";

#[tokio::test]
async fn all_settings_are_put_back_and_the_lock_is_given_back() {
    needs_many_connections!();
    let (mut client, revisions) = (Database::new().await.connect("test").await, three());
    client
        .batch_execute("set lock_timeout = '7s'; set search_path = public, pg_temp")
        .await
        .unwrap();
    let before = column(&client, SETTINGS).await;
    Migrator::new(&mut client, &revisions)
        .upgrade("head")
        .await
        .unwrap();
    assert_eq!(column(&client, SETTINGS).await, before);
    assert_eq!(advisory_locks(&client).await, "0");
}

#[tokio::test]
async fn a_script_that_changes_the_search_path_does_not_move_the_history() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("test").await;
    let revisions = embedded(&[
        (
            "U1__dump.sql",
            "select pg_catalog.set_config('search_path', '', false);\nset lock_timeout = 0;\n\
             create table public.a (id int);",
            "set search_path = '';\ndrop table public.a;",
        ),
        ("U2__next.sql", "create table b (id int);", "drop table b;"),
    ])
    .unwrap();
    Migrator::new(&mut client, &revisions)
        .upgrade("head")
        .await
        .unwrap();
    assert_eq!(tables(&client).await, ["a", "b"]);
    assert_eq!(applied(&client).await, ["1", "2"]);
    Migrator::new(&mut client, &revisions)
        .downgrade("base")
        .await
        .unwrap();
    assert!(applied(&client).await.is_empty());
}

/// Sets much, in each way that a script can run.
const SETS: [&str; 3] = [
    "set statement_timeout = '1h'; set session_replication_role = replica; set check_function_bodies = off; \
     set client_min_messages = error; set time zone 'Asia/Tokyo'; set my.own = 'x'; \
     select set_config('work_mem', '5MB', false);",
    "-- transaction: none\nset statement_timeout = '2h';\nset session_replication_role = replica;\n\
     do $$ begin perform set_config('work_mem', '6MB', false); end $$;",
    "-- repeat: until-no-rows\ndelete from numbers where n in (select n from numbers where \
     set_config('session_replication_role', 'replica', false) is not null limit 1);",
];

/// What is in force, as a table that the next revision makes.
const IN_FORCE: &str = "(select string_agg(name || '=' || setting, ' ' order by name) from pg_settings \
    where name in ('statement_timeout', 'session_replication_role', 'check_function_bodies', 'client_min_messages', \
    'TimeZone', 'work_mem', 'lock_timeout', 'client_connection_check_interval', 'extra_float_digits', \
    'client_encoding')) || coalesce(current_setting('my.own', true), '')";

/// A script that sets, and one that writes down what it finds, three times.
fn setting_and_noting() -> revisions::Revisions {
    let note = |table: &str| -> &'static str {
        format!("create table {table} as select {IN_FORCE} as found;").leak()
    };
    let numbers = "create table numbers as select generate_series(1, 3) as n;";
    let files = [
        ("U1__note.sql", note("noted_0"), ""),
        ("U2__numbers.sql", numbers, ""),
        ("U3__set.sql", SETS[0], SETS[0]),
        ("U4__note.sql", note("noted_1"), "drop table noted_1;"),
        ("U5__set.sql", SETS[1], ""),
        ("U6__note.sql", note("noted_2"), ""),
        ("U7__set.sql", SETS[2], ""),
        ("U8__note.sql", note("noted_3"), ""),
    ];
    embedded(&files).unwrap()
}

const NOTED: &str = "select found from noted_0 union select found from noted_1 \
    union select found from noted_2 union select found from noted_3";

#[tokio::test]
async fn no_setting_of_a_script_is_in_force_in_the_next_and_those_of_the_caller_stay() {
    needs_many_connections!();
    let (mut client, revisions) = (
        Database::new().await.connect("test").await,
        setting_and_noting(),
    );
    let own =
        "set work_mem = '9MB'; set extra_float_digits = 0; set session_replication_role = local";
    client.batch_execute(own).await.unwrap();
    let now = format!("select {IN_FORCE}");
    let before = column(&client, &now).await;
    Migrator::new(&mut client, &revisions)
        .upgrade("head")
        .await
        .unwrap();
    let noted = column(&client, NOTED).await;
    let [all_the_same] = &noted[..] else {
        panic!("{noted:#?}")
    };
    for part in [
        "work_mem=9216",
        "session_replication_role=local",
        "extra_float_digits=0",
        "lock_timeout=5000",
        "client_connection_check_interval=2000",
        "statement_timeout=0",
    ] {
        assert!(all_the_same.contains(part), "{all_the_same}");
    }
    assert_eq!(column(&client, &now).await, before);
}

#[tokio::test]
async fn no_setting_of_a_script_is_in_force_in_the_next_when_psql_runs_them() {
    needs_many_connections!();
    let (database, revisions) = (Database::new().await, setting_and_noting());
    let options = revisions::Options::default();
    let script = revisions::Offline::new(&revisions, &options).upgrade(None, "head");
    let output = psql(&database, &script.unwrap());
    assert!(output.status.success(), "{output:?}");
    let noted = column(&database.connect("test").await, NOTED).await;
    assert_eq!(noted.len(), 1, "{noted:#?}");
    assert!(noted[0].contains("client_encoding=UTF8"), "{noted:?}");
}

#[tokio::test]
async fn what_a_script_that_is_dropped_in_the_middle_has_set_is_put_back() {
    needs_many_connections!();
    let database = Database::new().await;
    let mut client = database.connect("dropped").await;
    let watcher = database.connect("watcher").await;
    let script = "-- transaction: none\nset statement_timeout = '1h';\nselect pg_sleep(60);";
    let revisions = embedded(&[("U1__a.sql", script, "")]).unwrap();
    client.batch_execute("set work_mem = '9MB'").await.unwrap();
    let pid = column(&client, "select pg_backend_pid()").await.remove(0);
    let sleeps = format!("select wait_event from pg_stat_activity where pid = {pid}");
    {
        let mut migrator = Migrator::new(&mut client, &revisions);
        tokio::select! {
            outcome = migrator.upgrade("head") => panic!("{outcome:?}"),
            () = until(&watcher, &sleeps, "PgSleep") => {}
        }
    }
    column(&watcher, &format!("select pg_cancel_backend({pid})")).await;
    until(&client, "show statement_timeout", "0").await;
    assert_eq!(column(&client, "show work_mem").await, ["9MB"]);
}

#[tokio::test]
async fn statements_that_refuse_a_transaction_run_without_one() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("test").await;
    let revisions = embedded(&[
        ("U1__a.sql", "create table a (id int);", "drop table a;"),
        (
            "U2__index.sql",
            "-- Index.\n-- transaction: none\ncreate index concurrently a_id_idx on a (id);\nvacuum a;\n\
             do $$ begin perform 1; end $$;",
            "-- transaction: none\ndrop index concurrently a_id_idx;",
        ),
    ])
    .unwrap();
    assert_eq!(
        revisions.get(2).map(|revision| revision.transaction()),
        Some(Transaction::None)
    );
    Migrator::new(&mut client, &revisions)
        .upgrade("head")
        .await
        .unwrap();
    let index = "select count(*) from pg_class where relname = 'a_id_idx'";
    assert_eq!(column(&client, index).await, ["1"]);
    assert_eq!(applied(&client).await, ["1", "2"]);
    Migrator::new(&mut client, &revisions)
        .downgrade("1")
        .await
        .unwrap();
    assert_eq!(column(&client, index).await, ["0"]);
    assert_eq!(applied(&client).await, ["1"]);
}

#[tokio::test]
async fn functions_of_every_kind_are_created_whole() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("test").await;
    let script = "-- transaction: none\n\
        create or replace function one() returns int begin atomic select case when true then 1 else 2 end; end;\n\
        create function two() returns int language sql as 'select 1; select 2;';\n\
        create procedure three() language plpgsql as $_$ begin perform ';'; end; $_$;\n\
        select E'it\\'s; ', U&'d\\0061t;a', '''; ', $a$ ; $b$ ; $a$, \"a;b\" from (select 1 as \"a;b\") as t;\n";
    let revisions = embedded(&[("U1__functions.sql", script, "")]).unwrap();
    Migrator::new(&mut client, &revisions)
        .upgrade("head")
        .await
        .unwrap();
    let functions = "select count(*) from pg_proc where proname in ('one', 'two', 'three')";
    assert_eq!(column(&client, functions).await, ["3"]);
}

#[tokio::test]
async fn a_script_outside_a_transaction_may_take_a_role_that_may_not_write_the_history() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("test").await;
    let role = format!("humble_{}", std::process::id());
    let make = format!("create role {role}; create schema own authorization {role}");
    client.batch_execute(&make).await.unwrap();
    let script = format!(
        "-- transaction: none\nset role {role};\ncreate table own.a (id int);\n\
         set session authorization {role};\ncreate index concurrently a_idx on own.a (id);\nvacuum own.a;"
    );
    let after = "create table after as select current_user;";
    let files = [("U1__a.sql", &*script.leak(), ""), ("U2__b.sql", after, "")];
    let revisions = embedded(&files).unwrap();
    let mut migrator = Migrator::new(&mut client, &revisions);
    migrator.upgrade("head").await.unwrap();
    let owners =
        "select tableowner from pg_tables where tablename in ('a', 'after') order by tablename";
    let user = column(&client, "select current_user").await.remove(0);
    assert_eq!(column(&client, owners).await, [role.clone(), user]);
    let end = format!("drop schema own cascade; drop role {role}");
    client.batch_execute(&end).await.unwrap();
}
