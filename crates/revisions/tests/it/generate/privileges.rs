//! Grants, owners and default privileges: written where they are compared, and nowhere else.

use revisions::catalog::{Catalog, Class, Scope};
use revisions::generate::steps;
use tokio_postgres::Client;

use super::shown;
use crate::support::{Database, needs_many_connections};

/// A new database with `sql` in it, and the roles that the tests grant to.
async fn database(sql: &str) -> Client {
    let client = Database::new().await.connect("test").await;
    let roles = ["p_app".to_owned(), "p_other".to_owned()];
    scratch_postgres::make_roles(&client, &roles).await.unwrap();
    client.batch_execute(sql).await.unwrap();
    client
}

async fn read(client: &Client) -> Catalog {
    let scope = Scope {
        privileges: true,
        roles: vec!["p_app".to_owned(), "p_other".to_owned()],
    };
    Catalog::read_with(client, &scope).await.unwrap()
}

/// As the function of this name that compares no privileges.
async fn there_and_back(before: &str, after: &str) -> String {
    let client = database(before).await;
    let (found, wanted) = (read(&client).await, read(&database(after).await).await);
    let (up, told) = leads(&client, &found, &wanted).await;
    assert!(steps(&up, &wanted).is_empty());
    let (_, _) = leads(&client, &up, &found).await;
    told
}

/// Runs the steps from one schema to another; what there is then, and what the steps were.
async fn leads(client: &Client, found: &Catalog, wanted: &Catalog) -> (Catalog, String) {
    let steps = steps(found, wanted);
    let told = shown(&steps);
    for step in &steps {
        let done = client.batch_execute(&step.sql).await;
        done.unwrap_or_else(|error| {
            panic!("{:?}: {}\n\nin:\n{told}", error.as_db_error(), step.sql)
        });
    }
    let reached = read(client).await;
    let rest = reached.difference(wanted);
    assert!(rest.is_empty(), "left over:\n{rest}\n\nafter:\n{told}");
    (reached, told)
}

const OBJECTS: &str = "create schema s; create table s.t (id bigint generated always as identity, n int, \"N\" int);
    create sequence s.q; create view s.v as select id, n from s.t; create materialized view s.m as select n from s.t;
    create function s.f(x int, out y int) language sql as 'select x'; create procedure s.p(x int) language sql as 'select 1';
    create aggregate s.a (int) (sfunc = int4pl, stype = int, initcond = '0');
    create aggregate s.all (*) (sfunc = int8inc, stype = bigint, initcond = '0');
    create type s.e as enum ('x'); create domain s.d as int; create type s.c as (x int); create type s.r as range (subtype = float8);";

const GRANTS: &str = "grant usage on schema s to p_app; grant create on schema s to p_app with grant option;
    grant select, insert on s.t to p_app; grant update (n, \"N\") on s.t to p_app, public; grant select on s.t to p_other with grant option;
    grant usage on s.q to p_app; grant select on sequence s.t_id_seq to p_app; grant select (n) on s.v to p_app; grant select on s.m to public;
    revoke execute on function s.f from public; grant execute on function s.f to p_app;
    revoke execute on procedure s.p from public; grant execute on function s.a to p_app; grant execute on function s.all to p_other;
    revoke usage on type s.e from public; grant usage on type s.d to p_app; grant usage on type s.c to p_app; revoke usage on type s.r from public;";

#[tokio::test]
async fn grants_on_all_that_can_be_granted_on() {
    needs_many_connections!();
    insta::assert_snapshot!(there_and_back(OBJECTS, &format!("{OBJECTS} {GRANTS}")).await);
}

#[tokio::test]
async fn what_is_made_gets_its_grants_and_its_owner() {
    needs_many_connections!();
    let after = format!("{OBJECTS} {GRANTS} alter table s.t owner to p_app;");
    let told = there_and_back("", &after).await;
    assert!(
        told.contains("alter table s.t owner to p_app;"),
        "in:\n{told}"
    );
}

#[tokio::test]
async fn grants_change() {
    needs_many_connections!();
    let base = "create table a (id int, n int, t text);";
    let before = format!(
        "{base} grant select, insert on a to p_app with grant option; grant select on a to p_other; grant select (n), update (n) on a to p_other;"
    );
    let after = format!(
        "{base} grant select on a to p_app; grant insert, delete on a to p_app with grant option;
        grant select (n), update (n, t) on a to p_other; revoke all on a from current_user; grant select on a to current_user;"
    );
    insta::assert_snapshot!(there_and_back(&before, &after).await);
}

#[tokio::test]
async fn owners_change_and_what_was_granted_to_them() {
    needs_many_connections!();
    let base = format!(
        "{OBJECTS} create statistics s.st on id, n from s.t; create publication pub for table s.t;"
    );
    let owners = |role: &str| {
        let all = [
            "schema s",
            "table s.t",
            "sequence s.q",
            "view s.v",
            "materialized view s.m",
            "function s.f",
            "procedure s.p",
            "aggregate s.a (int)",
            "type s.e",
            "domain s.d",
            "type s.c",
            "type s.r",
            "statistics s.st",
            "publication pub",
        ];
        let all = all.map(|what| format!("alter {what} owner to {role};"));
        all.concat()
    };
    let before = format!("{base} grant select on s.t to p_app; grant insert on s.t to p_other;");
    let after = format!("{base} {} grant insert on s.t to p_other;", owners("p_app"));
    insta::assert_snapshot!(there_and_back(&before, &after).await);
    there_and_back(
        &after,
        &format!("{base} {} grant select on s.t to p_app;", owners("p_other")),
    )
    .await;
}

#[tokio::test]
async fn what_is_made_again_gets_its_grants_again_and_nobody_is_warned() {
    needs_many_connections!();
    let with = |kind: &str, labels: &str| {
        format!(
            "create type e as enum ({labels}); grant usage on type e to p_app; alter type e owner to p_other;
             create table a (id {kind}, gone int); grant select (id), update (gone) on a to p_app;
             create view v as select id from a; grant select on v to public; alter view v owner to p_app;"
        )
    };
    let before = with("int", "'x', 'y'");
    let after = format!("{} alter table a drop gone;", with("bigint", "'y', 'x'"));
    let told = there_and_back(&before, &after).await;
    assert!(!told.contains("privileges"), "in:\n{told}");
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn default_privileges_change_when_all_is_made() {
    needs_many_connections!();
    let before = "create schema s; create schema gone;
        alter default privileges grant select on tables to p_app;
        alter default privileges in schema s grant insert on tables to p_app;
        alter default privileges in schema gone grant insert on tables to p_app;
        alter default privileges revoke execute on functions from public;
        create table old (id int);";
    let after = "create schema s; create schema new;
        create table old (id int); create table s.t (id int); grant select on s.t to p_other; create table new.t (id int);
        create function f() returns int language sql as 'select 1';
        alter default privileges grant select on tables to p_app with grant option;
        alter default privileges in schema new grant execute on functions to p_other;
        alter default privileges for role p_other grant usage on schemas to p_app;
        alter default privileges for role p_other in schema s grant usage on types to p_app;
        create table made_after (id int);";
    insta::assert_snapshot!(there_and_back(before, after).await);
}

#[tokio::test]
async fn where_nobody_asked_a_grant_makes_no_difference() {
    needs_many_connections!();
    let all = format!(
        "{OBJECTS} {GRANTS} alter table s.t owner to p_app; alter default privileges grant select on tables to p_app;"
    );
    let (with, without) = (database(&all).await, database(OBJECTS).await);
    let found = Catalog::read(&with).await.unwrap();
    let wanted = Catalog::read(&without).await.unwrap();
    assert_eq!(found, wanted);
    assert!(steps(&found, &wanted).is_empty());
    // Nor if only one side was read with them.
    let found = read(&with).await;
    assert!(found.get(Class::DefaultPrivileges, "tables").is_some());
    assert!(found.difference(&wanted).is_empty());
    assert!(steps(&wanted, &found).is_empty());
    assert!(steps(&found, &wanted).is_empty());
}
