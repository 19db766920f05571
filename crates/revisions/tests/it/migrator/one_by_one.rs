//! Scripts outside of a transaction: what is refused, what stands, and that the lock is held until the history is written.

use revisions::{Error, Migrator, Revisions};
use tokio_postgres::Client;

use crate::support::{
    Database, advisory_locks, applied, column, embedded, impatient, needs_many_connections, tables,
    until,
};

/// The revision 1, with this script.
fn one(script: &str) -> Revisions {
    embedded(&[("sql/U1__a.sql", script.to_owned().leak(), "")]).unwrap()
}

async fn refused(client: &mut Client, revisions: &Revisions) -> Error {
    let mut migrator = Migrator::new(client, revisions).options(impatient());
    let refused = migrator.upgrade("head").await.unwrap_err();
    assert_eq!(advisory_locks(client).await, "0");
    refused
}

#[tokio::test]
async fn what_tells_no_rows_is_not_repeated() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("test").await;
    client.batch_execute("create table a ()").await.unwrap();
    for statement in [
        "do $$ begin insert into a default values; end $$",
        "call p()",
        "select 1",
        "create table b ()",
        "copy a to stdout",
    ] {
        let revisions = one(&format!("-- repeat: until-no-rows\n{statement};"));
        let told = refused(&mut client, &revisions).await.to_string();
        assert!(
            told.contains("no rows left") && told.contains("sql/U1__a.sql:2:1"),
            "{told}"
        );
        assert_eq!(column(&client, "select count(*) from a").await, ["0"]);
        let history = "select to_regclass('refinery_schema_history') is null";
        assert_eq!(column(&client, history).await, ["t"], "{statement}");
    }
    let counted = one("-- repeat: until-no-rows\nWITH x as (select 1) delete from a;");
    let mut migrator = Migrator::new(&mut client, &counted);
    migrator.upgrade("head").await.unwrap();
}

#[tokio::test]
async fn a_block_that_committed_a_part_is_not_done_again_and_is_not_called_rolled_back() {
    needs_many_connections!();
    let database = Database::new().await;
    let mut client = database.connect("test").await;
    let make = "create table n as select 0 as n; create table busy ();
        create procedure work() language plpgsql as $$
        begin update n set n = n + 1; commit; lock table busy; end $$";
    client.batch_execute(make).await.unwrap();
    let holder = database.connect("holder").await;
    let hold = "begin; lock table busy";
    holder.batch_execute(hold).await.unwrap();
    for (statement, n) in [
        (
            "do $$ begin update n set n = n + 1; commit; lock table busy; end $$",
            "1",
        ),
        ("call work()", "2"),
    ] {
        client
            .batch_execute("drop table if exists refinery_schema_progress")
            .await
            .unwrap();
        let revisions = one(&format!("-- transaction: none\n{statement};"));
        let told = refused(&mut client, &revisions).await.to_string();
        assert!(told.contains("may have done a part"), "{told}");
        assert!(!told.contains("rolled back"), "{told}");
        assert_eq!(column(&client, "select n from n").await, [n]);
    }
    // What cannot commit is tried again, as ever.
    client
        .batch_execute("drop table refinery_schema_progress")
        .await
        .unwrap();
    let error = refused(&mut client, &one("-- transaction: none\nlock table busy;")).await;
    assert!(
        matches!(error, Error::LocksNotHad { attempts: 10, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn what_gives_back_all_locks_is_refused_before_anything_is_sent() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("test").await;
    for statement in [
        "Discard All",
        "select pg_catalog.PG_ADVISORY_UNLOCK_ALL()",
        "select \"pg_advisory_unlock_all\"()",
        "do $do$ begin perform pg_advisory_unlock_all(); end $do$",
        "do $$begin perform pg_advisory_unlock_all();end$$",
        "do 'begin perform pg_advisory_unlock_all(); end'",
        "do $$ begin execute 'select pg_advisory_unlock_all()'; end $$",
    ] {
        for head in ["", "-- transaction: none\n"] {
            let revisions = one(&format!("{head}create table a ();\n{statement};"));
            let told = refused(&mut client, &revisions).await.to_string();
            assert!(told.contains("must not give back all locks"), "{told}");
            assert!(tables(&client).await.is_empty());
        }
    }
    let harmless = one(
        "-- transaction: none\ndiscard temp; -- pg_advisory_unlock_all()\nselect 'pg_advisory_unlock_all';\n\
         do $$ begin /* pg_advisory_unlock_all */ perform pg_advisory_unlock(7); end $$;",
    );
    let mut migrator = Migrator::new(&mut client, &harmless);
    migrator.upgrade("head").await.unwrap();
}

/// A function that gives back all locks of the session, so that it cannot be seen in the script.
const HIDDEN: &str = "create function hidden() returns void language plpgsql as
    $$ begin perform pg_advisory_unlock_all(); end $$";

#[tokio::test]
async fn whoever_lost_the_lock_does_not_write_the_history_and_the_next_run_does() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("test").await;
    client.batch_execute(HIDDEN).await.unwrap();
    let revisions = one("-- transaction: none\ncreate table a ();\nselect hidden();");
    let error = refused(&mut client, &revisions).await;
    assert!(matches!(error, Error::LockLost { .. }), "{error}");
    assert_eq!(tables(&client).await, ["a"]);
    assert!(applied(&client).await.is_empty());
    let mut migrator = Migrator::new(&mut client, &revisions);
    migrator.upgrade("head").await.unwrap();
    assert_eq!(applied(&client).await, ["1"]);
}

#[tokio::test]
async fn whoever_lost_the_lock_does_not_begin_the_next_revision() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("test").await;
    client.batch_execute(HIDDEN).await.unwrap();
    let revisions = embedded(&[
        ("sql/U1__a.sql", "select hidden();", "select hidden();"),
        ("sql/U2__b.sql", "create table b ();", "select hidden();"),
    ])
    .unwrap();
    let error = refused(&mut client, &revisions).await;
    assert!(matches!(error, Error::LockLost { .. }), "{error}");
    assert!(tables(&client).await.is_empty());
    assert_eq!(applied(&client).await, ["1"]);
    let mut migrator = Migrator::new(&mut client, &revisions);
    migrator.upgrade("head").await.unwrap();
    let error = migrator.downgrade("base").await.unwrap_err();
    assert!(matches!(error, Error::LockLost { .. }), "{error}");
    assert_eq!(applied(&client).await, ["1"]);
}

#[tokio::test]
async fn whoever_goes_on_has_the_settings_that_were_made_before() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("test").await;
    let role = format!("owner_{}", std::process::id());
    let make = format!("create schema s; create role {role}; grant all on schema s to {role}");
    client.batch_execute(&make).await.unwrap();
    let script = |middle: &str| {
        one(&format!(
            "-- transaction: none\nset search_path = s;\nset role {role};\nset local work_mem = '1MB';\n\
             create table first ();\n{middle};\ncreate table second ();"
        ))
    };
    refused(&mut client, &script("select 1 / 0")).await;
    // A setting that cannot be made is no reason to forget what was done.
    let hidden = format!("alter role {role} rename to {role}_x");
    client.batch_execute(&hidden).await.unwrap();
    let told = refused(&mut client, &script("select 1")).await.to_string();
    assert!(
        told.contains("now it cannot be made") && told.contains("sql/U1__a.sql:3:1"),
        "{told}"
    );
    let back = format!("alter role {role}_x rename to {role}");
    client.batch_execute(&back).await.unwrap();
    let revisions = script("select 1");
    let mut migrator = Migrator::new(&mut client, &revisions);
    migrator.upgrade("head").await.unwrap();
    let made = "select schemaname || '.' || tablename || ' ' || (tableowner like 'owner_%') \
        from pg_tables where tablename in ('first', 'second') order by 1";
    assert_eq!(
        column(&client, made).await,
        ["s.first true", "s.second true"]
    );
    assert_eq!(
        column(&client, "show search_path").await,
        ["\"$user\", public"]
    );
    let drop = format!("drop owned by {role}; drop role {role}");
    client.batch_execute(&drop).await.unwrap();
}

#[tokio::test]
async fn nobody_goes_on_after_a_setting_that_cannot_be_told() {
    needs_many_connections!();
    for setting in [
        "select pg_catalog.set_config('search_path', 's', false)",
        "do $$ begin perform set_config('search_path', 's', false); end $$",
    ] {
        let mut client = Database::new().await.connect("test").await;
        client.batch_execute("create schema s").await.unwrap();
        let script = |last| one(&format!("-- transaction: none\n{setting};\n{last};"));
        refused(&mut client, &script("select 1 / 0")).await;
        let told = refused(&mut client, &script("create table a ()")).await;
        let told = told.to_string();
        assert!(
            told.contains("calls `set_config`") && told.contains("where version = 1"),
            "{told}"
        );
        let made = "select count(*) from pg_tables where tablename = 'a'";
        assert_eq!(column(&client, made).await, ["0"]);
    }
}

#[tokio::test]
async fn an_invalid_index_of_the_same_name_elsewhere_is_not_taken_for_the_ruin() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("test").await;
    let make = "create schema other; create table other.a (id int); create table a (id int);
        insert into other.a values (1), (1)";
    client.batch_execute(make).await.unwrap();
    let ruin = "create unique index concurrently a_i on other.a (id)";
    client.batch_execute(ruin).await.unwrap_err();
    let good =
        "-- transaction: none\nselect 1;\ncreate index concurrently if not exists A_i on a (id);";
    let revisions = one(&good.replace("select 1", "create table t ()"));
    let mut migrator = Migrator::new(&mut client, &revisions);
    migrator.upgrade("head").await.unwrap();
    // The same, where it is the ruin.
    let bad = good.replace("on a", "on \"other\" . A");
    let again = "drop table refinery_schema_history";
    client.batch_execute(again).await.unwrap();
    let told = refused(&mut client, &one(&bad)).await.to_string();
    assert!(told.contains("drop index concurrently other.a_i"), "{told}");
}

#[tokio::test]
async fn an_index_that_another_session_is_building_is_not_taken_for_a_ruin() {
    needs_many_connections!();
    let database = Database::new().await;
    let mut client = database.connect("test").await;
    let make = "create table a (id int); create table b (id int)";
    client.batch_execute(make).await.unwrap();
    let (old, builder) = (
        database.connect("old").await,
        database.connect("builder").await,
    );
    let hold = "begin; lock table b in row exclusive mode";
    old.batch_execute(hold).await.unwrap();
    let build = "create index concurrently b_i on b (id)";
    let building = tokio::spawn(async move { builder.batch_execute(build).await });
    let is_building = "select count(*) from pg_stat_progress_create_index \
        where index_relid = to_regclass('b_i') and phase like 'waiting%'";
    until(&client, is_building, "1").await;
    // It goes on with the statement that the other session is at, and is told of the lock, not of a ruin.
    let script = |last: &str| {
        one(&format!(
            "-- transaction: none\n-- lock-timeout: 50ms\ncreate table t ();\n{last};"
        ))
    };
    refused(&mut client, &script("select 1 / 0")).await;
    let revisions = script(&build.replace("b_i", "if not exists b_i"));
    let told = refused(&mut client, &revisions).await.to_string();
    assert!(told.contains("lock timeout"), "{told}");
    assert!(!told.contains("not valid"), "{told}");
    old.batch_execute("rollback").await.unwrap();
    building.await.unwrap().unwrap();
    Migrator::new(&mut client, &revisions)
        .upgrade("head")
        .await
        .unwrap();
}
