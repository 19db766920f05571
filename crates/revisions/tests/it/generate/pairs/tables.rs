//! Tables with columns, keys, indexes and what stands on them, drawn at random. The names are the same in all schemas, so
//! that what two schemas have in common is altered.

use std::ops::Range;

use proptest::prelude::*;

use super::schema::{Piece, Places};

/// The tables, and the piece that makes their schema.
const TABLES: [(&str, &[&str]); 3] = [
    ("r", &[]),
    ("\"Order\"", &[]),
    ("\"My.odd one\".\"r 2\"", &["odd"]),
];

/// A column, the types that PostgreSQL can turn into each other, each with defaults, and the pieces that make them.
type Column = (
    &'static str,
    &'static [(&'static str, &'static [&'static str])],
    &'static [&'static str],
);

/// The columns. The first two are for keys.
const COLUMNS: [Column; 9] = [
    ("k", &[("int", &["1"]), ("bigint", &[])], &[]),
    ("\"Key.2\"", &[("int", &["2 + 3"]), ("bigint", &["7"])], &[]),
    (
        "n",
        &[
            ("smallint", &["1"]),
            ("int", &["length('x')"]),
            ("numeric", &["1.5"]),
            ("numeric(10,2)", &["0"]),
            ("numeric(12,3)", &[]),
            ("float8", &["random()"]),
            ("text", &["'1'"]),
        ],
        &[],
    ),
    (
        "\"select\"",
        &[
            ("text", &["'x'", "current_user", "lower('X')"]),
            ("varchar(20)", &["'it''s'"]),
            ("varchar(30)", &["E'a\\\\b'"]),
            ("char(5)", &["'x'"]),
            ("text collate \"C\"", &["'c'"]),
            ("varchar(20) collate \"POSIX\"", &[]),
        ],
        &[],
    ),
    (
        "d",
        &[
            ("date", &["current_date", "'2025-01-01'"]),
            ("timestamp", &["now()"]),
            ("timestamptz(3)", &["now()", "'2025-01-01 00:00+00'"]),
            ("text", &["'now'"]),
        ],
        &[],
    ),
    (
        "\"Mood of\"",
        &[
            ("mood", &["'calm'", "('wild'::text)::mood"]),
            ("text", &["'calm'"]),
            ("varchar(9)", &["'wild'"]),
            ("mood", &[]),
        ],
        &["mood"],
    ),
    (
        "p",
        &[
            ("points", &["3"]),
            ("int", &["4"]),
            ("bigint", &["f(5)"]),
            ("points", &[]),
        ],
        &["points", "f"],
    ),
    (
        "list",
        &[
            ("text[]", &["'{a,b}'", "array['x']::text[]"]),
            ("varchar(9)[]", &["'{}'"]),
            ("text", &["'{}'"]),
        ],
        &[],
    ),
    (
        "\"Of k\"",
        &[
            ("int generated always as (k + 1) stored", &[]),
            ("bigint generated always as (f(k)) stored", &[]),
            ("bigint", &["1"]),
        ],
        &["f"],
    ),
];

/// The places of the tables and of all that belongs to them.
pub fn tables() -> impl Strategy<Value = Places> {
    let all = [table(0).boxed(), table(1).boxed(), table(2).boxed()];
    all.prop_map(|tables| tables.into_iter().flatten().collect())
}

fn table(number: usize) -> impl Strategy<Value = Places> {
    let columns: Vec<_> = (0..COLUMNS.len()).map(|at| column(number, at)).collect();
    (
        whole(number),
        columns,
        key(number),
        prop::collection::vec(constraint(number), 2),
        prop::collection::vec(index(number), 3),
        reference(number),
        on_top(number),
    )
        .prop_map(
            move |(table, columns, key, constraints, indexes, reference, on_top)| {
                let mut places = vec![Some(table)];
                places.extend(columns);
                places.push(key);
                places.extend(numbered(constraints, |at| {
                    format!("{number} constraint {at}")
                }));
                places.extend(numbered(indexes, |at| format!("{number} index {at}")));
                places.push(reference);
                places.extend(on_top);
                places
            },
        )
}

/// Gives pieces of one kind names of their own.
fn numbered(all: Vec<Option<Piece>>, name: impl Fn(usize) -> String) -> Places {
    let all = all.into_iter().enumerate();
    let named = |(at, piece): (usize, Option<Piece>)| {
        piece.map(|piece| Piece {
            name: name(at),
            sql: piece.sql.replace("NUMBER", &at.to_string()),
            ..piece
        })
    };
    all.map(named).collect()
}

fn piece(name: String, needs: impl IntoIterator<Item = String>, sql: String) -> Piece {
    let needs = needs.into_iter().collect();
    Piece { name, needs, sql }
}

fn of_column(number: usize, at: usize) -> String {
    format!("{number}.{}", COLUMNS[at].0)
}

fn whole(number: usize) -> impl Strategy<Value = Piece> {
    let (name, needs) = TABLES[number];
    let with = prop::sample::select(vec![
        "",
        " with (fillfactor = 50)",
        " with (fillfactor = 90)",
    ]);
    let words = (prop::bool::weighted(0.3), with, prop::bool::ANY);
    words.prop_map(move |(unlogged, with, comment)| {
        // Another table must not refer to one that is not logged.
        let kind = match unlogged && number == 2 {
            true => "unlogged table",
            false => "table",
        };
        let mut sql = format!("create {kind} {name} (){with};");
        if comment {
            sql.push_str(&format!(" comment on table {name} is 'About {with}';"));
        }
        piece(
            number.to_string(),
            needs.iter().map(|need| (*need).to_owned()),
            sql,
        )
    })
}

fn column(number: usize, at: usize) -> impl Strategy<Value = Option<Piece>> + use<> {
    let (table, (name, types, needs)) = (TABLES[number].0, COLUMNS[at]);
    let one = (
        prop::sample::select(types.to_vec()),
        any::<prop::sample::Index>(),
        prop::bool::weighted(0.3),
        0..10_u8,
    );
    let one = one.prop_map(move |((kind, defaults), default, not_null, other)| {
        let mut sql = format!("alter table {table} add {name} {kind}");
        let is_key = at < 2;
        match other {
            0 if is_key => sql.push_str(" generated always as identity"),
            1 if is_key => sql.push_str(" generated by default as identity (start 5 increment 2)"),
            _ => {
                let at = default.index(defaults.len() + 1);
                let default = defaults.get(at).map(|value| format!(" default {value}"));
                sql.push_str(&default.unwrap_or_default());
            }
        }
        if not_null {
            sql.push_str(" not null");
        }
        sql.push(';');
        if other == 9 {
            sql.push_str(
                &format!(" comment on column {table}.{name} is '{kind} it is';")
                    .replace(" collate \"C\"", ""),
            );
        }
        let needs = needs.iter().map(|need| (*need).to_owned());
        let of_key = (at == COLUMNS.len() - 1).then(|| of_column(number, 0));
        piece(
            of_column(number, at),
            needs.chain([number.to_string()]).chain(of_key),
            sql,
        )
    });
    // The first is there, so that keys have something to refer to.
    prop::option::weighted(if at == 0 { 0.95 } else { 0.7 }, one)
}

/// Some of the columns, in some order, with what is needed for them.
fn columns(
    number: usize,
    from: Range<usize>,
    count: Range<usize>,
) -> impl Strategy<Value = (Vec<&'static str>, Vec<String>)> {
    let all: Vec<usize> = from.collect();
    let some = prop::sample::subsequence(all, count).prop_shuffle();
    some.prop_map(move |some| {
        let names = some.iter().map(|at| COLUMNS[*at].0).collect();
        (
            names,
            some.iter().map(|at| of_column(number, *at)).collect(),
        )
    })
}

fn key(number: usize) -> impl Strategy<Value = Option<Piece>> {
    let table = TABLES[number].0;
    let forms = prop::sample::select(vec![
        "add primary key (k)",
        "add constraint \"K.NAME\" primary key (k)",
        "add constraint \"K.NAME\" unique (k)",
        "add constraint \"K.NAME\" primary key (k) with (fillfactor = 80)",
    ]);
    let name = format!("Key of {number}");
    let forms = forms.prop_map(move |form| {
        let sql = format!("alter table {table} {};", form.replace("K.NAME", &name));
        piece(format!("{number} key"), [of_column(number, 0)], sql)
    });
    prop::option::weighted(0.9, forms)
}

fn constraint(number: usize) -> impl Strategy<Value = Option<Piece>> {
    let table = TABLES[number].0;
    let forms = prop::sample::select(vec![
        "unique (COLUMNS)",
        "unique nulls not distinct (COLUMNS)",
        "unique (COLUMNS) deferrable initially deferred",
        "unique (COLUMNS) include (k)",
        "check ((COLUMNS) is not null)",
        "check (num_nulls(COLUMNS) between 0 and 3 and k is not null) not valid",
        "exclude (FIRST with =) where (k > 0)",
    ]);
    let all = (columns(number, 1..COLUMNS.len(), 1..4), forms, 0..3_u8);
    let one = all.prop_map(move |((names, mut needs), form, name)| {
        let form = form
            .replace("COLUMNS", &names.join(", "))
            .replace("FIRST", names[0]);
        let name = match name {
            0 => String::new(),
            name => format!("constraint \"c {number} NUMBER {name}\" "),
        };
        needs.push(of_column(number, 0));
        piece(
            String::new(),
            needs,
            format!("alter table {table} add {name}{form};"),
        )
    });
    prop::option::weighted(0.6, one)
}

fn index(number: usize) -> impl Strategy<Value = Option<Piece>> {
    let table = TABLES[number].0;
    let forms = prop::sample::select(vec![
        "(COLUMNS)",
        "(COLUMNS) include (k) where k > 3",
        "using hash (FIRST)",
        "using brin (k) with (pages_per_range = 8)",
        "((FIRST::text) text_pattern_ops, k desc nulls last)",
        "(coalesce(k, 0), COLUMNS)",
        "(COLUMNS) where FIRST is not null and k in (1, 2)",
    ]);
    let all = (
        columns(number, 1..COLUMNS.len(), 1..4),
        forms,
        0..3_u8,
        any::<bool>(),
    );
    let one = all.prop_map(move |((names, mut needs), form, name, is_unique)| {
        // Not all methods can be unique, not all expressions are immutable.
        let form = match form {
            form if form.contains("::text") && names[0] != "\"select\"" => "(COLUMNS)",
            form => form,
        };
        let unique = if is_unique && !form.starts_with("using") {
            "unique "
        } else {
            ""
        };
        let form = form
            .replace("COLUMNS", &names.join(", "))
            .replace("FIRST", names[0]);
        needs.push(of_column(number, 0));
        let name = format!("\"I.{number} NUMBER {name}\"");
        let mut sql = format!("create {unique}index {name} on {table} {form};");
        if is_unique {
            let schema = if number == 2 { "\"My.odd one\"." } else { "" };
            sql.push_str(&format!(
                " comment on index {schema}{name} is 'I {unique}';"
            ));
        }
        piece(String::new(), needs, sql)
    });
    prop::option::weighted(0.6, one)
}

/// A foreign key to this table or an earlier one.
fn reference(number: usize) -> impl Strategy<Value = Option<Piece>> {
    let table = TABLES[number].0;
    let forms = prop::sample::select(vec![
        "",
        " on delete cascade on update restrict",
        " on delete set null deferrable initially deferred",
        " match full",
        " not valid",
    ]);
    let one = (0..=number, forms, 0..2_u8).prop_map(move |(other, form, name)| {
        let goal = TABLES[other].0;
        let sql = format!(
            "alter table {table} add constraint \"F.{name}\" foreign key (\"Key.2\") references {goal} (k){form};"
        );
        let needs = [of_column(number, 1), of_column(other, 0), format!("{other} key")];
        piece(format!("{number} reference"), needs, sql)
    });
    prop::option::weighted(0.7, one)
}

/// A view, extended statistics, a trigger and a policy on some columns.
fn on_top(number: usize) -> impl Strategy<Value = Places> {
    let table = TABLES[number].0;
    let view = (columns(number, 0..COLUMNS.len(), 1..5), 0..4_u8).prop_map(
        move |((names, needs), kind)| {
            let kind = match kind {
                0 => "materialized view",
                _ => "view",
            };
            let sql = format!(
                "create {kind} \"V.{number}\" as select {} from {table};",
                names.join(", ")
            );
            piece(format!("{number} view"), needs, sql)
        },
    );
    let statistics = columns(number, 0..5, 2..4).prop_map(move |(names, needs)| {
        let sql = format!(
            "create statistics \"S.{number}\" on {} from {table};",
            names.join(", ")
        );
        piece(format!("{number} statistics"), needs, sql)
    });
    let trigger = (columns(number, 0..COLUMNS.len(), 1..3), any::<bool>()).prop_map(move |((names, needs), when)| {
        let when = match when {
            true => format!("when (old.{0} is distinct from new.{0}) ", names[0]),
            false => String::new(),
        };
        let names = names.join(", ");
        let sql = format!(
            "create trigger \"T.{number}\" after update of {names} on {table} for each row {when}execute function touch();"
        );
        piece(format!("{number} trigger"), needs.into_iter().chain(["touch".to_owned()]), sql)
    });
    let policy = columns(number, 0..COLUMNS.len(), 1..3).prop_map(move |(names, needs)| {
        let sql = format!(
            "create policy \"P.{number}\" on {table} using (({}) is not null); alter table {table} enable row level security;",
            names.join(", ")
        );
        piece(format!("{number} policy"), needs, sql)
    });
    let some = |one: BoxedStrategy<Piece>| prop::option::weighted(0.6, one);
    (
        some(view.boxed()),
        some(statistics.boxed()),
        some(trigger.boxed()),
        some(policy.boxed()),
    )
        .prop_map(|(view, statistics, trigger, policy)| vec![view, statistics, trigger, policy])
}
