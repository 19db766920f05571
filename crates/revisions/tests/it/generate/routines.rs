//! Functions, procedures, aggregates, triggers, event triggers.

use super::there_and_back;
use crate::support::needs_many_connections;

#[tokio::test]
async fn a_function_is_replaced_where_it_is_or_made_again_with_what_needs_it() {
    needs_many_connections!();
    let with = |body: &str, result: &str| {
        format!(
            "create function f(x int) returns int language sql immutable as 'select {body}';
             create function g(x int) returns {result} language sql immutable as 'select 1';
             create table a (id int default g(2), constraint a_id check (g(id) > 0), twice bigint generated always as (g(id)) stored);
             create index a_g on a (g(id));
             create view v as select f(id) as f, g(id) as g from a;"
        )
    };
    insta::assert_snapshot!(there_and_back(&with("x", "int"), &with("x + 1", "smallint")).await);
}

#[tokio::test]
async fn functions_that_name_what_is_made_after_them() {
    needs_many_connections!();
    let after = "create table a (id int);
        create function rows() returns setof a language sql stable as 'select * from a';
        create function body() returns bigint language sql begin atomic select count(*) from a; end;
        create function typed() returns void language plpgsql as 'declare x public.a%rowtype; begin end';
        create procedure p(inout x int) language plpgsql as 'begin x := 1; end';
        comment on function rows() is 'All'; comment on procedure p(int) is 'One';";
    insta::assert_snapshot!(there_and_back("", after).await);
    let other = "create table a (id bigint);
        create function rows() returns setof a language sql stable as 'select * from a';
        create function body() returns bigint language sql begin atomic select count(*) from a where id > 0; end;
        create procedure p(inout x int) language plpgsql as 'begin x := 2; end';";
    insta::assert_snapshot!(there_and_back(after, other).await);
}

#[tokio::test]
async fn triggers_and_their_state() {
    needs_many_connections!();
    let base = "create function t() returns trigger language plpgsql as 'begin return new; end';
        create table a (id int, n int);";
    let before = format!(
        "{base} create trigger one before update of n on a for each row execute function t();
        create trigger two after insert on a for each row execute function t();
        alter table a disable trigger two;"
    );
    let after = format!("{base} create trigger one before update on a for each row when (new.n > 0) execute function t();
        create trigger two after insert on a for each row execute function t();
        create constraint trigger three after delete on a deferrable initially deferred for each row execute function t();
        alter table a enable always trigger one;
        comment on trigger one on a is 'One';
        create rule r as on delete to a do also select 1; alter table a disable rule r; comment on rule r on a is 'R';
        create function e() returns event_trigger language plpgsql as 'begin end';
        create event trigger ev on sql_drop when tag in ('DROP TABLE', 'DROP VIEW') execute function e();
        alter event trigger ev disable; comment on event trigger ev is 'Ev';");
    insta::assert_snapshot!(there_and_back(&before, &after).await);
}

#[tokio::test]
async fn aggregates_change() {
    needs_many_connections!();
    let before = "create aggregate total (bigint) (sfunc = int8pl, stype = bigint, initcond = '0'); create table a (n bigint);
        create view v as select total(n) from a;";
    let after = "create aggregate total (bigint) (sfunc = int8pl, stype = bigint, initcond = '5', combinefunc = int8pl, parallel = safe);
        create aggregate number (*) (sfunc = int8inc, stype = bigint, initcond = '0');
        comment on aggregate total (bigint) is 'Total'; comment on aggregate number (*) is 'Number';
        create table a (n bigint); create view v as select total(n) from a;";
    insta::assert_snapshot!(there_and_back(before, after).await);
}

#[tokio::test]
async fn an_index_comes_after_the_functions_that_its_function_calls() {
    needs_many_connections!();
    let before = "create table a (t text);";
    let after = "create table a (t text);
        create function z(text) returns text language sql immutable as 'select lower($1)';
        create function f(text) returns text language sql immutable as 'select public.z($1)';
        create table b (t text, exclude (f(t) with =)); create index b_t on b (f(t)); create unique index a_t on a (f(t));";
    there_and_back(before, after).await;
    there_and_back("", after).await;
}
