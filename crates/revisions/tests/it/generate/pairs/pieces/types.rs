//! Schemas, extensions, types and sequences.

use super::Forms;

pub const PIECES: &[Forms] = &[
    (
        "odd",
        &[],
        &[
            "create schema \"My.odd one\";",
            "create schema \"My.odd one\"; comment on schema \"My.odd one\" is 'It''s odd';",
            "create schema \"My.odd one\"; comment on schema \"My.odd one\" is E'Back\\\\slash\nand line';",
        ],
    ),
    (
        "other",
        &[],
        &[
            "create schema other;",
            "create schema other; create table other.c (id int primary key);",
        ],
    ),
    (
        "citext",
        &[],
        &[
            "create extension citext;",
            "create extension citext; comment on extension citext is 'C';",
        ],
    ),
    ("btree_gist", &[], &["create extension btree_gist;"]),
    ("pg_trgm", &[], &["create extension pg_trgm;"]),
    (
        "hstore",
        &["other"],
        &[
            "create extension hstore; create table stored (h hstore, n int);",
            "create extension hstore schema other; create table stored (h other.hstore, n int); comment on extension hstore is 'H';",
            "create extension hstore; create view stored as select 'a=>1'::hstore as h; comment on extension hstore is 'S';",
        ],
    ),
    (
        "mood",
        &[],
        &[
            "create type mood as enum ('calm', 'wild');",
            "create type mood as enum ('calm', 'mild', 'wild');",
            "create type mood as enum ('first', 'calm', 'wild', 'it''s, last');",
            "create type mood as enum ('wild', 'calm'); comment on type mood is 'M';",
        ],
    ),
    (
        "level",
        &["odd"],
        &[
            "create type \"My.odd one\".\"Level.of it\" as enum ('Low', 'high (very)');",
            "create type \"My.odd one\".\"Level.of it\" as enum ('high (very)', 'Low', '');",
        ],
    ),
    (
        "points",
        &[],
        &[
            "create domain points as int constraint points_check check (value >= 0);",
            "create domain points as bigint default 1 constraint points_check check (value > 0);",
            "create domain points as int not null default 2; comment on domain points is 'P';",
            "create domain points as int default 3 constraint points_check check (value >= 0) constraint \"Points, most\" check (value < 100);
             comment on constraint \"Points, most\" on domain points is 'Most';",
        ],
    ),
    (
        "name",
        &[],
        &[
            "create domain \"Name\" as varchar(20) collate \"C\";",
            "create domain \"Name\" as varchar(30) constraint name_check check (value <> '') not null;",
            "create domain \"Name\" as text default 'x' check (length(value) < 50 and value not in ('a', 'b'));",
        ],
    ),
    (
        "moods",
        &["mood"],
        &[
            "create domain moods as mood[];",
            "create domain moods as mood[] check (cardinality(value) > 0);",
            "create domain moods as mood default 'calm' check (value <> 'wild');",
        ],
    ),
    (
        "place",
        &[],
        &[
            "create type place as (town text, zip int);",
            "create type place as (town text, zip int, \"Door, left\" varchar(20)); comment on type place is 'P';",
            "create type place as (town text, zip int, added numeric(10, 2)); comment on column place.town is 'T';",
        ],
    ),
    (
        "home",
        &["place"],
        &[
            "create domain home as place;",
            "create domain home as place constraint home_check check ((value).zip > 0);",
            "create domain home as place constraint home_check check ((value).town <> '' or (value).zip > 1);",
        ],
    ),
    (
        "route",
        &["place", "points"],
        &[
            "create type route as (start place, costs points);",
            "create type route as (start place, costs points, stops place[]);",
        ],
    ),
    (
        "span",
        &[],
        &[
            "create type span as range (subtype = int);",
            "create type span as range (subtype = int); comment on type span is 'S';",
        ],
    ),
    (
        "reach",
        &[],
        &[
            "create type reach as range (subtype = float8, subtype_diff = float8mi);",
            "create type reach as range (subtype = float8);",
            "create type reach as range (subtype = text, collation = \"C\", multirange_type_name = reaches);",
        ],
    ),
    (
        "s",
        &[],
        &[
            "create sequence s;",
            "create sequence s increment 3 cache 2; comment on sequence s is 'S';",
            "create sequence s as smallint increment -1 minvalue -50 start -5 cycle;",
        ],
    ),
    (
        "numbers",
        &["odd"],
        &[
            "create sequence \"My.odd one\".\"Numbers.of it\" start 5 minvalue 2;",
            "create unlogged sequence \"My.odd one\".\"Numbers.of it\";",
        ],
    ),
];
