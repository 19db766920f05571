//! Views, materialized views, rules, schemas, extensions, publications.

use super::there_and_back;
use crate::support::needs_many_connections;

#[tokio::test]
async fn views_over_a_changed_column_are_made_again_with_all_that_belongs_to_them() {
    needs_many_connections!();
    let with = |kind: &str| {
        format!(
            "create table a (id {kind}, n int);
             create view v with (security_barrier) as select id from a;
             comment on view v is 'V'; comment on column v.id is 'Id';
             create view w as select v.id, count(*) from v group by 1;
             create materialized view m as select id from w;
             create unique index m_id on m (id); comment on index m_id is 'One each';
             create view untouched as select n from a;
             create rule r as on insert to v do instead insert into a (id) values (new.id);
             create function t() returns trigger language plpgsql as 'begin return new; end';
             create trigger on_v instead of update on v for each row execute function t();"
        )
    };
    insta::assert_snapshot!(there_and_back(&with("int"), &with("bigint")).await);
}

#[tokio::test]
async fn views_change() {
    needs_many_connections!();
    let before = "create table a (id int, n int); create view v as select id from a; create view w as select id from v; create materialized view m as select n from a;
        create view o as select n from a; create view gone as select 1 as one;";
    let after = "create table a (id int, n int); create view v as select id, n from a where n > 0; create view w as select id from v; create materialized view m as select n + 1 as n from a;
        create view o with (security_invoker = true) as select n from a;";
    insta::assert_snapshot!(there_and_back(before, after).await);
}

#[tokio::test]
async fn a_literal_in_a_part_of_a_union_has_no_name_that_matters() {
    needs_many_connections!();
    let with = |kind: &str| {
        format!(
            "create table a (n {kind}, t varchar(3), s interval);
             create view v as select q.* from (select n, t, s, 'a' as k from a union all select null, null, null, '-1' union all
             select 5, 'x', '1 day', 'b') as q where exists (select null) and exists (select '2025-01-01'::timestamptz(3));"
        )
    };
    there_and_back(&with("int"), &with("bigint")).await;
    let named = "create view v as select null::int as int4, 'x'::text as other";
    let other = "create view v as select null::int as int8, 'x'::text as text";
    let told = there_and_back(named, other).await;
    assert!(told.contains("null::integer as int8"), "{told}");
}

#[tokio::test]
async fn schemas_and_publications() {
    needs_many_connections!();
    let before = "create schema one; create table one.a (id int primary key, x int); create publication p for table one.a;";
    let after = "create schema two; comment on schema two is 'Two'; create table two.a (id int primary key, x int);
        create publication p for table two.a (id, x) where (id > 0) with (publish = 'insert, update');
        create publication q for all tables; create publication s for tables in schema two; comment on publication s is 'S';";
    insta::assert_snapshot!(there_and_back(before, after).await);
}

#[tokio::test]
async fn extensions_come_before_what_uses_them_and_go_after() {
    needs_many_connections!();
    let (client, _) = super::super::catalog::catalog_of("").await;
    // Whether it is installed depends on the machine.
    let query = "select 1 from pg_available_extensions where name = 'citext'";
    if crate::support::column(&client, query).await.is_empty() {
        return;
    }
    let with = "create extension citext; comment on extension citext is 'Ignores case'; create table a (t citext);
        create index a_t on a (t); create domain d as citext check (value <> 'x');";
    there_and_back("", with).await;
    there_and_back(with, "create schema other; create extension citext schema other; create table a (t other.citext);").await;
}

#[tokio::test]
async fn foreign_tables_of_a_server_that_is_there() {
    needs_many_connections!();
    let server = "create foreign data wrapper w; create server s foreign data wrapper w;";
    let before = format!(
        "{server} create foreign table f (a int options (b 'c')) server s options (d 'e');"
    );
    let after = format!("{server} create foreign table f (a bigint options (b 'c'), n text not null) server s options (d 'e');
        comment on foreign table f is 'Far'; create foreign table g (x int options (y 'it''s')) server s options (z '1', \"Q\" '2');");
    insta::assert_snapshot!(there_and_back(&before, &after).await);
}

#[tokio::test]
async fn what_is_known_by_its_description_only_is_left_over() {
    needs_many_connections!();
    let (_, found) = super::super::catalog::catalog_of("").await;
    let (_, wanted) = super::super::catalog::catalog_of(
        "create operator family f using btree; create conversion c for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
         create access method m type table handler heap_tableam_handler;",
    )
    .await;
    insta::assert_snapshot!(found.difference(&wanted));
    assert!(revisions::generate::steps(&found, &wanted).is_empty());
}

#[tokio::test]
async fn a_publication_of_a_table_that_is_made_again() {
    needs_many_connections!();
    let with = |by: &str| {
        format!(
            "create schema s; create table p (d date, x int) partition by {by};
             create publication news for table p, tables in schema s; comment on publication news is 'N';"
        )
    };
    there_and_back(&with("range (d)"), &with("hash (x)")).await;
    let other = "create table p (d date, x int);";
    there_and_back(&with("range (d)"), other).await;
}

#[tokio::test]
async fn statistics_do_not_depend_on_the_order_of_columns_and_keep_their_target() {
    needs_many_connections!();
    let before = "create table a (k int, n int, t text); create statistics s on k, n, t from a; alter statistics s set statistics 50;";
    let after = "create table a (t varchar(9), n bigint, k int); create statistics s on n, k, t from a; alter statistics s set statistics 50;
        comment on statistics s is 'S'; create statistics e on lower(t), n from a;";
    there_and_back(before, after).await;
    there_and_back("create table a (t text);", before).await;
}
