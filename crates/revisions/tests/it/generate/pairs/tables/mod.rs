//! Tables with columns, keys, indexes and what stands on them, drawn at random. The names are the same in all schemas, so
//! that what two schemas have in common is altered.

mod columns;
mod keys;

use proptest::prelude::*;

use super::schema::{Piece, Places};
use columns::{COLUMNS, column, columns};
use keys::{constraint, index, key, reference};

/// The tables, and the piece that makes their schema.
const TABLES: [(&str, &[&str]); 3] = [
    ("r", &[]),
    ("\"Order\"", &[]),
    ("\"My.odd one\".\"r 2\"", &["odd"]),
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
