//! What is done in steps so that nobody waits, and what is marked for people.

use revisions::catalog::Catalog;

use super::super::catalog::catalog_of;
use super::{run, there_and_back};
use crate::support::{column, needs_many_connections};

#[tokio::test]
async fn a_table_that_stays_is_not_locked_for_long() {
    needs_many_connections!();
    let before = "create table b (id int primary key); create table a (id int, b int, n int);";
    let after = "create table b (id int primary key); create table a (id int, b int not null constraint a_b_fkey references b, n int constraint a_n check (n > 0));
        create index a_n_idx on a (n); create unique index a_id on a (id); comment on index a_n_idx is 'N'; alter table a cluster on a_id;";
    let told = there_and_back(before, after).await;
    let all = [
        "create index concurrently a_n_idx",
        "create unique index concurrently a_id",
        "(n > 0)) not valid;",
        "references public.b(id) not valid;",
        "validate constraint a_n;",
        "validate constraint a_b_fkey;",
        "check (b is not null) not valid;",
        "alter column b set not null;",
    ];
    for part in all {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    let first = told.find("-- outside").unwrap();
    let statements = told[first..].matches(";\n").count();
    assert_eq!(
        told.matches("-- outside").count(),
        statements,
        "two revisions are enough"
    );
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn the_new_index_is_there_before_the_old_one_goes() {
    needs_many_connections!();
    let with = |index: &str, kind: &str| {
        format!("create table a (id int, n {kind}, m int); {index} create index a_m on a (m);")
    };
    let (before, after) = (
        "create index a_n on a (n);",
        "create unique index a_n on a (n, id) where n > 0;",
    );
    let told = there_and_back(&with(before, "int"), &with(after, "int")).await;
    insta::assert_snapshot!(told, @r"
    -- outside
    alter index public.a_n rename to a_n__old;
    -- outside
    create unique index concurrently a_n on public.a using btree (n, id) where (n > 0);
    -- outside
    drop index concurrently public.a_n__old;
    ");
    // Where it cannot stay, because of its column, it goes first.
    let told = there_and_back(&with(before, "int"), &with(after, "bigint")).await;
    assert!(told.starts_with("drop index public.a_n;"), "{told}");
    assert!(!told.contains("rename"), "{told}");
}

#[tokio::test]
async fn a_table_that_is_new_is_made_at_once() {
    needs_many_connections!();
    let after = "create table b (id int primary key); create table a (id int, b int not null constraint a_b_fkey references b, n int constraint a_n check (n > 0));
        create index a_n_idx on a (n);";
    let told = there_and_back("", after).await;
    for part in [
        "concurrently",
        "not valid",
        "-- outside",
        "-- warning",
        "-- loses",
    ] {
        assert!(!told.contains(part), "{part} is in\n{told}");
    }
}

#[tokio::test]
async fn what_loses_data_says_so() {
    needs_many_connections!();
    let before = "create type mood as enum ('calm', 'wild'); create table a (id int, m mood, gone text); create table b (id int);
        create table p (id int, d date) partition by range (d);";
    let after = "create type mood as enum ('calm'); create table a (id int, m mood, needed text not null, filled text not null default '');
        create table p (id int, d date) partition by list (id);";
    let told = there_and_back(before, after).await;
    assert_eq!(told.matches("-- loses: ").count(), 4, "{told}");
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn what_is_made_again_without_its_privileges_says_so() {
    needs_many_connections!();
    let with = |kind: &str| {
        format!(
            "create table a (id {kind}); create view v as select id from a; create view w as select id from a;
             grant select on v to public;"
        )
    };
    insta::assert_snapshot!(there_and_back(&with("int"), &with("bigint")).await);
}

#[tokio::test]
async fn values_that_would_be_rounded_or_cut_are_data_that_is_lost() {
    needs_many_connections!();
    let before = "create type mood as enum ('calm');
        create table a (a numeric(10, 2), b numeric(10, 2), c double precision, d timestamptz, e mood, f text, g varchar(9), h numeric(10));";
    let after = "create table a (a numeric(10, 1), b int, c real, d date, e varchar(3), f varchar(3), g varchar(3), h bigint);";
    let told = there_and_back(before, after).await;
    assert_eq!(told.matches("-- loses: ").count(), 5, "{told}");
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn a_conversion_that_may_change_what_a_value_says_is_data_that_is_lost() {
    needs_many_connections!();
    let before = "text|numeric(10, 4)|int|timestamp|text|inet|bigint|timestamptz|json|real[]";
    let losing =
        "short|rough|boolean|timestamp(0)|\"char\"|cidr|double precision|timestamp|jsonb|int[]";
    let keeping = "same|numeric(12, 4)|bigint|timestamptz|varchar(9)|inet|numeric|timestamptz(6)|text|float8[]";
    let schema = |kinds: &str, attributes: &str| {
        let columns = kinds.split('|').enumerate();
        let columns: Vec<String> = columns.map(|(at, kind)| format!("c{at} {kind}")).collect();
        format!(
            "create domain short as varchar(3); create domain rough as numeric(10, 1); create domain same as text;
             create type place as ({attributes}); create table places of place; create table a ({});",
            columns.join(", ")
        )
    };
    let both = "town text, zip text";
    let told = there_and_back(&schema(before, both), &schema(losing, "town text")).await;
    assert_eq!(told.matches("-- loses: ").count(), 11, "{told}");
    let told = there_and_back(&schema(before, both), &schema(keeping, both)).await;
    assert!(!told.contains("-- loses: "), "{told}");
}

#[tokio::test]
async fn an_identity_goes_on_after_what_the_sequence_before_it_gave_away() {
    needs_many_connections!();
    let (client, found) = catalog_of(
        "create table a (id serial primary key); insert into a select from generate_series(1, 9); delete from a where id > 2;",
    )
    .await;
    let (_, wanted) =
        catalog_of("create table a (id int generated always as identity primary key);").await;
    run(&client, &revisions::generate::steps(&found, &wanted)).await;
    assert_eq!(
        column(&client, "insert into a default values returning id").await,
        ["10"]
    );
}

#[tokio::test]
async fn a_line_break_in_a_name_does_not_end_a_comment() {
    needs_many_connections!();
    let before = "create table \"a\ndrop table b; --\" (id int, \"x\r\ndrop table b; --\" int); create table b (id int);";
    let after = "create table \"a\ndrop table b; --\" (id bigint); create table b (id int);";
    let (_, found) = catalog_of(before).await;
    let (_, wanted) = catalog_of(after).await;
    let mut remarks = String::new();
    for step in revisions::generate::steps(&found, &wanted) {
        remarks.push_str(&step.remarks());
        remarks.push_str(&step.effects());
    }
    assert!(
        remarks.contains("Data is lost") && remarks.contains("written anew"),
        "{remarks}"
    );
    assert!(
        remarks.lines().all(|line| line.starts_with("-- ")),
        "{remarks}"
    );
    assert!(!remarks.contains('\r'), "{remarks}");
}

#[tokio::test]
async fn rows_stay_what_they_are() {
    needs_many_connections!();
    let before = "create type mood as enum ('gone', 'calm', 'wild'); create domain points as int check (value > 0);
        create table a (id serial primary key, m mood default 'calm', ms mood[], p points, n int, t text, gone int);
        insert into a (m, ms, p, n, t) values ('wild', '{calm,wild}', 3, 4, '5'), ('calm', null, null, 6, '7');";
    let after = "create type mood as enum ('wild', 'calm'); create domain points as bigint check (value > 0);
        create table a (id int generated always as identity primary key, m mood not null default 'calm', ms mood[], p points, n numeric(10, 1) not null,
            t int, filled text not null default 'x', double bigint generated always as (id * 2) stored);";
    let (client, found) = catalog_of(before).await;
    let (_, wanted) = catalog_of(after).await;
    run(&client, &revisions::generate::steps(&found, &wanted)).await;
    client
        .batch_execute("insert into a (n) values (8)")
        .await
        .unwrap();
    let rows = "select concat_ws('|', id, m, ms, p, n, t, filled, double) from a order by id";
    assert_eq!(
        column(&client, rows).await,
        [
            "1|wild|{calm,wild}|3|4.0|5|x|2",
            "2|calm|6.0|7|x|4",
            "3|calm|8.0|x|6"
        ]
    );
    let reached = Catalog::read(&client).await.unwrap();
    run(&client, &revisions::generate::steps(&reached, &found)).await;
    client
        .batch_execute("insert into a (n) values (9)")
        .await
        .unwrap();
    let rows = "select concat_ws('|', id, m, ms, p, n, t) from a order by id";
    assert_eq!(
        column(&client, rows).await,
        [
            "1|wild|{calm,wild}|3|4|5",
            "2|calm|6|7",
            "3|calm|8",
            "4|calm|9"
        ]
    );
}
