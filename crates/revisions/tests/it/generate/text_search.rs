//! Text search and collations.

use super::there_and_back;
use crate::support::needs_many_connections;

#[tokio::test]
async fn a_configuration_of_text_search_comes_before_what_searches_with_it() {
    needs_many_connections!();
    let before = "create table a (t text);";
    let after = "create text search dictionary plain (template = pg_catalog.simple, accept = false);
        comment on text search dictionary plain is 'As it stands';
        create text search configuration c (copy = pg_catalog.simple);
        alter text search configuration c alter mapping for word, asciiword with plain, pg_catalog.english_stem;
        comment on text search configuration c is 'Ours';
        create table a (t text, s tsvector generated always as (to_tsvector('c', t)) stored);
        create index a_t on a using gin (to_tsvector('c', t));
        create view v as select to_tsvector('c', t) from a;";
    insta::assert_snapshot!(there_and_back(before, after).await);
}

#[tokio::test]
async fn the_mappings_of_a_configuration_change_where_they_are() {
    needs_many_connections!();
    let with = |changes: &str| {
        format!(
            "create schema \"S\"; create text search configuration \"S\".\"C\" (parser = pg_catalog.default);
             alter text search configuration \"S\".\"C\" add mapping for word, email, url with pg_catalog.simple;
             create table a (t text); create index a_t on a using gin (to_tsvector('\"S\".\"C\"', t)); {changes}"
        )
    };
    let after = with(
        "alter text search configuration \"S\".\"C\" drop mapping for url;
         alter text search configuration \"S\".\"C\" alter mapping for word with pg_catalog.german_stem, pg_catalog.simple;
         alter text search configuration \"S\".\"C\" add mapping for host, hword with pg_catalog.german_stem;",
    );
    insta::assert_snapshot!(there_and_back(&with(""), &after).await);
}

#[tokio::test]
async fn a_dictionary_that_changes_is_made_again_with_what_needs_it() {
    needs_many_connections!();
    let with = |options: &str| {
        format!(
            "create text search dictionary d (template = pg_catalog.simple, {options});
             create text search configuration c (parser = pg_catalog.default);
             alter text search configuration c add mapping for word with d;
             create table a (t text); create index a_t on a using gin (to_tsvector('c', t));"
        )
    };
    let (before, after) = (with("accept = true"), with("accept = false"));
    insta::assert_snapshot!(there_and_back(&before, &after).await);
}

#[tokio::test]
async fn collations_come_before_the_columns_that_have_them_and_go_after() {
    needs_many_connections!();
    let before = "create table a (t text, u text, v text);";
    let after = "create collation c (locale = 'C'); comment on collation c is 'Bytes';
        create collation \"D\" from \"C\"; create domain d as text collate c;
        create table a (t text collate c, u text, v d); create index a_u on a (u collate \"D\");
        create view w as select u collate c as u from a;";
    insta::assert_snapshot!(there_and_back(before, after).await);
}

#[tokio::test]
async fn a_collation_that_changes_is_put_aside_until_no_column_has_it() {
    needs_many_connections!();
    let with = |locale: &str| {
        format!(
            "create collation c (locale = '{locale}'); create domain d as text collate c;
             create table a (t text collate c default 'x', u d, n int); create index a_t on a (t); create index a_n on a (n);
             create view v as select t from a;"
        )
    };
    insta::assert_snapshot!(there_and_back(&with("C"), &with("POSIX")).await);
}
