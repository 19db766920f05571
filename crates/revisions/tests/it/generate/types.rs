//! Enumerations, domains, composite and range types, and sequences.

use super::there_and_back;
use crate::support::needs_many_connections;

#[tokio::test]
async fn a_label_is_added_and_used_in_the_same_run() {
    needs_many_connections!();
    let before =
        "create type mood as enum ('calm', 'wild'); create table a (m mood default 'calm');";
    let after = "create type mood as enum ('first', 'calm', 'mild', 'wild', 'last'); create table a (m mood default 'mild');
        comment on type mood is 'How one feels';";
    insta::assert_snapshot!(there_and_back(before, after).await);
    let unused = "create type mood as enum ('calm', 'wild', 'last'); create table a (m mood default 'calm');";
    insta::assert_snapshot!(there_and_back(before, unused).await);
}

#[tokio::test]
async fn a_label_is_removed_by_making_the_type_again() {
    needs_many_connections!();
    let with = |labels: &str| {
        format!(
            "create type mood as enum ({labels});
             create function f(m mood) returns mood language sql immutable as 'select m';
             create table a (m mood not null default 'calm', ms mood[] default '{{calm}}', constraint a_m check (m <> 'calm' or m is null));
             create index a_calm on a (m) where m = 'calm';
             create index a_f on a (f(m));
             create view v as select m, f(m) as fm from a where m = 'calm';
             create table b (m mood);"
        )
    };
    insta::assert_snapshot!(
        there_and_back(&with("'gone', 'calm', 'wild'"), &with("'wild', 'calm'")).await
    );
}

#[tokio::test]
async fn domains_change() {
    needs_many_connections!();
    let before = "create domain points as int default 1 constraint positive check (value > 0);
        create domain code as varchar(5) constraint code_check check (value <> '');
        create table a (p points, c code default 'x', d code[]); create view v as select c from a;";
    let after = "create domain points as int default 2 not null constraint positive check (value >= 0);
        create domain code as varchar(9) constraint code_check check (value <> '');
        create table a (p points, c code default 'x', d text[]); create view v as select c from a;
        comment on domain points is 'Points'; comment on constraint positive on domain points is 'Not negative';";
    insta::assert_snapshot!(there_and_back(before, after).await);
}

#[tokio::test]
async fn composite_and_range_types_and_sequences() {
    needs_many_connections!();
    let before = "create type place as (town text, zip int, gone int); create table a (p place);
        create type r as range (subtype = int);
        create sequence s increment 2; create sequence owned; create table b (id int default nextval('owned')); alter sequence owned owned by b.id;";
    let after = "create type place as (town text, zip int, added text); create table a (p place);
        create type r as range (subtype = bigint, multirange_type_name = many_r);
        create sequence s as smallint increment -1 minvalue -50 cycle cache 3; create sequence owned; create table b (x int default nextval('owned'));
        create sequence new; create table c (id int default nextval('new')); alter sequence new owned by c.id;
        comment on sequence s is 'Numbers'; comment on type place is 'Where'; comment on type r is 'From to';";
    insta::assert_snapshot!(there_and_back(before, after).await);
}

#[tokio::test]
async fn a_column_moves_between_types() {
    needs_many_connections!();
    let before = "create type mood as enum ('calm'); create domain d as int; create table a (m mood default 'calm', x text, n d, o text);";
    let after = "create type other as enum ('calm'); create table a (m text default 'calm', x other, n bigint, o int);";
    insta::assert_snapshot!(there_and_back(before, after).await);
}

#[tokio::test]
async fn a_sequence_stays_between_its_ends() {
    needs_many_connections!();
    let before = "create sequence s; create sequence t maxvalue 100; create sequence u increment -1 minvalue -9;";
    let after = "create sequence s minvalue 5 start 7; create sequence t minvalue 200 maxvalue 300;
        create sequence u increment -1 minvalue -9 maxvalue -5;";
    let told = there_and_back(before, after).await;
    assert!(
        told.contains("select setval('public.s', 5, false) from public.s where last_value < 5;"),
        "{told}"
    );
}

#[tokio::test]
async fn an_attribute_has_a_type_that_is_made_again() {
    needs_many_connections!();
    let with = |kind: &str, labels: &str| {
        format!(
            "create domain points as {kind}; create type mood as enum ({labels});
             create type route as (costs points, mood mood); create domain r as route check ((value).costs > 1);
             create function f(route) returns route language sql as 'select $1';
             create view v as select (f(null)).mood as m;"
        )
    };
    let before = with("int", "'calm', 'wild'");
    there_and_back(&before, &with("bigint", "'calm'")).await;
    there_and_back(&before, "create domain points as bigint;").await;
}

#[tokio::test]
async fn a_domain_that_arrays_are_made_of_gets_a_constraint() {
    needs_many_connections!();
    let before = "create domain points as int constraint one check (value > 0); create table a (p points[], q points);";
    let after = "create domain points as int not null constraint one check (value > 0) constraint two check (value < 9);
        create table a (p points[], q points);";
    there_and_back(before, after).await;
}

#[tokio::test]
async fn a_type_that_goes_has_the_name_of_what_comes() {
    needs_many_connections!();
    let before = "create domain a as text; create type b as enum ('x'); create type c as (x int); create table d (a a, b b);";
    let after = "create table a (x int); create view b as select 1 as x; create domain c as int; create table d (a text, b text);";
    there_and_back(before, after).await;
}

#[tokio::test]
async fn a_column_becomes_an_array() {
    needs_many_connections!();
    let before = "create type mood as enum ('calm'); create table a (m mood default 'calm', t text default '{}', n text[]);";
    let after = "create type mood as enum ('calm'); create table a (m mood[] default '{calm}', t varchar(9)[], n varchar(9)[]);";
    there_and_back(before, after).await;
}
