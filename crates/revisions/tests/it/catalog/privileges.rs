//! Privileges and owners in a snapshot.

use revisions::catalog::{Catalog, Class, Patch, Scope};

use crate::support::{Database, needs_many_connections};

/// Who is asked for, and what there is.
async fn read(roles: &[&str], sql: &str) -> Catalog {
    let client = Database::new().await.connect("test").await;
    let all = ["p_app".to_owned(), "p_other".to_owned()];
    scratch_postgres::make_roles(&client, &all).await.unwrap();
    client.batch_execute(sql).await.unwrap();
    let scope = Scope {
        privileges: true,
        roles: roles.iter().map(|&role| role.to_owned()).collect(),
    };
    Catalog::read_with(&client, &scope).await.unwrap()
}

/// `privileges` and `owner` of an object.
fn facts(catalog: &Catalog, class: Class, name: &str) -> String {
    let facts = catalog.get(class, name).unwrap();
    let fact = |name: &str| facts.get(name).map_or("-", String::as_str);
    format!("{} | {}", fact("privileges"), fact("owner"))
}

#[tokio::test]
async fn grants_are_read_in_one_form_and_the_usual_ones_are_none() {
    needs_many_connections!();
    let sql = "create table a (id int, \"N, x\" int); create table b (id int); create table c (id int);
        grant update (\"N, x\"), select (id) on a to p_app; grant select, insert on a to public, p_other with grant option;
        grant delete on a to p_app;
        grant select on b to p_app; revoke select on b from p_app;
        revoke all on c from current_user;
        create function f() returns int language sql as 'select 1'; grant execute on function f to public;
        create function g() returns int language sql as 'select 1'; revoke execute on function g from public;
        alter default privileges grant select on tables to p_app;
        alter default privileges for role p_other in schema public grant usage on sequences to p_app;";
    let sql = sql.replace(
        "public, p_other with grant option",
        "p_other with grant option; grant truncate on a to public",
    );
    let catalog = read(&["p_app"], &sql).await;
    assert!(catalog.scope().privileges);
    let of = |class, name| facts(&catalog, class, name);
    assert_eq!(
        of(Class::Table, "public.a"),
        "p_app=DELETE,SELECT(id),UPDATE(\"N, x\"); p_other=INSERT,SELECT WITH GRANT OPTION; public=TRUNCATE | -"
    );
    assert_eq!(of(Class::Table, "public.b"), "- | -");
    assert_eq!(of(Class::Table, "public.c"), "(owner)= | -");
    assert_eq!(of(Class::Function, "public.f()"), "- | -");
    assert_eq!(of(Class::Function, "public.g()"), "none | -");
    let defaults = |name| of(Class::DefaultPrivileges, name);
    assert_eq!(defaults("tables"), "p_app=SELECT | -");
    // The role is one that was not named, so it is taken for the one who migrates.
    assert_eq!(defaults("sequences in schema public"), "p_app=USAGE | -");
}

#[tokio::test]
async fn an_owner_counts_if_it_is_named_or_if_none_is() {
    needs_many_connections!();
    let sql = "create table a (id int); create table b (id serial); create table c (id int);
        alter table b owner to p_app; alter table c owner to p_other;";
    let owners = |catalog: &Catalog| {
        let of = |name: &str| {
            let table = catalog.get(Class::Table, name).unwrap();
            table.get("owner").cloned().unwrap_or_default()
        };
        [of("public.a"), of("public.b"), of("public.c")]
    };
    assert_eq!(owners(&read(&["p_app"], sql).await), ["", "p_app", ""]);
    let catalog = read(&[], sql).await;
    assert_eq!(owners(&catalog), ["", "p_app", "p_other"]);
    // The sequence of a column has the owner of its table.
    let sequence = catalog.get(Class::Sequence, "public.b_id_seq").unwrap();
    assert!(!sequence.contains_key("owner"));
}

#[tokio::test]
async fn a_stored_snapshot_says_whether_it_has_privileges() {
    needs_many_connections!();
    let catalog = read(
        &["p_app"],
        "create table a (id int); grant select on a to p_app",
    )
    .await;
    let stored = serde_json::to_string(&catalog).unwrap();
    let again: Catalog = serde_json::from_str(&stored).unwrap();
    assert_eq!(again.scope(), catalog.scope());
    assert_eq!(again, catalog);
    // As it is embedded.
    let patch = Patch::between(&Catalog::default(), &catalog, "15");
    let patch: Patch = serde_json::from_str(&patch.to_json().unwrap()).unwrap();
    let mut embedded = Catalog::default();
    embedded.apply(patch);
    assert_eq!(embedded.scope(), catalog.scope());
    assert_eq!(embedded, catalog);
    let plain: Catalog = serde_json::from_str("[]").unwrap();
    assert!(!plain.scope().privileges);
}

#[test]
fn a_model_says_what_is_compared() {
    let model = "-- The schema.\n\n-- privileges: compared\n-- roles: App, \"Reporting Team\"\ncreate table a ();\n-- roles: no";
    let scope = Scope::of_model("schema.sql", model).unwrap();
    assert!(scope.privileges);
    assert_eq!(scope.roles, ["app", "Reporting Team"]);
    let scope = Scope::of_model("schema.sql", "create table a ();").unwrap();
    assert_eq!(scope, Scope::default());
    let refused = [
        "-- privileges: yes",
        "-- privilege: compared",
        "-- roles: app, app",
        "-- roles:",
        "-- roles: a b",
        "-- roles: public",
        "-- roles: a\n-- roles: b",
    ];
    let refused = refused.map(|model| {
        let error = Scope::of_model("schema.sql", model).unwrap_err();
        error.to_string()
    });
    insta::assert_snapshot!(refused.join("\n\n"));
}
