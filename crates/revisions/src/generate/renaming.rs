//! New names that the model tells: `-- renamed-from: old_name`, above a `create table` or a column, or at the end of its
//! line.
//!
//! Tables and columns are renamed in the database before the schemas are compared, since a new name shows in many other
//! definitions.

use super::Step;
use super::text::{column, last};
use crate::catalog::{Catalog, Class, Key, without_last};
use crate::lexer::{Kind, Lexer, Token};

/// A new name, and the statements of both ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renamed {
    /// It gives the new name.
    pub up: Step,
    /// It gives the old one back.
    pub down: Step,
}

/// A hint of the model.
#[derive(Debug, PartialEq, Eq)]
struct Hint {
    /// The table, as it is called now.
    table: String,
    /// The column, if it is about one.
    column: Option<String>,
    old: String,
}

/// What the hints in `model`, the text of the wanted schema, say about tables and columns of `found`. Hints that are
/// done already say nothing.
#[must_use]
pub fn renames(model: &str, found: &Catalog, wanted: &Catalog) -> Vec<Renamed> {
    let hints = hints(model);
    let mut renamed = Vec::new();
    let mut tables: Vec<(String, String)> = Vec::new();
    for hint in hints.iter().filter(|hint| hint.column.is_none()) {
        let Some(new) = table(wanted, &hint.table) else {
            continue;
        };
        let old = format!("{}.{}", without_last(&new), last(&hint.old));
        let is_open = found.get(Class::Table, &old).is_some()
            && found.get(Class::Table, &new).is_none()
            && wanted.get(Class::Table, &old).is_none();
        if is_open {
            let rename = |from: &str, to: &str| {
                let step = Step::new(format!("alter table {from} rename to {}", last(to)));
                step.locking(from)
            };
            renamed.push(Renamed {
                up: rename(&old, &new),
                down: rename(&new, &old),
            });
            tables.push((new, old));
        }
    }
    for hint in &hints {
        let (Some(name), Some(table)) = (&hint.column, table(wanted, &hint.table)) else {
            continue;
        };
        let before = tables.iter().find(|(new, _)| *new == table);
        let before = before.map_or(&table, |(_, old)| old);
        let has = |catalog: &Catalog, table: &str, name: &str| {
            let key: Key = column(&format!("{table}.{name}"));
            catalog.objects.contains_key(&key)
        };
        let is_open = has(found, before, &hint.old)
            && !has(found, before, name)
            && has(wanted, &table, name)
            && !has(wanted, &table, &hint.old);
        if is_open {
            let rename = |from: &str, to: &str| {
                let sql = format!("alter table {table} rename column {from} to {to}");
                Step::new(sql).locking(&table)
            };
            renamed.push(Renamed {
                up: rename(&hint.old, name),
                down: rename(name, &hint.old),
            });
        }
    }
    renamed
}

/// The table that a model calls so, with its schema.
fn table(catalog: &Catalog, written: &str) -> Option<String> {
    let is_table = |name: &str| catalog.get(Class::Table, name).is_some();
    let in_public = format!("public.{written}");
    if is_table(written) {
        return Some(written.to_owned());
    }
    if is_table(&in_public) {
        return Some(in_public);
    }
    let all = catalog.objects.keys();
    let mut named = all.filter(|key| key.class == Class::Table && last(&key.name) == written);
    match (named.next(), named.next()) {
        (Some(key), None) => Some(key.name.clone()),
        _ => None,
    }
}

fn hints(model: &str) -> Vec<Hint> {
    let tokens: Vec<Token> = Lexer::new(model, 0).collect();
    let word = |at: usize| tokens.get(at).map_or("", |token| token.text(model));
    let mut hints = Vec::new();
    let mut pending: Option<String> = None;
    let mut at = 0;
    while at < tokens.len() {
        if let Some(old) = hint(&tokens[at], model) {
            pending = Some(old);
        } else if !tokens[at].is_comment() {
            if word(at).eq_ignore_ascii_case("create")
                && let Some((name, next)) = create_table(&tokens, model, at)
            {
                at = columns(&tokens, model, next, &name, pending.take(), &mut hints);
                continue;
            }
            pending = None;
        }
        at += 1;
    }
    hints
}

/// The old name that a comment tells.
fn hint(token: &Token, model: &str) -> Option<String> {
    let text = token.text(model).strip_prefix("--")?.trim();
    let old = text.strip_prefix("renamed-from:")?.trim();
    let is_name = token.kind == Kind::LineComment && !old.is_empty();
    is_name.then(|| match old.starts_with('"') {
        true => old.to_owned(),
        false => old.to_lowercase(),
    })
}

/// The name after `create table`, and the token after it.
fn create_table(tokens: &[Token], model: &str, at: usize) -> Option<(String, usize)> {
    let mut next = at + 1;
    let mut is_table = false;
    while let Some(token) = tokens.get(next) {
        match token.text(model).to_lowercase().as_str() {
            "table" => is_table = true,
            "unlogged" | "foreign" | "if" | "not" | "exists" => {}
            _ => break,
        }
        next += 1;
    }
    if !is_table {
        return None;
    }
    let mut name = String::new();
    while let Some(token) = tokens.get(next) {
        match token.kind {
            Kind::Word => name.push_str(&token.text(model).to_lowercase()),
            Kind::QuotedName => name.push_str(token.text(model)),
            Kind::Symbol if token.text(model) == "." => name.push('.'),
            _ => break,
        }
        next += 1;
    }
    Some((name, next))
}

/// Reads the list of columns from its bracket on; where it ends.
fn columns(
    tokens: &[Token],
    model: &str,
    start: usize,
    table: &str,
    of_table: Option<String>,
    hints: &mut Vec<Hint>,
) -> usize {
    let line_of = |token: &Token| model[..token.range.start].matches('\n').count();
    let mut of_table = of_table;
    let (mut depth, mut at) = (0_usize, start);
    let (mut pending, mut current): (Option<String>, Option<(String, usize)>) = (None, None);
    // Whether the next word is the first of an item.
    let mut is_first = false;
    while let Some(token) = tokens.get(at) {
        if let Some(old) = hint(token, model) {
            let line = line_of(token);
            let on_line_of_table = start
                .checked_sub(1)
                .is_some_and(|name| line_of(&tokens[name]) == line);
            match &current {
                Some((name, of)) if *of == line => hints.push(Hint {
                    table: table.to_owned(),
                    column: Some(name.clone()),
                    old,
                }),
                _ if on_line_of_table => of_table = Some(old),
                _ => pending = Some(old),
            }
        } else if !token.is_comment() {
            match token.text(model) {
                "(" => {
                    depth += 1;
                    is_first = depth == 1;
                }
                ")" => depth = depth.saturating_sub(1),
                ";" => break,
                "," if depth == 1 => is_first = true,
                text if is_first => {
                    is_first = false;
                    let name = match token.kind {
                        Kind::QuotedName => text.to_owned(),
                        _ => text.to_lowercase(),
                    };
                    if let Some(old) = pending.take() {
                        hints.push(Hint {
                            table: table.to_owned(),
                            column: Some(name.clone()),
                            old,
                        });
                    }
                    current = Some((name, line_of(token)));
                }
                _ => {}
            }
        }
        at += 1;
    }
    hints.extend(of_table.map(|old| Hint {
        table: table.to_owned(),
        column: None,
        old,
    }));
    at
}
