//! What tables have from others: from parents, from the table that they are a partition of, from a composite type.

use super::there_and_back;
use crate::support::needs_many_connections;

#[tokio::test]
async fn parents_are_exchanged_and_get_another_order() {
    needs_many_connections!();
    let before = "create table one (x int, y text); create table two (x int not null, z date);
        create table three (w int) inherits (one, two);";
    let after =
        "create table one (x int, y varchar(5)); create table two (x int, z date default now());
        create table three (w int, x int, y varchar(5)) inherits (one);";
    there_and_back(before, after).await;
    let turned = "create table one (x int, y text); create table two (x int not null, z date);
        create table three (w int) inherits (two, one);";
    there_and_back(before, turned).await;
    there_and_back(after, turned).await;
    let alone = "create table three (w int, x int);";
    there_and_back(before, alone).await;
}

#[tokio::test]
async fn a_default_of_its_own_outlives_that_of_the_parent() {
    needs_many_connections!();
    let with = |default: &str| {
        format!(
            "create table a (n int{default}); create table h () inherits (a); alter table h alter n set default 9;
             create table p (n int{default}) partition by list (n); create table p_1 partition of p for values in (1);
             alter table p_1 alter n set default 8;"
        )
    };
    let told = there_and_back(&with(""), &with(" default 3")).await;
    assert!(told.contains("alter table public.h alter column n set default 9;"));
    let typed = with(" default 3")
        .replace("(n int", "(n bigint")
        .replace("by list (n)", "by list (((n)))");
    assert_eq!(typed.matches("bigint").count(), 2);
    let without_partitions = |sql: &str| sql.split("create table p").next().unwrap().to_owned();
    there_and_back(
        &without_partitions(&with(" default 3")),
        &without_partitions(&typed),
    )
    .await;
}

#[tokio::test]
async fn a_check_that_is_valid_in_a_child_only() {
    needs_many_connections!();
    let with = |kind: &str, check: &str| {
        format!("create table a (id {kind}); {check} create table h () inherits (a);")
    };
    let check = "alter table a add constraint a_id check (id > 1) not valid;";
    there_and_back(&with("int", ""), &with("int", check)).await;
    there_and_back(&with("int", check), &with("bigint", check)).await;
}

#[tokio::test]
async fn partitions_exchange_their_bounds() {
    needs_many_connections!();
    let with = |columns: &str, one: &str, two: &str| {
        format!(
            "create table p ({columns}, constraint p_k check (k > 0)) partition by list (k);
             create table p_1 partition of p for values in ({one}); {two}"
        )
    };
    let two = |bounds: &str| format!("create table p_2 partition of p for values in ({bounds});");
    let before = with("k int, gone text", "1, 2", "");
    let after = with("k int not null, n int default 1", "2", &two("1"));
    there_and_back(&before, &after).await;
    there_and_back(
        &after,
        &with("k int not null, n int default 1", "1", &two("2")),
    )
    .await;
    there_and_back(&after, "create table p_1 (k int not null, n int);").await;
}

#[tokio::test]
async fn a_table_becomes_a_partition() {
    needs_many_connections!();
    let parent = "create table p (id bigint primary key, n int constraint p_n check (n > 0)) partition by list (id);";
    let before = format!("{parent} create table p_1 (id int, x text);");
    let after = format!("{parent} create table p_1 partition of p for values in (1);");
    there_and_back(&before, &after).await;
}

#[tokio::test]
async fn a_partition_key_of_a_type_that_is_made_again() {
    needs_many_connections!();
    let with = |labels: &str| {
        format!(
            "create type mood as enum ({labels}); create table l (m mood, n int) partition by list (m);
             create table l_calm partition of l for values in ('calm'); create table l_rest partition of l default;
             create view v as select m from l;"
        )
    };
    let told = there_and_back(&with("'calm', 'wild'"), &with("'wild', 'calm'")).await;
    assert!(
        told.contains("-- loses: the rows of the table public.l,"),
        "{told}"
    );
}

#[tokio::test]
async fn a_foreign_key_between_partitioned_tables() {
    needs_many_connections!();
    let with = |partition: &str, rest: &str| {
        format!(
            "create table goal (id int, k int, primary key (id, k)) partition by hash (k);
             create table goal_0 partition of goal for values with (modulus 2, remainder 0); {partition}
             create table source (id int, k int, constraint source_goal foreign key (id, k) references goal{rest})
                 partition by list (k); create table source_1 partition of source for values in (1);"
        )
    };
    let more = "create table goal_1 partition of goal for values with (modulus 2, remainder 1);";
    there_and_back(&with("", ""), &with(more, " on delete cascade")).await;
    there_and_back("", &with(more, "")).await;
}

#[tokio::test]
async fn typed_tables_follow_their_type() {
    needs_many_connections!();
    let before = "create type place as (town text, zip int, \"Door, left\" text);
        create table typed of place; create table other of place (zip not null default 3, constraint other_zip check (zip > 0));";
    let after = "create type place as (town text, zip int, added numeric(10, 2));
        create table typed of place (town not null, primary key (town)); create table other of place;";
    there_and_back(before, after).await;
    there_and_back("", before).await;
}
