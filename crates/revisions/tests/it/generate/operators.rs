//! Operators and casts.

use super::there_and_back;
use crate::support::needs_many_connections;

#[tokio::test]
async fn operators_come_after_their_functions_and_go_before_them() {
    needs_many_connections!();
    let before = "create type m as (x int); create function same(m, m) returns bool language sql immutable as 'select $1.x = $2.x';
        create operator === (leftarg = m, rightarg = m, function = same); create table a (m m, constraint a_m check (m === m));";
    let after = "create type m as (x int); create function same(m, m, out bool) language sql immutable as 'select $1.x = $2.x';
        create function differs(m, m) returns bool language sql immutable as 'select $1.x <> $2.x';
        create function less(m) returns int language sql immutable as 'select -($1).x';
        create operator === (leftarg = m, rightarg = m, function = same, commutator = ===, negator = !==, restrict = eqsel, join = eqjoinsel, hashes, merges);
        create operator !== (leftarg = m, rightarg = m, function = differs, commutator = !==, negator = ===);
        comment on operator === (m, m) is 'Equal'; create operator @@@ (rightarg = m, function = less);
        comment on operator @@@ (none, m) is 'Less'; create table a (m m, constraint a_m check (m === m));
        create view v as select @@@ m as less from a where m !== m;";
    insta::assert_snapshot!(there_and_back(before, after).await);
}

#[tokio::test]
async fn an_operator_is_not_mistaken_for_the_one_that_its_negator_only_names() {
    needs_many_connections!();
    let one = "create function same(int, text) returns bool language sql immutable as 'select $1::text = $2';";
    let named = format!(
        "{one} create operator === (leftarg = int, rightarg = text, function = same, negator = !==);"
    );
    let told = there_and_back(one, &named).await;
    assert_eq!(told.matches("create operator").count(), 1, "{told}");
}

#[tokio::test]
async fn casts_change() {
    needs_many_connections!();
    let base = "create type m as (x int); create domain d as text;
        create function f(m) returns int language sql immutable as 'select $1.x';";
    let before = format!("{base} create cast (m as int) with function f(m);");
    let after = format!(
        "{base} create cast (m as int) with function f(m) as assignment; comment on cast (m as int) is 'Its number';
         create cast (m as bigint) with inout as implicit; create view v as select (row(1)::m)::int as x;"
    );
    insta::assert_snapshot!(there_and_back(&before, &after).await);
}
