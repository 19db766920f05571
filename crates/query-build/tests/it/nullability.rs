//! Columns that may be null, and the marks that say so.

use crate::postgresql::needs_postgresql;
use crate::project::Project;

/// A project with a schema for nulls, and `queries`.
fn project(name: &str, queries: &str) -> Project {
    let project = Project::empty(name);
    project
        .write(
            "sql/U20250101000000__people.sql",
            "-- People and what they keep.\n\
             create table people (id bigint primary key, name text not null, nickname text, born timestamptz);\n\
             create table pets (\n\
                 id bigint primary key, owner_id bigint references people, kind text not null,\n\
                 details jsonb not null, weight numeric\n\
             );\n\
             create index pets_owner_id_idx on pets (owner_id);\n\
             create function motto(text) returns text language sql strict as 'select null::text';\n",
        )
        .write(
            "sql/U20250101000000__people.down.sql",
            "drop function motto(text);\ndrop table pets;\ndrop table people;\n",
        )
        .write("queries/people.sql", queries);
    project
}

const REFUSED: &str = "\
--- A column that is not declared not null, as it is and in expressions.
--! plain
select id, nickname, name || nickname as both, coalesce(nickname, :other) as some, upper(nickname)
  from people
 where id = :id;

--- What an outer join does not find, through a subquery, a common table, and a list of columns.
--! joined (other?)
with kept as (
    select pets.* from pets where owner_id = :id
)
select people.name, kept.kind, last.kind as last_kind, (:other) as other
  from people
  left join kept on kept.owner_id = people.id
  left join lateral (
      select kind from pets where owner_id = people.id order by pets.id limit 1
  ) as last on true
 where people.id = :id;

--- Aggregates and windows over no rows, subqueries without a row, conditions that do not hold.
--! computed
select sum(weight) as weight,
       max(id) filter (where kind = 'cat') as cat,
       (select name from people where id = :id) as owner,
       case when count(*) > 3 then 'many' end as size
  from pets
 where owner_id = :id;

--- Functions and operators that may give null for what is not null.
--! functions
select motto(name) as motto, details ->> 'colour' as colour, (array[kind])[2] as second, nullif(kind, 'cat') as other,
       lag(kind) over (order by pets.id) as last_kind, extract(hour from now()) as hour, (:given::text[])[1] as first_given
  from pets
  join people on people.id = pets.owner_id
 where people.id = :id;

--- One arm of a union is enough.
--! union_of_both
select name as title from people where id = :id
union all
select nickname from people where id = :id;

--- What was written.
--! add_pet (owner_id?)
insert into pets (id, owner_id, kind, details) values (:id, :owner_id, :kind, '{}')
returning id, owner_id, kind;

--- What an update sets is not what its condition says.
--! forget
update people set nickname = null where id = :id and nickname is not null
returning nickname;
";

#[test]
fn a_column_that_may_be_null_and_is_not_marked_is_refused_with_the_reason() {
    needs_postgresql!();
    insta::assert_snapshot!(project("nulls_refused", REFUSED).refusal());
}

const ACCEPTED: &str = "\
--: Person(nickname?, born?, name?)

--- Marked, in a row of several queries.
--! person : Person
select id, name, nickname, born from people where id = :id;

--- Never null, each for another reason.
--! proved
select people.name, coalesce(people.nickname, people.name) as called, count(pets.id) as pets,
       people.nickname is null as is_formal, exists (select from pets where owner_id = 3) as has_any,
       greatest(people.born, now()) as later, case when people.id > 3 then 'new' else 'old' end as age,
       now() + make_interval(days => :days) as then, extract(epoch from now())::bigint as seconds,
       jsonb_build_object('nickname', people.nickname) as json, (select count(*) from pets where owner_id = 3) as threes,
       array(select weight from pets where owner_id = 3) is null as no_weights, people.id in (1, 2) as is_first,
       row_number() over (order by people.id) as place, (array[1, 2])[1 : 3] as some, current_user::text as me
  from people
  left join pets on pets.owner_id = people.id
 where people.id = :id
 group by people.id;

--- What a condition keeps from being null, also in a common table and through an outer join.
--! kept
with born as (
    select id, born from people where id > :id and born <= now() order by id limit 10
)
select born.born, pets.owner_id, pets.kind, max(people.nickname) as nickname
  from born
  join people on people.id = born.id and people.nickname <> ''
  left join pets on pets.owner_id = people.id
 where pets.kind like 'c%'
 group by born.born, pets.owner_id, pets.kind;

--- Rows of functions and lists, and a query that is made of itself.
--! made
with recursive numbers (number) as (
    select 1::bigint
    union all
    select number + 1 from numbers where number < 5
)
select number, given, step, word, ordinality
  from numbers
 cross join unnest(:given::text[]) as given
 cross join generate_series(1, 3) with ordinality as steps (step, ordinality)
 cross join (values ('a'), ('b')) as words (word);

--- What was deleted fits the condition.
--! delete_pets
delete from pets where owner_id = :id returning owner_id, kind;

--- Waived, which need not be done for the kind.
--! heaviest : (weight?)
--# not-null: motto: every name has one
--# not-null: kind: it is a pet
select motto(name) as motto, kind, weight
  from pets
  join people on people.id = pets.owner_id
 where people.id = :id;

--- A mark that is not needed.
--! names : (name?)
select name from people where id = :id;
";

#[test]
fn what_is_proved_marked_or_waived_is_accepted_and_needless_marks_are_warned_of() {
    needs_postgresql!();
    let project = project("nulls_accepted", ACCEPTED);
    let report = match project.build() {
        Ok(report) => report,
        Err(error) => panic!("{error}"),
    };
    let package = format!("{}/", project.package.display());
    insta::assert_snapshot!(report.warnings.join("\n\n").replace(&package, ""));
}
