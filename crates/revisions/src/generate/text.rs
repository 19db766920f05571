//! Pieces of SQL: names, literals, lists, and PostgreSQL's definitions in small letters.

use crate::catalog::{Class, Facts, Key, without_last};
use crate::lexer::{Kind, Lexer};

/// A definition of PostgreSQL's with its key words in small letters. Names that are not quoted are small already.
pub(super) fn lower(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut at = 0;
    for token in Lexer::new(sql, 0) {
        text.push_str(&sql[at..token.range.start]);
        match token.kind {
            Kind::Word => text.push_str(&token.text(sql).to_lowercase()),
            _ => text.push_str(token.text(sql)),
        }
        at = token.range.end;
    }
    text.push_str(&sql[at..]);
    text
}

/// A text between apostrophes.
pub(super) fn literal(text: &str) -> String {
    match text.contains('\\') {
        true => format!("e'{}'", text.replace('\\', "\\\\").replace('\'', "''")),
        false => format!("'{}'", text.replace('\'', "''")),
    }
}

/// `email` of `public.users.email`.
pub(super) fn last(name: &str) -> &str {
    let prefix = without_last(name);
    match name[prefix.len()..].strip_prefix('.') {
        Some(last) => last,
        None => name,
    }
}

/// A name, in quotes if it needs them.
pub(super) fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    match starts_well && name.chars().all(plain) {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// `public` of `public.users.email`.
pub(super) fn schema(name: &str) -> &str {
    let mut quoted = false;
    let end = name.char_indices().find(|(_, character)| {
        if *character == '"' {
            quoted = !quoted;
        }
        *character == '.' && !quoted
    });
    end.map_or(name, |(at, _)| &name[..at])
}

/// The key of a column.
pub(super) fn column(name: &str) -> Key {
    Key {
        class: Class::Column,
        name: name.to_owned(),
    }
}

/// A fact.
pub(super) fn fact<'a>(facts: &'a Facts, name: &str) -> Option<&'a str> {
    facts.get(name).map(String::as_str)
}

/// The items of a list, without what is around its commas; those within brackets or quotes separate nothing.
pub(crate) fn items(list: &str) -> Vec<&str> {
    let (mut items, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for token in Lexer::new(list, 0) {
        match token.text(list) {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.saturating_sub(1),
            "," if depth == 0 => {
                items.push(list[start..token.range.start].trim());
                start = token.range.end;
            }
            _ => {}
        }
    }
    items.push(list[start..].trim());
    items.retain(|item| !item.is_empty());
    items
}

/// Storage options as they are written in SQL.
pub(super) fn options(list: &str) -> String {
    let written = list.split(", ").map(|item| match item.split_once('=') {
        Some((name, value)) if value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => {
            format!("{name} = {value}")
        }
        Some((name, value)) => format!("{name} = {}", literal(value)),
        None => item.to_owned(),
    });
    written.collect::<Vec<_>>().join(", ")
}

/// What turns one list of storage options into another: what follows `alter …`.
pub(super) fn option_changes(found: Option<&str>, wanted: Option<&str>) -> Vec<String> {
    let list = |list: Option<&str>| -> Vec<String> {
        let list = list.unwrap_or_default().split(", ");
        list.filter(|item| !item.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let name = |item: &str| item.split('=').next().unwrap_or_default().to_owned();
    let (found, wanted) = (list(found), list(wanted));
    let names: Vec<String> = wanted.iter().map(|item| name(item)).collect();
    let mut gone: Vec<String> = found.iter().map(|item| name(item)).collect();
    gone.retain(|name| !names.contains(name));
    let set: Vec<String> = wanted
        .into_iter()
        .filter(|item| !found.contains(item))
        .collect();
    let mut changes = Vec::new();
    if !gone.is_empty() {
        changes.push(format!("reset ({})", gone.join(", ")));
    }
    if !set.is_empty() {
        changes.push(format!("set ({})", options(&set.join(", "))));
    }
    changes
}
