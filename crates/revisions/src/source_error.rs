//! An error in a file of SQL, and its picture: file, line, column, the line itself with a caret under the place.
//!
//! Nothing here knows of revisions; whoever sends SQL from a file to PostgreSQL can use it.

use std::fmt::{self, Display, Formatter};

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use tokio_postgres::error::{DbError, ErrorPosition};
use unicode_width::UnicodeWidthStr;

mod scratch;

#[cfg(feature = "cli")]
pub(crate) use scratch::rights_needed;

/// The widest piece of a line that is shown, in terminal columns; of a longer line the piece around the caret is.
const WIDEST_LINE: usize = 160;

/// Something wrong in a file of SQL.
///
/// Its [`Display`] is a report of several lines, as rustc draws them, without a leading `error: ` and without a line end;
/// `{:#}` has colours:
///
/// ```text
/// relation "walets" does not exist (42P01)
///   --> sql/U20251122090000__initial_schema.sql:12:15
///    |
/// 12 | insert into   walets values (1)
///    |               ^
///    |
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
    let shown = |text: &str| text.replace('\t', "    ");
    let before: String = place.line_text.chars().take(place.column - 1).collect();
    let caret = " ".repeat(shown(&before).width());
    format!("{}\n{caret}^", shown(&place.line_text))
}

impl std::error::Error for SourceError {}

/// `{:#}` has colours, for a terminal.
impl Display for SourceError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let renderer = match f.alternate() {
            true => Renderer::styled(),
            false => Renderer::plain(),
        };
        let renderer = renderer.term_width(WIDEST_LINE);
        f.write_str(&renderer.render(&[self.picture()]))
    }
}

impl SourceError {
    fn picture(&self) -> Group<'_> {
        let message = match &self.code {
            Some(code) => format!("{} ({code})", self.message),
            None => self.message.clone(),
        };
        let title = Level::ERROR.no_name().primary_title(message);
        let place = match &self.location {
            Some(location) => title.element(location.snippet(&self.file)),
            None => title.element(Origin::path(&self.file)),
        };
        let notes = self.notes.iter();
        let notes = notes.map(|(label, text)| (label.as_str(), text.as_str()));
        let detail = self.detail.iter().map(|text| ("detail", text.as_str()));
        let hint = self.hint.iter().map(|text| ("hint", text.as_str()));
        let remedy = self.remedy.iter().map(|text| ("help", text.as_str()));
        let all = detail.chain(hint).chain(notes).chain(remedy);
        place.elements(all.map(|(label, text)| Level::NOTE.with_name(label).message(text)))
    }
}

impl Location {
    /// The line in `file`, with what is underlined.
    fn snippet<'a>(&'a self, file: &'a str) -> Snippet<'a, Annotation<'a>> {
        let line = &self.line_text;
        let byte = |column: usize| {
            let mut characters = line.char_indices();
            let at = characters.nth(column - 1);
            at.map_or(line.len(), |(byte, _)| byte)
        };
        let range = byte(self.column.max(1))..byte(self.column.max(1) + self.length);
        Snippet::source(line)
            .line_start(self.line)
            .path(file)
            .annotation(AnnotationKind::Primary.span(range))
    }
}
