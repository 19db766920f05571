//! How much room text takes, and what a table's box has where. In pixels; whoever draws and whoever places it has to agree.
//!
//! The reader's font is not known, only that it has a fixed width. What is reckoned with is the widest of the usual ones.

use unicode_width::UnicodeWidthStr;

use super::{Column, Table};

/// The height of the head of a box, with the name of the table.
pub(super) const HEAD: i32 = 30;
/// The height of a row.
pub(super) const ROW: i32 = 20;
/// Below the last row.
const FOOT: i32 = 6;
/// Left and right of all text.
pub(super) const PADDING: i32 = 12;
/// Between name, type and marks.
const BETWEEN: i32 = 14;
/// A mark such as `PK`, with the space to the next.
pub(super) const MARK: i32 = 19;

/// The width of text of 12 pixels.
pub(super) fn text_width(text: &str) -> i32 {
    width(text, 75)
}

/// The width of the name of a table, of 13 pixels and bold.
pub(super) fn title_width(text: &str) -> i32 {
    width(text, 82)
}

/// `tenths` of a pixel for each column of a terminal; wide letters have two.
fn width(text: &str, tenths: i32) -> i32 {
    let columns = i32::try_from(shown(text).width()).unwrap_or(i32::MAX / 1_000);
    (columns.min(100_000) * tenths + 9) / 10
}

/// The text without what cannot be seen, nor be in an XML document.
pub(super) fn shown(text: &str) -> String {
    let is_hidden = |it: char| it.is_control() || matches!(it, '\u{fffe}' | '\u{ffff}');
    text.chars()
        .map(|it| if is_hidden(it) { ' ' } else { it })
        .collect()
}

/// The columns of a box, from its left edge.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measures {
    pub(super) width: i32,
    pub(super) height: i32,
    /// Where the types begin.
    pub(super) type_at: i32,
}

pub(super) fn measures(table: &Table) -> Measures {
    let names = table.columns.iter().map(|it| text_width(&it.name));
    let type_at = PADDING + names.max().unwrap_or(0) + BETWEEN;
    // The marks are at the right edge: where there are none, the type may be as long as it likes.
    let rows = table.columns.iter().map(|column| {
        let marks = i32::try_from(marks(column).len()).unwrap_or(0) * MARK;
        let space = if marks > 0 { BETWEEN } else { 0 };
        type_at + text_width(&type_words(column)) + space + marks + PADDING
    });
    let title = title_width(&table.name) + 2 * PADDING;
    let count = i32::try_from(table.columns.len()).unwrap_or(0);
    Measures {
        width: rows.max().unwrap_or(0).max(title),
        height: HEAD + count * ROW + FOOT,
        type_at,
    }
}

/// The middle of a row, from the upper edge of the box.
pub(super) fn row_middle(row: usize) -> i32 {
    HEAD + i32::try_from(row).unwrap_or(0) * ROW + ROW / 2 + FOOT / 2
}

/// The type, with a question mark if there may be none.
fn type_words(column: &Column) -> String {
    let mark = if column.nullable { " ?" } else { "" };
    format!("{}{mark}", column.data_type)
}

/// What is said of a column besides: how it is called, and the class of its style.
pub(super) fn marks(column: &Column) -> Vec<(&'static str, &'static str)> {
    let marks = [
        (column.in_primary_key, ("PK", "primary")),
        (column.in_foreign_key, ("FK", "foreign")),
        (column.unique && !column.in_primary_key, ("UK", "unique")),
    ];
    let marks = marks.into_iter().filter(|(is, _)| *is);
    marks.map(|(_, mark)| mark).collect()
}
