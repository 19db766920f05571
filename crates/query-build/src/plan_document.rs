//! The report of the queries, for people: each with its plan, its indexes and its columns, and the indexes that no query
//! uses. Markdown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::nullability::Traced;
use crate::plan::{Node, Plans};
use crate::prepare::Prepared;
use crate::query_file::{Query, QueryFile};
use crate::source::Source;
use crate::waiver::Rule;

/// Writes the report.
pub(crate) fn write(
    files: &[QueryFile],
    prepared: &[Prepared],
    plans: &Plans,
    traced: &[Traced],
    small_tables: &BTreeMap<String, String>,
) -> String {
    let mut text = String::from(
        "# Queries\n\n\
         Planned by the build on empty tables, with the ways that need no index switched off: the generic plan, whatever \
         is bound.\n",
    );
    let mut used = BTreeSet::new();
    let mut module = None;
    for ((prepared, plan), traced) in prepared.iter().zip(&plans.plans).zip(traced) {
        let (file, query) = prepared.of(files);
        if module.replace(&file.module) != Some(&file.module) {
            push(&mut text, &format!("\n## {}\n", file.module.join("::")));
        }
        let plan = plan.as_ref().map(|plan| &plan.tree);
        let indexes = plan.map(indexes).unwrap_or_default();
        one_query(
            &mut text,
            &file.source,
            query,
            prepared,
            plan,
            &indexes,
            traced,
        );
        used.extend(indexes);
    }
    unused_indexes(&mut text, plans, &used);
    if !small_tables.is_empty() {
        text.push_str("\n## Tables that stay small\n\n");
        for (table, reason) in small_tables {
            push(&mut text, &format!("- `{table}`: {reason}\n"));
        }
    }
    text
}

/// Writing to a string cannot fail.
fn push(text: &mut String, more: &str) {
    text.write_str(more).ok();
}

fn one_query(
    text: &mut String,
    source: &Source,
    query: &Query,
    prepared: &Prepared,
    plan: Option<&Node>,
    indexes: &BTreeSet<(String, String)>,
    traced: &Traced,
) {
    push(text, &format!("\n### {}\n\n", query.line.name.text));
    for line in &query.docs {
        let line = source.text[line.clone()].trim_start_matches('-').trim();
        push(text, &format!("{line}\n"));
    }
    if let Some(plan) = plan {
        push(text, &format!("\n```text\n{plan}\n```\n\n"));
        let names: Vec<String> = indexes
            .iter()
            .map(|(_, name)| format!("`{name}`"))
            .collect();
        let names = if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        };
        push(text, &format!("Indexes: {names}\n"));
    }
    let columns = prepared.statement.columns().iter().zip(&traced.columns);
    let nullable = columns.filter_map(|(column, why)| Some((column.name(), why.as_ref()?)));
    let nullable: Vec<String> = nullable
        .map(|(name, why)| format!("- `{name}`: {why}\n"))
        .collect();
    if !nullable.is_empty() {
        push(text, &format!("\nMay be null:\n\n{}", nullable.concat()));
    }
    for waiver in &query.waivers {
        let what = match &waiver.rule {
            Rule::FullScan => "It may read all of a table".to_owned(),
            Rule::NotNull(column) => format!("`{}` is never null", column.text),
        };
        push(text, &format!("\n{what}: {}\n", waiver.reason));
    }
}

fn indexes(plan: &Node) -> BTreeSet<(String, String)> {
    let mut indexes = BTreeSet::new();
    for node in plan.all() {
        let schema = node
            .text("Schema")
            .or_else(|| plan_schema(plan, node))
            .unwrap_or("public");
        if let Some(name) = node.text("Index Name") {
            indexes.insert((schema.to_owned(), name.to_owned()));
        }
        for arbiter in node.texts("Conflict Arbiter Indexes") {
            indexes.insert((schema.to_owned(), arbiter.to_owned()));
        }
    }
    indexes
}

/// A scan of an index below a bitmap has no schema of its own.
fn plan_schema<'a>(plan: &'a Node, scan: &Node) -> Option<&'a str> {
    let above = plan.all().into_iter().find(|node| {
        node.kind() == "Bitmap Heap Scan"
            && node.all().iter().any(|below| std::ptr::eq(*below, scan))
    });
    above?.text("Schema")
}

fn unused_indexes(text: &mut String, plans: &Plans, used: &BTreeSet<(String, String)>) {
    text.push_str("\n## Indexes that no query uses\n\n");
    let mut is_empty = true;
    for (name, index) in &plans.indexes {
        if used.contains(name) {
            continue;
        }
        is_empty = false;
        let enforces = index.enforces.as_ref();
        let enforces = enforces
            .map(|what| format!("; it holds {what}"))
            .unwrap_or_default();
        push(
            text,
            &format!("- `{}` on `{}`{enforces}\n", name.1, index.table),
        );
    }
    if is_empty {
        text.push_str("None.\n");
    }
}
