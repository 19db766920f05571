//! Collations, text search, operators, casts, and what is granted.

use super::Forms;

pub const PIECES: &[Forms] = &[
    (
        "bytes",
        &[],
        &[
            "create collation bytes (locale = 'C');",
            "create collation bytes (locale = 'POSIX'); comment on collation bytes is 'B';",
            "create collation bytes (locale = 'C'); create table sorted (t text collate bytes); create index sorted_t on sorted (t);",
            "create collation bytes (locale = 'POSIX'); create table sorted (t text collate bytes); create index sorted_t on sorted (t);",
        ],
    ),
    (
        "words",
        &[],
        &[
            "create text search dictionary words (template = pg_catalog.simple, accept = false);",
            "create text search dictionary words (template = pg_catalog.simple, stopwords = english);",
            "create text search dictionary words (template = pg_catalog.simple, accept = false); comment on text search dictionary words is 'W';",
        ],
    ),
    (
        "search",
        &["words"],
        &[
            "create text search configuration search (copy = pg_catalog.simple);",
            "create text search configuration search (copy = pg_catalog.simple); alter text search configuration search alter mapping for word with words, pg_catalog.simple;",
            "create text search configuration search (parser = pg_catalog.default); alter text search configuration search add mapping for word, url with words; comment on text search configuration search is 'S';",
            "create text search configuration search (copy = pg_catalog.simple); create table found (t text); create index found_t on found using gin (to_tsvector('search'::regconfig, t));",
        ],
    ),
    (
        "pair",
        &[],
        &[
            "create type pair as (x int, y int); create function same(pair, pair) returns bool language sql immutable as 'select $1.x = $2.x'; create operator === (leftarg = pair, rightarg = pair, function = same);",
            "create type pair as (x int, y int); create function same(pair, pair) returns bool language sql immutable as 'select $1.x = $2.x'; create operator === (leftarg = pair, rightarg = pair, function = same, commutator = ===, restrict = eqsel); comment on operator === (pair, pair) is 'E';",
        ],
    ),
    (
        "pair_cast",
        &["pair"],
        &[
            "create function sum_of(pair) returns int language sql immutable as 'select $1.x + $1.y'; create cast (pair as int) with function sum_of(pair);",
            "create function sum_of(pair) returns int language sql immutable as 'select $1.x + $1.y'; create cast (pair as int) with function sum_of(pair) as assignment; comment on cast (pair as int) is 'C';",
            "create function sum_of(pair) returns int language sql immutable as 'select $1.x + $1.y'; create cast (pair as int) with function sum_of(pair) as assignment; create view sums as select (row(1, 2)::pair)::int as n;",
        ],
    ),
];

/// What stands last, since it is about what is there by then.
pub const GRANTS: &[Forms] = &[
    (
        "granted_a",
        &["a"],
        &[
            "grant select on a to reader_of_pairs;",
            "grant select, insert on a to reader_of_pairs with grant option; grant select on a to public;",
            "grant update (id) on a to reader_of_pairs; revoke delete on a from current_user;",
        ],
    ),
    (
        "granted_others",
        &["other", "mood"],
        &[
            "grant usage on schema other to reader_of_pairs; grant usage on type mood to reader_of_pairs;",
            "grant create, usage on schema other to reader_of_pairs; revoke usage on type mood from public;",
        ],
    ),
    (
        "defaults",
        &[],
        &[
            "alter default privileges grant select on tables to reader_of_pairs;",
            "alter default privileges grant select, insert on tables to reader_of_pairs; alter default privileges revoke execute on functions from public;",
            "alter default privileges grant usage on sequences to reader_of_pairs;",
        ],
    ),
];
