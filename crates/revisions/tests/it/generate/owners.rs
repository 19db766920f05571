//! What belongs to somebody else, and is made again: whoever reads the statements is told what is lost.

use revisions::catalog::Catalog;
use revisions::generate::steps;

use super::privileges::{database, read};
use crate::support::{Database, needs_many_connections};

/// The warnings of the steps between two schemas that are read with privileges or without.
async fn warnings(before: &str, after: &str, compared: bool) -> Vec<String> {
    let (before, after) = (database(before).await, database(after).await);
    let steps = match compared {
        true => steps(&read(&before).await, &read(&after).await),
        false => steps(
            &Catalog::read(&before).await.unwrap(),
            &Catalog::read(&after).await.unwrap(),
        ),
    };
    steps.into_iter().filter_map(|step| step.warning).collect()
}

#[tokio::test]
async fn what_is_made_again_and_belonged_to_somebody_else_is_warned_of() {
    needs_many_connections!();
    let schema = |kind: &str, owner: &str, rights: &str, option: &str| {
        format!(
            "create function f(x int) returns {kind} security {rights} language sql as 'select 1::{kind} /* security definer */';
             create table a (id {kind}); create view v with (security_invoker = {option}) as select id from a;
             alter function f owner to {owner}; alter view v owner to {owner};"
        )
    };
    let all = async |owner: &str, rights: &str, option: &str, compared: bool| {
        let before = schema("int", owner, rights, option);
        let after = schema("bigint", owner, rights, option);
        warnings(&before, &after, compared).await
    };
    let told = all("p_app", "definer", "off", false).await;
    let other = "is made again, and then belongs to whoever does that, so that it runs with other rights; give it back to its owner";
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.contains(&format!("view public.v {other}")), "{told:?}");
    assert!(
        told.iter()
            .any(|it| it.starts_with("function public.f") && it.ends_with(other)),
        "{told:?}"
    );
    let told = all("p_app", "invoker", "on", false).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told.iter()
            .all(|it| it.contains("belongs to whoever") && !it.contains("other rights")),
        "{told:?}"
    );
    assert!(
        all("current_user", "definer", "off", false)
            .await
            .is_empty()
    );
    // What is compared is given back.
    assert!(all("p_app", "definer", "off", true).await.is_empty());
}

#[tokio::test]
async fn an_owner_that_was_not_named_is_lost_with_a_warning_where_privileges_are_compared() {
    needs_many_connections!();
    let client = Database::new().await.connect("test").await;
    let roles = ["p_unnamed".to_owned()];
    scratch_postgres::make_roles(&client, &roles).await.unwrap();
    let schema = |kind: &str| {
        format!(
            "create table a (id {kind}); create view v as select id from a; alter view v owner to p_unnamed;"
        )
    };
    let told = warnings(&schema("int"), &schema("bigint"), true).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("runs with other rights"), "{told:?}");
}

#[tokio::test]
async fn a_type_that_is_put_aside_loses_the_same() {
    needs_many_connections!();
    let schema = |labels: &str, protect: &str| {
        format!("create type e as enum ({labels}); create table a (e e); {protect}")
    };
    let all = async |protect: &str| {
        let (before, after) = (schema("'x', 'y'", protect), schema("'y', 'x'", protect));
        warnings(&before, &after, false).await
    };
    let told = all("grant usage on type e to p_other; alter type e owner to p_app;").await;
    assert_eq!(
        told,
        [
            "enum public.e is made again, without the privileges that were granted on it; grant them again, and then \
             belongs to whoever does that; give it back to its owner"
        ]
    );
    assert!(all("").await.is_empty());
}
