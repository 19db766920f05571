//! What commands print: a table for people, JSON or CSV for programs.

use std::io::Write;

use clap::Args;
use comfy_table::{CellAlignment, Table};
use serde_json::Value;

/// How to print.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Format {
    /// Print JSON
    #[arg(long, conflicts_with = "csv")]
    pub(super) json: bool,
    /// Print comma-separated values, with a line of headings
    #[arg(long)]
    pub(super) csv: bool,
}

/// A column: its heading, and whether it holds numbers, which stand to the right.
pub(super) type Column = (&'static str, bool);

/// Prints rows for people. Nothing if there are none.
pub(super) fn print_table(
    out: &mut impl Write,
    columns: &[Column],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> anyhow::Result<()> {
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(columns.iter().map(|(heading, _)| *heading));
    for (column, (_, is_number)) in table.column_iter_mut().zip(columns) {
        if *is_number {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.add_rows(rows);
    if !table.is_empty() {
        writeln!(out, "{table}")?;
    }
    Ok(())
}

/// Prints rows for spreadsheets; without columns, rows that follow others.
pub(super) fn print_csv(
    out: &mut impl Write,
    columns: &[Column],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> anyhow::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    if !columns.is_empty() {
        writer.write_record(columns.iter().map(|(heading, _)| *heading))?;
    }
    for row in rows {
        writer.write_record(row)?;
    }
    writer.flush()?;
    Ok(())
}

/// Prints one JSON value.
pub(super) fn print_json(out: &mut impl Write, value: &Value) -> anyhow::Result<()> {
    writeln!(out, "{value:#}")?;
    Ok(())
}

/// A number with the word for one, or for several.
pub(super) fn counted(number: impl ToString, one: &str, several: &str) -> String {
    let text = number.to_string();
    let word = if text == "1" { one } else { several };
    format!("{text} {word}")
}
