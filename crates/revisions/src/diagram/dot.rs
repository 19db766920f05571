//! The diagram as a graph for Graphviz, with a table of HTML for each table.

use std::fmt::Write;

use super::measure::{marks, shown};
use super::{Column, Diagram, Relation, Table};

pub(super) fn text(diagram: &Diagram) -> String {
    let mut text = String::from(
        "digraph schema {\n    \
         graph [rankdir=LR, nodesep=0.4, ranksep=1.2];\n    \
         node [shape=plain, fontname=\"monospace\", fontsize=11];\n    \
         edge [dir=both, color=\"#6e7781\"];\n",
    );
    for table in &diagram.tables {
        text.push_str(&node(table));
    }
    for relation in &diagram.relations {
        text.push_str(&edge(diagram, relation));
    }
    text.push_str("}\n");
    text
}

fn node(table: &Table) -> String {
    let tooltip = table.comment.as_deref().unwrap_or(&table.name);
    let mut text = format!(
        "    {} [tooltip={}, label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\" cellpadding=\"4\" color=\"#d1d9e0\">\n        \
         <tr><td colspan=\"3\" align=\"left\" bgcolor=\"#eaf3ff\"><b>{}</b></td></tr>\n",
        quoted(&table.name),
        quoted(tooltip),
        escaped(&table.name)
    );
    for (row, column) in table.columns.iter().enumerate() {
        // Writing to a text does not fail.
        let _ = writeln!(text, "        {}", row_of(row, column));
    }
    text.push_str("    </table>>];\n");
    text
}

/// The ports of a row are at its outer cells.
fn row_of(row: usize, column: &Column) -> String {
    let name = escaped(&column.name);
    let name = if column.in_primary_key {
        format!("<b>{name}</b>")
    } else {
        name
    };
    let data_type = escaped(&column.data_type);
    let nullable = if column.nullable { " ?" } else { "" };
    let marks: Vec<&str> = marks(column).into_iter().map(|(mark, _)| mark).collect();
    format!(
        "<tr><td port=\"left{row}\" align=\"left\">{name}</td><td align=\"left\">{data_type}{nullable}</td><td port=\"right{row}\">{}</td></tr>",
        marks.join(" ")
    )
}

/// What is referred to stands left, as in the picture.
fn edge(diagram: &Diagram, relation: &Relation) -> String {
    let (from_row, to_row) = diagram.anchor(relation);
    let is_loop = relation.from == relation.to;
    let side = if is_loop { "right" } else { "left" };
    format!(
        "    {}:right{to_row} -> {}:{side}{from_row} [arrowtail={}, arrowhead={}, tooltip={}];\n",
        quoted(&diagram.tables[relation.to].name),
        quoted(&diagram.tables[relation.from].name),
        if relation.optional { "teeodot" } else { "tee" },
        if relation.unique { "tee" } else { "crow" },
        quoted(&format!("{} ({})", diagram.words(relation), relation.name)),
    )
}

/// In quotes, as the language wants it.
fn quoted(text: &str) -> String {
    let text = shown(text).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{text}\"")
}

/// As a label of HTML wants it.
fn escaped(text: &str) -> String {
    shown(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
