//! Keys, checks, exclusions, indexes and foreign keys of the tables that are drawn at random.

use proptest::prelude::*;

use super::columns::{COLUMNS, columns, of_column};
use super::{TABLES, piece};
use crate::generate::pairs::schema::Piece;

pub fn key(number: usize) -> impl Strategy<Value = Option<Piece>> {
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

pub fn constraint(number: usize) -> impl Strategy<Value = Option<Piece>> {
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

pub fn index(number: usize) -> impl Strategy<Value = Option<Piece>> {
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
pub fn reference(number: usize) -> impl Strategy<Value = Option<Piece>> {
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
