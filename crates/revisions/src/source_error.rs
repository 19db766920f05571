//! An error in a file of SQL, and its picture: file, line, column, the line itself with a caret under the place.
//!
//! Nothing here knows of revisions; whoever sends SQL from a file to PostgreSQL can use it.

use std::fmt::{self, Display, Formatter};

use tokio_postgres::error::{DbError, ErrorPosition};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

mod scratch;

#[cfg(feature = "cli")]
pub(crate) use scratch::rights_needed;

/// The widest piece of a line that is shown, in terminal columns; of a longer line the piece around the caret is.
const WIDEST_LINE: usize = 160;

/// Something wrong in a file of SQL.
///
/// Its [`Display`] is a report of several lines, in the manner of rustc, without a leading `error: ` and
/// without a line end:
///
/// ```text
/// relation "walets" does not exist (42P01)
///   --> sql/U20251122090000__initial_schema.sql:12:15
///    |
/// 12 | insert into   walets values (1)
///    |               ^
///    = hint: ...
///    = help: mend the file, then run `cargo db upgrade head` again
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceError {
    /// What happened, in one sentence: PostgreSQL's message, or a rule of ours.
    pub message: String,
    /// PostgreSQL's error code (SQLSTATE).
    pub code: Option<String>,
    /// The file, as the reader knows it.
    pub file: String,
    /// The place in the file; `None` where it is the file as a whole.
    pub location: Option<Location>,
    /// PostgreSQL's DETAIL.
    pub detail: Option<String>,
    /// PostgreSQL's HINT.
    pub hint: Option<String>,
    /// Further notes, label first, such as `("where", "PL/pgSQL function …")`.
    pub notes: Vec<(String, String)>,
    /// What to do next.
    pub remedy: Option<String>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// How many characters are underlined; one is a caret.
    pub length: usize,
    /// The line, without its line end.
    pub line_text: String,
}

impl Location {
    /// The place of the byte `offset` of `text`. An offset beyond the end, or inside a character, is moved to the
    /// nearest place before it.
    #[must_use]
    pub fn of_byte(text: &str, offset: usize) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let start = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[offset..]
            .find('\n')
            .map_or(text.len(), |length| offset + length);
        Self {
            line: text[..start].bytes().filter(|&byte| byte == b'\n').count() + 1,
            column: text[start..offset].chars().count() + 1,
            length: 1,
            line_text: text[start..end].trim_end_matches('\r').to_owned(),
        }
    }

    /// The place of the bytes `range` of `text`, of which that on the first line is underlined.
    #[must_use]
    pub fn of_range(text: &str, range: std::ops::Range<usize>) -> Self {
        let piece = text.get(range.clone()).unwrap_or_default();
        let piece = piece.lines().next().unwrap_or_default().trim_end();
        Self {
            length: piece.chars().count().max(1),
            ..Self::of_byte(text, range.start)
        }
    }

    /// The place of a character of `text`, counted from 1 as PostgreSQL's `position` is.
    #[must_use]
    pub fn of_position(text: &str, position: u32) -> Self {
        Self::of_byte(text, byte_of_position(text, position))
    }

    /// The place of a whole line, counted from 1: its first character that is not a blank.
    #[must_use]
    pub fn of_line(text: &str, line: usize) -> Self {
        let line_text = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        let blanks = line_text.chars().take_while(|c| c.is_whitespace()).count();
        let column = if blanks == line_text.chars().count() {
            1
        } else {
            blanks + 1
        };
        Self {
            line,
            column,
            length: 1,
            line_text: line_text.to_owned(),
        }
    }
}

impl Location {
    /// The place of `part`, a piece of the line counted from 1; that of the whole line if it is no piece of it.
    pub(crate) fn of_part(text: &str, line: usize, part: &str) -> Self {
        let before = text.split_inclusive('\n').take(line.saturating_sub(1));
        let start: usize = before.map(str::len).sum();
        let line_text = text[start..].lines().next().unwrap_or_default();
        // Behind the colon, where there is one: the key may have the same letters.
        let key = line_text.find(':').unwrap_or_default();
        let found = line_text[key..].find(part).map(|at| key + at);
        match found.or_else(|| line_text.find(part)) {
            Some(at) if !part.is_empty() => {
                Self::of_range(text, start + at..start + at + part.len())
            }
            _ => Self::of_line(text, line),
        }
    }
}

/// The byte at which the character `position` (from 1) of `text` starts; the end of `text` if it has no such one.
pub(crate) fn byte_of_position(text: &str, position: u32) -> usize {
    let nth = usize::try_from(position.saturating_sub(1)).unwrap_or(usize::MAX);
    text.char_indices()
        .nth(nth)
        .map_or(text.len(), |(byte, _)| byte)
}

impl SourceError {
    /// An error of the file as a whole.
    #[must_use]
    pub fn of_file(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: None,
            file: file.into(),
            location: None,
            detail: None,
            hint: None,
            notes: Vec::new(),
            remedy: None,
        }
    }

    /// An error at a place of the file.
    #[must_use]
    pub fn at(file: impl Into<String>, location: Location, message: impl Into<String>) -> Self {
        Self {
            location: Some(location),
            ..Self::of_file(file, message)
        }
    }

    /// An error of a file that is not UTF-8, at its first wrong byte, and what to do about it.
    #[must_use]
    pub fn not_utf8(file: impl Into<String>, error: &std::string::FromUtf8Error) -> Self {
        let bytes = error.as_bytes();
        let valid = error.utf8_error().valid_up_to();
        let byte = bytes.get(valid).copied().unwrap_or_default();
        // Each byte that is wrong becomes one character, so the place is the same.
        let text = String::from_utf8_lossy(bytes);
        let location = Location::of_byte(&text, valid);
        let message = format!("the file is not UTF-8: there is the byte 0x{byte:02x}");
        Self::at(file, location, message).remedy("save the file as UTF-8")
    }

    /// What PostgreSQL said of `text`, the content of `file` from which the statement was sent.
    ///
    /// `offset` is the byte of `text` at which the text that was sent starts (0 if all of it was sent). If
    /// PostgreSQL named no position, the error is one of the whole file: set [`Self::location`] if more is known.
    #[must_use]
    pub fn from_database(
        file: impl Into<String>,
        text: &str,
        offset: usize,
        error: &DbError,
    ) -> Self {
        let mut notes = Vec::new();
        let mut location = None;
        match error.position() {
            Some(ErrorPosition::Original(position)) => {
                let sent = text.get(offset..).unwrap_or_default();
                location = Some(Location::of_byte(
                    text,
                    offset + byte_of_position(sent, *position),
                ));
            }
            Some(ErrorPosition::Internal { position, query }) => {
                notes.push(("in query".to_owned(), mark_position(query, *position)));
            }
            None => {}
        }
        if let Some(context) = error.where_() {
            notes.push(("where".to_owned(), context.to_owned()));
        }
        Self {
            code: Some(error.code().code().to_owned()),
            location,
            detail: error.detail().map(str::to_owned),
            hint: error.hint().map(str::to_owned),
            notes,
            ..Self::of_file(file, error.message())
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Adds a note.
    #[must_use]
    pub fn note(mut self, label: impl Into<String>, text: impl Into<String>) -> Self {
        self.notes.push((label.into(), text.into()));
        self
    }
}

/// A query that PostgreSQL ran inside a function, with a caret line under the position.
fn mark_position(query: &str, position: u32) -> String {
    let place = Location::of_position(query, position);
    let (text, caret) = shown_line(&place.line_text, place.column);
    format!("{text}\n{}^", " ".repeat(caret))
}

impl std::error::Error for SourceError {}

impl Display for SourceError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        if let Some(code) = &self.code {
            write!(f, " ({code})")?;
        }
        let blank = match &self.location {
            Some(location) => " ".repeat(location.line.to_string().len()),
            None => " ".to_owned(),
        };
        match &self.location {
            None => write!(f, "\n{blank}--> {}", self.file)?,
            Some(Location {
                line,
                column,
                length,
                line_text,
            }) => {
                let (text, caret) = shown_line(line_text, *column);
                let (_, end) = shown_line(line_text, column + length);
                // Of a line that was cut, what is shown.
                let is_whole = text.width() <= WIDEST_LINE && end > caret;
                let width = if is_whole { end - caret } else { 1 };
                write!(f, "\n{blank}--> {}:{line}:{column}", self.file)?;
                write!(f, "\n{blank} |")?;
                write!(f, "\n{line} | {text}")?;
                write!(f, "\n{blank} | {}{}", " ".repeat(caret), "^".repeat(width))?;
            }
        }
        let notes = self
            .notes
            .iter()
            .map(|(label, text)| (label.as_str(), text.as_str()));
        let detail = self.detail.iter().map(|text| ("detail", text.as_str()));
        let hint = self.hint.iter().map(|text| ("hint", text.as_str()));
        let remedy = self.remedy.iter().map(|text| ("help", text.as_str()));
        for (label, text) in detail.chain(hint).chain(notes).chain(remedy) {
            let mut lines = text.lines();
            write!(
                f,
                "\n{blank} = {label}: {}",
                lines.next().unwrap_or_default()
            )?;
            let under = " ".repeat(label.len() + 2);
            for line in lines {
                write!(f, "\n{blank}   {under}{line}")?;
            }
        }
        Ok(())
    }
}

/// A line as it is shown, and how many terminal columns lie before the caret: tabs become four spaces, and of a
/// very long line only the piece around the caret is kept.
fn shown_line(line: &str, column: usize) -> (String, usize) {
    let mut shown = String::new();
    let mut caret = None;
    for (index, c) in line.chars().enumerate() {
        if index + 1 == column {
            caret = Some(shown.width());
        }
        match c {
            '\t' => shown.push_str("    "),
            c if c.is_control() => shown.push('\u{fffd}'),
            c => shown.push(c),
        }
    }
    let caret = caret.unwrap_or_else(|| shown.width());
    if shown.width() <= WIDEST_LINE {
        (shown, caret)
    } else {
        cut_around(&shown, caret)
    }
}

/// The piece of a long line around its caret, with `…` where something was cut off.
fn cut_around(line: &str, caret: usize) -> (String, usize) {
    let from = caret.saturating_sub(WIDEST_LINE / 2);
    let to = from + WIDEST_LINE;
    let (mut piece, mut at, mut before) = (String::new(), 0, 0);
    for c in line.chars() {
        let width = c.width().unwrap_or(0);
        if at < from {
            before = at + width;
        } else if at < to {
            piece.push(c);
        }
        at += width;
    }
    let tail = if at > to { "…" } else { "" };
    if from == 0 {
        (format!("{piece}{tail}"), caret)
    } else {
        (format!("…{piece}{tail}"), caret + 1 - before)
    }
}
