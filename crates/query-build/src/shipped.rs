//! The SQL that is shipped: what cornucopia makes of the SQL that is written, and that it is, byte for byte, what
//! PostgreSQL was asked about.
//!
//! cornucopia trims the lines of a query, joins them with spaces, and numbers its parameters. The same is
//! done here, but with the origin of every character, so that what PostgreSQL says about the one can
//! be shown in the other. That PostgreSQL reads both alike is proved in `same_tree.rs`.

use std::collections::BTreeMap;
use std::ops::Range;

use revisions::SourceError;

use crate::query_file::{Query, QueryFile};
use crate::source::Source;
use revisions::lexer::{Kind, significant};

/// The SQL of a query as PostgreSQL gets it.
#[derive(Debug)]
pub(crate) struct Shipped {
    pub(crate) sql: String,
    /// For every character of `sql`, the offset in the source of the character that it stands for.
    origins: Vec<usize>,
}

impl Shipped {
    /// What is shipped for `query`.
    pub(crate) fn of(source: &Source, query: &Query) -> Self {
        let mut shipped = Self {
            sql: String::new(),
            origins: Vec::new(),
        };
        let numbers = numbers(source, query);
        let body = without_comments(source, query);
        let mut start = query.body.start;
        for line in body.split('\n') {
            let words = line.trim();
            if !words.is_empty() {
                let indent = line.len() - line.trim_start().len();
                shipped.line(source, words, start + indent, &numbers);
            }
            start += line.len() + 1;
        }
        shipped
    }

    /// `query` as it stands in its file, with its comments and line breaks; only the parameters have numbers.
    pub(crate) fn as_written(source: &Source, query: &Query) -> Self {
        let mut written = Self {
            sql: String::new(),
            origins: Vec::new(),
        };
        let body = &source.text[query.body.clone()];
        written.words(source, body, query.body.start, &numbers(source, query));
        written
    }

    fn line(
        &mut self,
        source: &Source,
        words: &str,
        start: usize,
        numbers: &BTreeMap<usize, (usize, String)>,
    ) {
        if !self.sql.is_empty() {
            self.push(' ', start);
        }
        self.words(source, words, start, numbers);
    }

    fn words(
        &mut self,
        source: &Source,
        words: &str,
        start: usize,
        numbers: &BTreeMap<usize, (usize, String)>,
    ) {
        let mut after_parameter = 0;
        for (offset, character) in words.char_indices() {
            // A character of a comment is blanked by as many spaces as it has bytes.
            let origin = source.text.floor_char_boundary(start + offset);
            if let Some((end, number)) = numbers.get(&origin) {
                number.chars().for_each(|digit| self.push(digit, origin));
                after_parameter = *end;
            }
            if origin >= after_parameter {
                self.push(character, origin);
            }
        }
    }

    fn push(&mut self, character: char, origin: usize) {
        self.sql.push(character);
        self.origins.push(origin);
    }

    /// The place in the source that PostgreSQL means by a `position`: characters, counted from one.
    pub(crate) fn place_of(&self, query: &Query, position: u32) -> Range<usize> {
        let index = usize::try_from(position).unwrap_or(usize::MAX).max(1) - 1;
        let place = self.origins.get(index).copied().unwrap_or_else(|| {
            // Behind the last character: "syntax error at end of input".
            let mut sql = query.tokens.iter().filter(|token| !token.is_comment());
            sql.next_back()
                .map_or(query.body.end, |last| last.range.end)
        });
        place..place
    }

    /// Whether `generated`, the SQL in the generated code, is this SQL byte for byte; else what became of it.
    pub(crate) fn compare(
        &self,
        file: &QueryFile,
        query: &Query,
        generated: &str,
    ) -> Option<SourceError> {
        if self.sql == generated {
            return None;
        }
        let (offset, became) = self.difference(generated);
        let position = self.sql[..offset].chars().count() + 1;
        let position = u32::try_from(position).unwrap_or(u32::MAX);
        let range = self.place_of(query, position);
        Some(
            file.source
                .problem(
                    range,
                    "the generated code would not ship the SQL that is written",
                )
                .note("note", became)
                .remedy("write it in another way; a parameter can carry any literal"),
        )
    }

    /// The byte at which `generated` begins to be something else, and what it is there.
    fn difference(&self, generated: &str) -> (usize, String) {
        let written = significant(&self.sql);
        let found = significant(generated);
        let same = written
            .iter()
            .zip(&found)
            .take_while(|(a, b)| a.kind == b.kind && a.text(&self.sql) == b.text(generated))
            .count();
        let became = match found.get(same) {
            Some(token) => format!("`{}` is shipped instead", token.text(generated)),
            None if same == written.len() => {
                let mut bytes = self.sql.bytes().zip(generated.bytes());
                let offset = bytes.position(|(a, b)| a != b);
                let offset = offset.unwrap_or(self.sql.len().min(generated.len()));
                let offset = self.sql.floor_char_boundary(offset);
                return (offset, "other white space is shipped here".to_owned());
            }
            None => "nothing of it, and of what follows, is shipped".to_owned(),
        };
        let token = written.get(same);
        (
            token.map_or(self.sql.len(), |token| token.range.start),
            became,
        )
    }
}

/// The text of `query` with its comments blanked out, so that every position stays.
pub(crate) fn without_comments(source: &Source, query: &Query) -> String {
    let mut text = String::with_capacity(query.body.len());
    let mut at = query.body.start;
    for token in &query.tokens {
        if token.is_comment() {
            text.push_str(&source.text[at..token.range.start]);
            let comment = token.text(&source.text).bytes();
            text.extend(comment.map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
            at = token.range.end;
        }
    }
    text.push_str(&source.text[at..query.body.end]);
    text
}

/// Where each parameter starts: where it ends, and the number it gets.
fn numbers(source: &Source, query: &Query) -> BTreeMap<usize, (usize, String)> {
    let names = query.parameters(source);
    let parameters = query
        .tokens
        .iter()
        .filter(|token| token.kind == Kind::Parameter);
    parameters
        .filter_map(|token| {
            let name = token.text(&source.text).trim_start_matches(':');
            let number = names.iter().position(|&known| known == name)? + 1;
            Some((token.range.start, (token.range.end, format!("${number}"))))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Shipped;
    use crate::query_file::{self, QueryFile};
    use crate::source::Source;

    const TEXT: &str =
        "--- Finds.\n--! find\nselect id -- not: 'shipped'\n  from users\n where name = :name;\n";

    fn file() -> QueryFile {
        let source = Source {
            name: "queries/users.sql".to_owned(),
            text: TEXT.to_owned(),
        };
        let mut problems = Vec::new();
        let file = query_file::parse(Arc::new(source), vec!["users".to_owned()], &mut problems);
        assert_eq!(problems, []);
        file
    }

    #[test]
    fn what_is_shipped_is_the_same_byte_for_byte() {
        let file = file();
        let shipped = Shipped::of(&file.source, &file.queries[0]);
        assert_eq!(shipped.sql, "select id from users where name = $1");
        let same = shipped.compare(&file, &file.queries[0], &shipped.sql);
        assert_eq!(same, None);
        let generated = "select id from   users where name = $1";
        let other = shipped.compare(&file, &file.queries[0], generated);
        let other = other.expect("another space");
        let place = other.location.expect("a place");
        assert_eq!((place.line, place.column), (4, 8));
        assert_eq!(other.notes[0].1, "other white space is shipped here");
    }

    #[test]
    fn what_is_written_keeps_its_comments_and_line_breaks() {
        let file = file();
        let query = &file.queries[0];
        let written = Shipped::as_written(&file.source, query);
        assert_eq!(
            written.sql,
            "\nselect id -- not: 'shipped'\n  from users\n where name = $1"
        );
        let before = written.sql.split('$').next().expect("a beginning");
        let position = u32::try_from(before.chars().count() + 1).expect("a short query");
        assert_eq!(
            Some(written.place_of(query, position).start),
            file.source.text.find(":name")
        );
    }

    #[test]
    fn what_stands_in_a_comment_is_a_place_where_a_character_begins() {
        let source = Source {
            name: "queries/users.sql".to_owned(),
            text: "--! find\nselect /*¡*/ id from users;\n".to_owned(),
        };
        let source = Arc::new(source);
        let mut problems = Vec::new();
        let file = query_file::parse(Arc::clone(&source), vec!["users".to_owned()], &mut problems);
        let shipped = Shipped::of(&source, &file.queries[0]);
        let end = u32::try_from(shipped.sql.chars().count()).expect("a short query");
        for position in 1..=end + 1 {
            let place = shipped.place_of(&file.queries[0], position).start;
            assert!(source.text.is_char_boundary(place), "{position}: {place}");
        }
    }

    #[test]
    fn another_word_a_missing_and_an_added_one_are_found_where_they_are() {
        let file = file();
        let shipped = Shipped::of(&file.source, &file.queries[0]);
        for (generated, line, column, note) in [
            (
                "select id from user where name = $1",
                4,
                8,
                "`user` is shipped instead",
            ),
            (
                "select id from users where name = $2",
                5,
                15,
                "`$2` is shipped instead",
            ),
            (
                "select id from users",
                5,
                2,
                "nothing of it, and of what follows, is shipped",
            ),
            (
                "select id from users where name = $1 or true",
                5,
                20,
                "`or` is shipped instead",
            ),
        ] {
            let problem = shipped.compare(&file, &file.queries[0], generated);
            let problem = problem.expect(generated);
            let place = problem.location.expect(generated);
            assert_eq!((place.line, place.column), (line, column), "{generated}");
            assert_eq!(problem.notes[0].1, note, "{generated}");
        }
    }
}
