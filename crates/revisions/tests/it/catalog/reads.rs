//! Reading a snapshot.

use std::collections::BTreeSet;

use revisions::catalog::{Catalog, Class};

use super::{EVERYTHING, catalog_of};
use crate::support::{column, needs_many_connections};

#[tokio::test]
async fn an_object_of_every_class_is_read() {
    needs_many_connections!();
    let (_, catalog) = catalog_of(EVERYTHING).await;
    let classes: BTreeSet<Class> = catalog.objects().map(|(key, _)| key.class).collect();
    let missing: Vec<Class> = [
        Class::Schema,
        Class::Enum,
        Class::Domain,
        Class::CompositeType,
        Class::RangeType,
        Class::Sequence,
        Class::Table,
        Class::Column,
        Class::Constraint,
        Class::Index,
        Class::Statistics,
        Class::View,
        Class::MaterializedView,
        Class::Function,
        Class::Procedure,
        Class::Aggregate,
        Class::Trigger,
        Class::Rule,
        Class::Policy,
        Class::EventTrigger,
        Class::Publication,
    ]
    .into_iter()
    .filter(|class| !classes.contains(class))
    .collect();
    assert!(missing.is_empty(), "{missing:?}");
    let shown: Vec<String> = catalog
        .objects()
        .map(|(key, facts)| format!("{key}: {facts:#?}"))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[tokio::test]
async fn a_schema_gives_the_same_snapshot_however_it_was_written() {
    needs_many_connections!();
    let one = "create table a (id bigint generated always as identity, b text not null default 'x',
                   constraint a_pkey primary key (id), constraint a_b_check check (b <> '' and b is not null));
               create view v as select a.id from a where a.b = 'x';
               create index a_b on a using btree (b);";
    let other = "create table public.a (b varchar, id int8 not null, gone int);
                 alter table a alter b type text, alter b set not null, alter b set default 'x'::text, drop gone;
                 alter table a alter id add generated always as identity;
                 create index a_b on a (b);
                 alter table a add constraint a_b_check check (((b) <> ''::text) and (b is not null));
                 alter table a add constraint a_pkey primary key (id);
                 create view v as select id from public.a where (b = 'x');";
    let ((_, one), (_, other)) = (catalog_of(one).await, catalog_of(other).await);
    let difference = one.difference(&other);
    assert!(difference.is_empty(), "{difference}");
    assert_eq!(one, other);
}

#[tokio::test]
async fn what_belongs_to_the_migrator_or_to_an_extension_is_left_out() {
    needs_many_connections!();
    let (_, empty) = catalog_of("").await;
    let (_, with) = catalog_of(
        "create table refinery_schema_history (version int8 primary key);
         create table refinery_schema_progress (version int8 primary key);",
    )
    .await;
    assert_eq!(empty, with);
    let (client, _) = catalog_of("").await;
    // Whether it is installed depends on the machine.
    let query = "select 1 from pg_available_extensions where name = 'citext'";
    if !column(&client, query).await.is_empty() {
        client
            .batch_execute("create extension citext")
            .await
            .unwrap();
        let with = Catalog::read(&client).await.unwrap();
        assert_eq!(with.len(), empty.len() + 1);
        assert!(with.get(Class::Extension, "citext").is_some());
    }
}

#[tokio::test]
async fn a_snapshot_can_be_stored_and_compared_later() {
    needs_many_connections!();
    let (_, catalog) = catalog_of(EVERYTHING).await;
    let stored = serde_json::to_string(&catalog).unwrap();
    let read: Catalog = serde_json::from_str(&stored).unwrap();
    assert_eq!(catalog, read);
}

#[tokio::test]
async fn a_session_is_as_it_was_also_when_nobody_waited_for_the_end() {
    needs_many_connections!();
    let (client, _) = catalog_of("create table a (id int)").await;
    let before = column(&client, "show search_path").await;
    // Left at each of its steps, one after the other.
    for polls in 1..8 {
        let mut reading = Box::pin(Catalog::read(&client));
        for _ in 0..polls {
            let step = std::time::Duration::from_micros(300);
            let _ = tokio::time::timeout(step, &mut reading).await;
        }
        drop(reading);
        assert_eq!(column(&client, "show search_path").await, before);
    }
}

#[tokio::test]
async fn the_session_is_as_it_was_before() {
    needs_many_connections!();
    let (client, _) = catalog_of("set search_path = pg_catalog, public").await;
    assert_eq!(
        column(&client, "show search_path").await,
        ["pg_catalog, public"]
    );
}
