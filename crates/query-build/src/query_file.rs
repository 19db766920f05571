//! A query file taken apart: the annotations, the doc lines, and the SQL of each query.
//!
//! The syntax is cornucopia's, with two additions: doc lines may also stand above the `--!` line, and
//! comments may stand anywhere. What a query file must not contain is found in `vet.rs`.

use std::ops::Range;
use std::sync::Arc;

use revisions::SourceError;

use crate::annotation::{self, Name, QueryLine, Shape, TypeLine, Unexpected};
use crate::source::Source;
use crate::waiver::{self, Waiver};
use revisions::lexer::{Kind, Lexer, Token};

/// One file of `queries/`.
#[derive(Debug)]
pub(crate) struct QueryFile {
    pub(crate) source: Arc<Source>,
    /// The path of the module that the file becomes: `["admin", "users"]` for `admin/users.sql`.
    pub(crate) module: Vec<String>,
    pub(crate) types: Vec<TypeBlock>,
    pub(crate) queries: Vec<Query>,
}

/// A `--:` line and the attribute lines under it.
#[derive(Debug)]
pub(crate) struct TypeBlock {
    pub(crate) line: TypeLine,
    pub(crate) lines: Vec<Range<usize>>,
}

/// One query.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) line: QueryLine,
    /// The `--!` line.
    pub(crate) head: Range<usize>,
    /// The `--#` lines that are attributes of Rust.
    pub(crate) attributes: Vec<Range<usize>>,
    /// The `--#` lines that waive a rule.
    pub(crate) waivers: Vec<Waiver>,
    /// The `---` lines, from above and below the `--!` line.
    pub(crate) docs: Vec<Range<usize>>,
    /// The SQL up to its semicolon.
    pub(crate) body: Range<usize>,
    /// The tokens of the SQL, comments included, the semicolon not.
    pub(crate) tokens: Vec<Token>,
    /// Whether nothing wrong has been found in it yet.
    pub(crate) sound: bool,
}

impl QueryFile {
    /// The fields that the parameters or the row of a query mention, here or in a `--:` line.
    pub(crate) fn fields_of<'a>(&'a self, shape: &'a Shape) -> &'a [Name] {
        let declared = || {
            let name = shape.name.as_ref()?;
            let mut blocks = self.types.iter();
            let block = blocks.find(|block| block.line.name.text == name.text)?;
            Some(block.line.fields.as_slice())
        };
        shape.fields.as_deref().or_else(declared).unwrap_or(&[])
    }
}

impl Query {
    /// The names of the parameters, in the order of their numbers.
    pub(crate) fn parameters<'a>(&self, source: &'a Source) -> Vec<&'a str> {
        let mut names: Vec<&str> = Vec::new();
        for token in &self.tokens {
            let name = token.text(&source.text).trim_start_matches(':');
            if token.kind == Kind::Parameter && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

impl Query {
    /// Where a parameter stands for the first time.
    pub(crate) fn place_of(&self, source: &Source, parameter: &str) -> Option<Range<usize>> {
        let mut tokens = self.tokens.iter();
        let first = tokens.find(|token| {
            let text = token.text(&source.text);
            token.kind == Kind::Parameter && text.trim_start_matches(':') == parameter
        });
        first.map(|token| token.range.clone())
    }
}

/// Takes `source` apart. Problems of its structure go to `problems`; the rest of the file is still read.
pub(crate) fn parse(
    source: Arc<Source>,
    module: Vec<String>,
    problems: &mut Vec<SourceError>,
) -> QueryFile {
    let mut parser = Parser {
        source: &source,
        at: 0,
        docs: Vec::new(),
        types: Vec::new(),
        queries: Vec::new(),
        problems,
    };
    while parser.statement() {}
    let (types, queries) = (parser.types, parser.queries);
    QueryFile {
        source,
        module,
        types,
        queries,
    }
}

struct Parser<'a> {
    source: &'a Source,
    at: usize,
    /// The doc lines directly above `at`.
    docs: Vec<Range<usize>>,
    types: Vec<TypeBlock>,
    queries: Vec<Query>,
    problems: &'a mut Vec<SourceError>,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.source.text[self.at..]
    }

    /// Reads one thing at the level of the file; false at the end.
    fn statement(&mut self) -> bool {
        self.skip_blank();
        let Some(token) = Lexer::new(&self.source.text, self.at).next() else {
            return false;
        };
        let line = self.source.line_at(self.at);
        match self.rest() {
            rest if rest.starts_with("--!") => self.query(line),
            rest if rest.starts_with("--:") => self.type_block(line),
            rest if rest.starts_with("--#") || rest.starts_with("--&") => {
                self.refuse(
                    line.clone(),
                    "an attribute line that belongs to nothing",
                    "put `--#` lines directly under the `--!` or `--:` line",
                );
                self.at = line.end;
            }
            rest if rest.starts_with("---") => {
                self.docs.push(self.at..line.end);
                self.at = line.end;
            }
            rest if rest.starts_with("--") => {
                self.docs.clear();
                self.at = line.end;
            }
            _ if token.kind == Kind::BlockComment => {
                self.docs.clear();
                self.at = token.range.end;
            }
            _ => self.nameless(token),
        }
        true
    }

    /// Skips white space; an empty line parts doc lines from what follows them.
    fn skip_blank(&mut self) {
        let rest = self.rest();
        let blank = rest.len() - rest.trim_start().len();
        if rest[..blank].matches('\n').count() > 1 {
            self.docs.clear();
        }
        self.at += blank;
    }

    /// The lines that start with `mark`, from the line after `end` on, directly one after the other.
    fn lines_after(&self, mut end: usize, mark: &str) -> Vec<Range<usize>> {
        let mut lines = Vec::new();
        while self.source.text[end..].starts_with('\n')
            && self.source.text[end + 1..].starts_with(mark)
        {
            let line = self.source.line_at(end + 1);
            end = line.end;
            lines.push(line);
        }
        lines
    }

    fn type_block(&mut self, head: Range<usize>) {
        self.docs.clear();
        let mut lines: Vec<_> = std::iter::once(self.at..head.end).collect();
        for mark in ["--#", "--&"] {
            let end = lines.last().map_or(head.end, |line| line.end);
            lines.extend(self.lines_after(end, mark));
        }
        match annotation::type_line(&self.source.text, self.at..head.end) {
            Ok(line) => {
                self.at = lines.last().map_or(head.end, |line| line.end);
                self.types.push(TypeBlock { line, lines });
            }
            Err(unexpected) => {
                let like =
                    "a row is declared like this: `--: Row(nullable_column?) : Trait, Trait`";
                self.unexpected(unexpected, like);
                self.at = head.end;
            }
        }
    }

    fn query(&mut self, line: Range<usize>) {
        let head = self.at..line.end;
        let mut docs = std::mem::take(&mut self.docs);
        let mut attributes = self.lines_after(head.end, "--#");
        let end = attributes.last().map_or(head.end, |line| line.end);
        docs.extend(self.lines_after(end, "---"));
        let start = docs.last().map_or(end, |line| line.end.max(end));
        let before = self.problems.len();
        let waivers = self.waivers(&mut attributes);
        let (body, tokens) = self.body(start);
        match annotation::query_line(&self.source.text, head.clone()) {
            Ok(line) => self.queries.push(Query {
                line,
                head,
                attributes,
                waivers,
                docs,
                body,
                tokens,
                sound: self.problems.len() == before,
            }),
            Err(unexpected) => {
                let like = "a query is named like this: `--! name (nullable_parameter?) : Row(nullable_column?)`";
                self.unexpected(unexpected, like);
            }
        }
    }

    /// Takes the waivers out of the `--#` lines.
    fn waivers(&mut self, lines: &mut Vec<Range<usize>>) -> Vec<Waiver> {
        let mut waivers = Vec::new();
        let source = self.source;
        lines.retain(|line| {
            let Some(read) = waiver::read(&source.text, line.clone()) else {
                return true;
            };
            match read {
                Ok(waiver) => waivers.push(waiver),
                Err(unexpected) => {
                    let what = format!("expected {}", unexpected.expected);
                    let remedy = "a rule is waived like this: `--# full-scan: reason` or `--# not-null: column: reason`";
                    self.refuse(unexpected.range, &what, remedy);
                }
            }
            false
        });
        waivers
    }

    /// The SQL from `start` up to its semicolon, behind which the parser goes on.
    fn body(&mut self, start: usize) -> (Range<usize>, Vec<Token>) {
        let mut tokens = Vec::new();
        for token in Lexer::new(&self.source.text, start) {
            if token.kind == Kind::Semicolon {
                self.at = token.range.end;
                return (start..token.range.start, tokens);
            }
            if token.kind == Kind::LineComment && self.marks_an_annotation(&token) {
                self.at = token.range.start;
                self.unended(&tokens, start);
                return (start..self.at, tokens);
            }
            tokens.push(token);
        }
        self.at = self.source.text.len();
        let unterminated = tokens
            .last()
            .is_some_and(|token| token.kind == Kind::Unterminated);
        if !unterminated {
            self.unended(&tokens, start);
        }
        (start..self.at, tokens)
    }

    fn marks_an_annotation(&self, comment: &Token) -> bool {
        let text = comment.text(&self.source.text);
        text.starts_with("--!") || text.starts_with("--:")
    }

    fn unended(&mut self, tokens: &[Token], start: usize) {
        let sql = tokens.iter().rev().find(|token| !token.is_comment());
        let last = sql.map_or(start..start, |token| token.range.clone());
        self.refuse(
            last,
            "the query does not end",
            "end the SQL with a semicolon",
        );
    }

    /// SQL that no `--!` line names: reported once, and skipped up to its semicolon.
    fn nameless(&mut self, first: Token) {
        let start = first.range.start;
        self.refuse(
            first.range,
            "SQL that belongs to no query",
            "name it in the line above: `--! name_of_the_query`",
        );
        let reported = self.problems.len();
        self.body(start);
        self.problems.truncate(reported);
    }

    fn unexpected(&mut self, unexpected: Unexpected, remedy: &str) {
        let what = format!("expected {}", unexpected.expected);
        self.refuse(unexpected.range, &what, remedy);
    }

    fn refuse(&mut self, range: Range<usize>, what: &str, remedy: &str) {
        self.problems
            .push(self.source.problem(range, what).remedy(remedy));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::parse;
    use crate::shipped::{Shipped, without_comments};
    use crate::source::Source;
    use crate::vet;

    /// Pieces that mean something, so that random files are full of what could go wrong.
    fn piece() -> impl Strategy<Value = String> {
        let pieces = [
            "--! q", "--: T", "--- doc", "--#", "--", "\n", "\n\n", " ", ";", "'", "\"", "$$",
            "$t$", "/*", "*/", ":a", "::", ":1", "$1", "(", ")", "?", ",", "E'", "\\", "ä",
            "\u{2028}", "select", ".", "1e+",
        ];
        prop_oneof![
            9 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned),
            1 => any::<char>().prop_map(String::from),
        ]
    }

    proptest! {
        #[test]
        fn any_text_is_taken_apart_or_refused(pieces in prop::collection::vec(piece(), 0..40)) {
            let text = pieces.concat();
            let source = Arc::new(Source { name: "queries/any.sql".to_owned(), text });
            let mut problems = Vec::new();
            let mut file = parse(source, vec!["any".to_owned()], &mut problems);
            vet::vet_file(&mut file, &mut problems);
            for query in &file.queries {
                let shipped = Shipped::of(&file.source, query);
                // Comments are replaced by as much space, and every character has an origin in the query.
                prop_assert_eq!(without_comments(&file.source, query).len(), query.body.len());
                for position in 1..=shipped.sql.chars().count() + 1 {
                    let place = shipped.place_of(query, u32::try_from(position).unwrap_or(0)).start;
                    prop_assert!(query.body.contains(&place) || place == query.body.end);
                    prop_assert!(file.source.text.is_char_boundary(place));
                }
                if query.sound {
                    prop_assert!(shipped.compare(&file, query, &shipped.sql).is_none());
                }
            }
        }
    }
}
