//! What is told of two schemas that differ.

use super::{EVERYTHING, catalog_of};
use crate::support::needs_many_connections;

#[tokio::test]
async fn each_difference_is_a_line_for_people() {
    needs_many_connections!();
    let changes = "alter type shop.mood add value 'sad';
        alter table shop.users alter name set default 'somebody', alter email drop not null;
        alter table shop.users drop constraint users_name_check;
        alter table shop.users add constraint users_name_check check (name <> 'x');
        alter table shop.users enable trigger users_touch;
        drop view shop.calm_users;
        drop table shop.special_users;
        create table shop.stock (id int primary key, amount int not null);
        comment on table shop.orders is 'What was bought';
        create or replace function shop.twice(value bigint) returns bigint language sql immutable as 'select value + value';";
    let (_, found) = catalog_of(EVERYTHING).await;
    let (_, wanted) = catalog_of(&format!("{EVERYTHING}; {changes}")).await;
    insta::assert_snapshot!(found.difference(&wanted));
    assert!(found.difference(&found).is_empty());
}

#[tokio::test]
async fn a_wrong_name_is_a_difference_even_where_all_else_is_equal() {
    needs_many_connections!();
    let (_, found) = catalog_of("create table a (id int constraint a_key unique)").await;
    let (_, wanted) = catalog_of("create table a (id int constraint a_id_key unique)").await;
    insta::assert_snapshot!(found.difference(&wanted));
}
