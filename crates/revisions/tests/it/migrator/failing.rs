//! Migrations that fail: what is left, and what is said.

use revisions::{Error, Migrator};

use crate::support::{Database, advisory_locks, applied, embedded, needs_many_connections, tables};

/// What an upgrade with this script says. Nothing of it may be left.
async fn failure(script: &'static str) -> String {
    let mut client = Database::new().await.connect("test").await;
    let revisions = embedded(&[
        ("sql/U1__good.sql", "create table good (id int);", ""),
        ("sql/U2__bad.sql", script, ""),
        ("sql/U3__after.sql", "create table after (id int);", ""),
    ])
    .unwrap();
    let error = Migrator::new(&mut client, &revisions)
        .upgrade("head")
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Failed(_)), "{error:?}");
    assert_eq!(tables(&client).await, ["good"]);
    assert_eq!(applied(&client).await, ["1"]);
    assert_eq!(
        advisory_locks(&client).await,
        "0",
        "the lock has to be given back"
    );
    error.to_string()
}

#[tokio::test]
async fn an_error_with_a_position_shows_the_word() {
    needs_many_connections!();
    insta::assert_snapshot!(
        failure("-- 增加。\ncreate table a (id int);\ninsert into   walets values ('é', 1);\n")
            .await
    );
}

#[tokio::test]
async fn an_error_without_a_position_shows_the_statement() {
    needs_many_connections!();
    insta::assert_snapshot!(
        failure(
            "create table a (id int constraint a_key unique);\n;;\n/* ; */ insert into a values (1), (2);\n\
             insert into a\n    values (1);\nselect 1;"
        )
        .await
    );
}

#[tokio::test]
async fn a_syntax_error_shows_the_word() {
    needs_many_connections!();
    insta::assert_snapshot!(failure("create table a (id int);\n\tcreate tabel b (id int);").await);
}

#[tokio::test]
async fn an_error_in_a_do_block_shows_the_line_of_the_block() {
    needs_many_connections!();
    insta::assert_snapshot!(
        failure(
            "create table a (id int);\ndo $body$\nbegin\n    perform 1;\n    raise exception 'no; not so' \
             using detail = 'a detail', hint = 'a hint';\nend\n$body$;"
        )
        .await
    );
}

#[tokio::test]
async fn an_error_in_a_function_shows_the_call_and_where_it_was() {
    needs_many_connections!();
    insta::assert_snapshot!(
        failure(
            "create function f() returns int language plpgsql as $$\nbegin\n    return (select x from \
             nowhere);\nend $$;\nselect 1; select f();"
        )
        .await
    );
}

#[tokio::test]
async fn a_constraint_that_fails_at_the_commit_is_reported() {
    needs_many_connections!();
    insta::assert_snapshot!(
        failure(
            "create table a (id int primary key, b int constraint a_b_fkey references a deferrable \
             initially deferred);\ninsert into a values (1, 2);"
        )
        .await
    );
}

#[tokio::test]
async fn a_script_that_would_end_the_transaction_is_refused_before_it_is_sent() {
    needs_many_connections!();
    insta::assert_snapshot!(failure("create table a (id int);\n  commit;\nselect 1;").await);
}

#[tokio::test]
async fn a_script_that_waits_for_data_is_refused_before_it_is_sent() {
    needs_many_connections!();
    insta::assert_snapshot!(failure("create table a (id int);\ncopy a from stdin;").await);
}

#[tokio::test]
async fn a_script_that_prints_data_is_refused_before_it_is_sent() {
    needs_many_connections!();
    let script = "create table a (id int);\ncopy (select 1 as stdout) to /* here */ STDOUT;";
    insta::assert_snapshot!(failure(script).await);
}

#[tokio::test]
async fn a_script_may_copy_to_the_server() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("test").await;
    let script = "create table stdout (\"to\" int);\ncopy (select 1 as \"to\", 2 as stdout) to '/dev/null';\n\
         copy stdout to '/dev/null';";
    let revisions = embedded(&[("U1__a.sql", script, "")]).unwrap();
    let mut migrator = Migrator::new(&mut client, &revisions);
    migrator.upgrade("head").await.unwrap();
}

#[tokio::test]
async fn of_a_very_long_line_the_piece_around_the_place_is_shown() {
    needs_many_connections!();
    let script = format!("select {}nope{};", "1, ".repeat(300), ", 1".repeat(300));
    insta::assert_snapshot!(failure(script.leak()).await);
}

#[tokio::test]
async fn a_down_script_that_fails_leaves_the_revision_applied() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("test").await;
    let revisions = embedded(&[(
        "sql/U1__a.sql",
        "create table a (id int);",
        "drop table a;\ndrop table b;",
    )])
    .unwrap();
    let mut migrator = Migrator::new(&mut client, &revisions);
    migrator.upgrade("head").await.unwrap();
    insta::assert_snapshot!(migrator.downgrade("base").await.unwrap_err());
    assert_eq!(tables(&client).await, ["a"]);
    assert_eq!(applied(&client).await, ["1"]);
}

#[tokio::test]
async fn a_script_outside_a_transaction_says_what_stands() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("test").await;
    let revisions = embedded(&[(
        "sql/U1__a.sql",
        "-- Builds an index.\n-- transaction: none\ncreate table a (id int);\n\
         insert into a values (1), (1);\ncreate unique index concurrently a_key on a (id);\n",
        "",
    )])
    .unwrap();
    let error = Migrator::new(&mut client, &revisions)
        .upgrade("head")
        .await
        .unwrap_err();
    insta::assert_snapshot!(error);
    assert_eq!(tables(&client).await, ["a"]);
    assert!(applied(&client).await.is_empty());
}

#[tokio::test]
async fn a_script_that_is_repeated_has_one_statement() {
    needs_many_connections!();
    let mut refusals = Vec::new();
    for statements in ["select 1;\nselect 2;", "-- Nothing.\n"] {
        let mut client = Database::new().await.connect("test").await;
        let script = format!("-- repeat: until-no-rows\n\n{statements}");
        let revisions = embedded(&[("sql/U1__a.sql", script.leak(), "")]).unwrap();
        let error = Migrator::new(&mut client, &revisions)
            .upgrade("head")
            .await
            .unwrap_err();
        refusals.push(error.to_string());
        assert!(tables(&client).await.is_empty());
    }
    insta::assert_snapshot!(refusals.join("\n\n"));
}

#[tokio::test]
async fn a_role_that_may_not_enter_the_schema_of_the_history_is_not_told_that_nothing_is_applied() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("test").await;
    let revisions = embedded(&[("U1__a.sql", "select 1;", "")]).unwrap();
    Migrator::new(&mut client, &revisions)
        .upgrade("head")
        .await
        .unwrap();
    let role = format!("shut_out_{}", std::process::id());
    client
        .batch_execute(&format!(
            "create role {role}; revoke usage on schema public from public; set role {role}"
        ))
        .await
        .unwrap();
    let error = Migrator::new(&mut client, &revisions)
        .state()
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::History { .. }) && error.to_string().contains("permission denied"),
        "{error}"
    );
    client
        .batch_execute(&format!("reset role; drop role {role}"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_statement_that_cannot_run_in_a_transaction_says_how_to_leave_it() {
    needs_many_connections!();
    insta::assert_snapshot!(
        failure("create table a (id int);\ncreate index concurrently a_id on a (id);").await
    );
}

#[tokio::test]
async fn a_role_that_may_not_create_tables_is_told_so() {
    needs_many_connections!();
    let mut client = Database::new().await.connect("test").await;
    client
        .batch_execute("create schema closed; set search_path = closed")
        .await
        .unwrap();
    let role = format!("role_{}", std::process::id());
    client
        .batch_execute(&format!("create role {role}; set role {role}"))
        .await
        .unwrap();
    let revisions = embedded(&[("U1__a.sql", "select 1;", "")]).unwrap();
    let error = Migrator::new(&mut client, &revisions)
        .upgrade("head")
        .await
        .unwrap_err();
    assert!(matches!(error, Error::History { .. }), "{error}");
    client
        .batch_execute(&format!("reset role; drop role {role}"))
        .await
        .unwrap();
}
