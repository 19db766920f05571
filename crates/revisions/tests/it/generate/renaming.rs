//! New names that the model tells, and those that it does not.

use revisions::generate::{Step, renames};

use super::super::catalog::catalog_of;
use super::{run, shown, there_and_back};
use crate::support::needs_many_connections;

#[tokio::test]
async fn a_hint_in_the_model_gives_tables_and_columns_their_new_names() {
    needs_many_connections!();
    let before = "create table users (id bigint generated always as identity primary key, email text not null unique, odd int, \"Quoted\" int);
        create table notes (user_id bigint references users, body text); create index notes_body_idx on notes (body);
        create view v as select email from users;";
    let after = "-- People.
-- renamed-from: users
create table people (
    id bigint generated always as identity primary key,
    mail text not null unique, -- renamed-from: email
    -- What is odd.
    -- renamed-from: odd
    strange numeric(10, 2),
    even int, -- renamed-from: \"Quoted\"
    added int -- renamed-from: never_there
);
create table notes ( -- renamed-from: something_else
    user_id bigint references people,
    text text /* no hint */ -- renamed-from: body
);
create index notes_text_idx on notes (text);
create view v as select mail as email from people;";
    let (client, found) = catalog_of(before).await;
    let (_, wanted) = catalog_of(after).await;
    let renamed = renames(after, &found, &wanted);
    let up: Vec<Step> = renamed.iter().map(|it| it.up.clone()).collect();
    let named = run(&client, &up).await;
    let rest = revisions::generate::steps(&named, &wanted);
    let reached = run(&client, &rest).await;
    assert!(
        reached.difference(&wanted).is_empty(),
        "{}",
        reached.difference(&wanted)
    );
    assert!(
        renames(after, &reached, &wanted).is_empty(),
        "a hint that is done says nothing"
    );
    insta::assert_snapshot!(format!("{}{}", shown(&up), shown(&rest)));
    run(&client, &revisions::generate::steps(&reached, &named)).await;
    let down: Vec<Step> = renamed.iter().rev().map(|it| it.down.clone()).collect();
    let back = run(&client, &down).await;
    assert!(
        back.difference(&found).is_empty(),
        "{}",
        back.difference(&found)
    );
}

#[tokio::test]
async fn without_a_hint_what_looks_renamed_is_dropped_and_made_with_a_warning() {
    needs_many_connections!();
    let before = "create table a (id int, email text); create table gone (id int, x text);";
    let after = "create table a (id int, mail text); create table come (id int, x text);";
    insta::assert_snapshot!(there_and_back(before, after).await);
}
