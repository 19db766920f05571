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
