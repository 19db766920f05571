//! What a migrator leaves behind on its session, and what scripts leave to each other: nothing.

use revisions::{Migrator, Transaction};

use crate::support::{
    Database, advisory_locks, applied, column, embedded, needs_many_connections, tables, three,
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
