//! A schema that is looked at again and again.

use revisions::catalog::{Catalog, Changes, Follower, Reader, Scope};
use tokio_postgres::Client;

use super::EVERYTHING;
use crate::support::{Database, needs_many_connections};

async fn follow(client: &Client, scope: &Scope) -> Follower {
    let reader = Reader::prepare(client).await.unwrap();
    Follower::prepare(client, reader, scope.clone())
        .await
        .unwrap()
}

/// What has changed after `sql`; that the follower has the schema as a whole reading has it, and that the changes lead there
/// and back.
async fn after(client: &Client, follower: &mut Follower, sql: &str) -> Changes {
    client.batch_execute(sql).await.unwrap();
    let before = follower.catalog().clone();
    let changes = follower.look(client).await.unwrap();
    let whole = Catalog::read_with(client, before.scope()).await.unwrap();
    assert!(*follower.catalog() == whole, "after: {sql}");
    let (mut there, mut back) = (before.clone(), whole.clone());
    there.apply(changes.patch("17.5"));
    assert!(there == whole, "there: {sql}");
    back.apply(changes.patch_back("17.5"));
    assert!(back == before, "back: {sql}");
    changes
}

#[tokio::test]
async fn each_change_is_seen_and_leads_there_and_back() {
    needs_many_connections!();
    let client = Database::new().await.connect("test").await;
    let mut follower = follow(&client, &Scope::default()).await;
    after(&client, &mut follower, "").await;
    after(&client, &mut follower, EVERYTHING).await;
    for sql in [
        "create table followed (id bigint primary key, name text, constraint followed_name check (name <> ''))",
        "comment on column followed.name is 'A name.'; comment on table followed is 'One that is followed.'",
        "comment on column followed.name is 'Another name.'",
        "alter table followed rename column name to title",
        "alter table followed rename to renamed",
        "alter table renamed alter column title set default 'none'; create index on renamed (title)",
        "create type followed_kind as enum ('a'); alter table renamed add column kind followed_kind",
        // The column changes with its type, of which alone the statement speaks.
        "alter type followed_kind rename to renamed_kind",
        "comment on schema public is 'Another schema.'; comment on schema public is null",
        "drop table renamed; drop type renamed_kind",
    ] {
        let changes = after(&client, &mut follower, sql).await;
        let is_nothing = changes == Changes::default();
        // The second comment of the schema takes back the first, and what was there before.
        assert!(!is_nothing, "{sql}");
    }
    let nothing = after(&client, &mut follower, "select 1").await;
    assert_eq!(nothing, Changes::default());
    // What is there again as it was is no change, whatever its numbers are.
    let again = "create table again (id int primary key)";
    after(&client, &mut follower, again).await;
    let again = after(
        &client,
        &mut follower,
        &format!("drop table again; {again}"),
    )
    .await;
    assert_eq!(again, Changes::default());
}

#[tokio::test]
async fn privileges_are_followed_where_they_are_asked_for() {
    needs_many_connections!();
    let client = Database::new().await.connect("test").await;
    let role = "p_follower".to_owned();
    scratch_postgres::make_roles(&client, std::slice::from_ref(&role))
        .await
        .unwrap();
    let scope = Scope {
        privileges: true,
        roles: vec![role],
    };
    let mut with = follow(&client, &scope).await;
    let mut without = follow(&client, &Scope::default()).await;
    after(&client, &mut with, "create table t (id int)").await;
    after(&client, &mut without, "").await;
    let grant = "grant select on t to p_follower";
    let seen = after(&client, &mut with, grant).await;
    assert_eq!(
        seen.patch("17.5")
            .to_json()
            .unwrap()
            .matches("p_follower=SELECT")
            .count(),
        1
    );
    assert_eq!(after(&client, &mut without, "").await, Changes::default());
}

#[tokio::test]
async fn a_look_leaves_the_search_path_as_it_is() {
    needs_many_connections!();
    let client = Database::new().await.connect("test").await;
    let mut follower = follow(&client, &Scope::default()).await;
    client
        .batch_execute("create schema other; set search_path = other, public")
        .await
        .unwrap();
    follower.look(&client).await.unwrap();
    let path = client.query_one("show search_path", &[]).await.unwrap();
    assert_eq!(path.get::<_, &str>(0), "other, public");
}
