//! What all lists have in common: how many rows a page has, and cursors, which are opaque to clients.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};

use crate::domain::transactions::list::latest_time;

/// How many rows a page has at most.
pub(super) const MAX_ROWS: i64 = 100;
/// And how many if nothing is said.
pub(super) const DEFAULT_ROWS: i64 = 20;
/// Longer than any cursor is.
pub(super) const MAX_CURSOR_CHARACTERS: usize = 400;
/// What is wrong with a cursor.
pub(super) const BAD_CURSOR: &str = "must be the next_cursor of an earlier answer";

/// The rows that are asked for.
pub(super) fn check_rows(rows: Option<i64>) -> Result<i64, String> {
    let rows = rows.unwrap_or(DEFAULT_ROWS);
    if (1..=MAX_ROWS).contains(&rows) {
        Ok(rows)
    } else {
        Err(format!("must be a whole number from 1 to {MAX_ROWS}"))
    }
}

/// A time that is asked for.
pub(super) fn check_time(time: DateTime<Utc>) -> Result<DateTime<Utc>, &'static str> {
    if (DateTime::UNIX_EPOCH..=latest_time()).contains(&time) {
        Ok(time)
    } else {
        Err("must be a time since 1970")
    }
}

/// A cursor of a position.
pub(super) fn write_cursor(position: &str) -> String {
    URL_SAFE_NO_PAD.encode(position)
}

/// The position of a cursor.
pub(super) fn read_cursor(cursor: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}
