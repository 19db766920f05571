//! The diagram as text for Mermaid, an `erDiagram`.
//!
//! Its grammar takes any text only in quotes: tables, labels and comments are quoted. Names and types of columns cannot be,
//! so what it does not take in them becomes `_`.

use std::fmt::Write;

use super::measure::shown;
use super::{Column, Diagram, Relation};

pub(super) fn text(diagram: &Diagram) -> String {
    let mut text = String::from("erDiagram\n");
    for table in &diagram.tables {
        // Writing to a text does not fail.
        let _ = writeln!(text, "    {} {{", quoted(&table.name));
        for column in &table.columns {
            let _ = writeln!(text, "        {}", attribute(column));
        }
        text.push_str("    }\n");
    }
    for relation in &diagram.relations {
        let _ = writeln!(text, "    {}", relationship(diagram, relation));
    }
    text
}

fn attribute(column: &Column) -> String {
    let mut words = vec![word(&column.data_type), word(&column.name)];
    let keys = [
        (column.in_primary_key, "PK"),
        (column.in_foreign_key, "FK"),
        (column.unique && !column.in_primary_key, "UK"),
    ];
    let keys: Vec<&str> = keys
        .iter()
        .filter(|(is, _)| *is)
        .map(|(_, key)| *key)
        .collect();
    if !keys.is_empty() {
        words.push(keys.join(", "));
    }
    if let Some(comment) = &column.comment {
        words.push(quoted(comment));
    }
    words.join(" ")
}

/// What is referred to stands first, as in the picture.
fn relationship(diagram: &Diagram, relation: &Relation) -> String {
    let (from, to) = (&diagram.tables[relation.from], &diagram.tables[relation.to]);
    let referred = if relation.optional { "|o" } else { "||" };
    let referring = if relation.unique { "o|" } else { "o{" };
    let columns = relation
        .columns
        .iter()
        .map(|&(column, _)| from.columns[column].name.as_str());
    let columns: Vec<&str> = columns.collect();
    format!(
        "{} {referred}--{referring} {} : {}",
        quoted(&to.name),
        quoted(&from.name),
        quoted(&columns.join(", "))
    )
}

/// In quotes, in which these characters have a meaning. Mermaid's way to write them is `#name;`.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in shown(text).chars() {
        match character {
            '"' => quoted.push_str("#quot;"),
            '<' => quoted.push_str("#lt;"),
            '>' => quoted.push_str("#gt;"),
            '&' => quoted.push_str("#amp;"),
            '#' => quoted.push_str("#35;"),
            '%' => quoted.push_str("#37;"),
            '\\' => quoted.push_str("#92;"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// A name or a type, as the grammar takes it.
fn word(text: &str) -> String {
    let inner = text.trim_matches('"');
    let is_taken = |it: char| it.is_ascii_alphanumeric() || "_[]()".contains(it) || is_letter(it);
    let mut word: String = inner
        .chars()
        .map(|it| if is_taken(it) { it } else { '_' })
        .collect();
    let begins = word.chars().next();
    if !begins.is_some_and(|it| it.is_ascii_alphabetic() || it == '_' || is_letter(it)) {
        word.insert(0, '_');
    }
    // It would be taken for a key.
    if ["pk", "fk", "uk"].contains(&word.to_ascii_lowercase().as_str()) {
        word.push('_');
    }
    word
}

/// The letters beyond ASCII of Mermaid's grammar.
fn is_letter(character: char) -> bool {
    ('\u{c0}'..='\u{ffff}').contains(&character) && character.is_alphanumeric()
}
