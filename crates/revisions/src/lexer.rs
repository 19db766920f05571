//! SQL text into tokens, by PostgreSQL's own lexical rules.
//!
//! Source: PostgreSQL's `scan.l`, and its documentation, chapter "Lexical Structure". The crates that could do this
//! either need a C library or mistake an escape string or a dollar quote (squawk-lexer 2.44 on `E'\''` and on
//! `$a$ xa$ $a$`), so it is done here, for migrations and for query files alike; property tests hold it.
//! What the tokens mean is not known here; positions are byte offsets into the text that was given.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A key word or an unquoted name.
    Word,
    /// A name in double quotes.
    QuotedName,
    /// A literal in apostrophes, with its prefix (`E`, `B`, `X`, `N`, `U&`) if it has one.
    Literal,
    /// `$tag$ … $tag$`.
    DollarQuote,
    /// A number.
    Number,
    /// `:name`, the way a query file writes a parameter. The range includes the colon.
    Parameter,
    /// `$1`, the way PostgreSQL writes a parameter.
    PositionalParameter,
    /// An operator, or a single character such as a bracket or a comma.
    Symbol,
    /// The end of a statement.
    Semicolon,
    /// `-- …` up to the end of the line.
    LineComment,
    /// `/* … */`, nested ones included.
    BlockComment,
    /// A literal, quoted name, dollar quote or block comment that never ends.
    Unterminated,
}

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Its bytes.
    pub range: Range<usize>,
}

impl Token {
    /// Whether it is a comment, which PostgreSQL skips.
    #[must_use]
    pub fn is_comment(&self) -> bool {
        matches!(self.kind, Kind::LineComment | Kind::BlockComment)
    }

    /// The text of the token in the text it was read from.
    #[must_use]
    pub fn text<'a>(&self, sql: &'a str) -> &'a str {
        &sql[self.range.clone()]
    }
}

/// Reads tokens, one at a time, from a byte offset on. Between two tokens there is white space only.
#[derive(Debug, Clone)]
pub struct Lexer<'a> {
    sql: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    /// A lexer of `sql` that starts at the byte `at`.
    #[must_use]
    pub fn new(sql: &'a str, at: usize) -> Self {
        Self { sql, at }
    }

    fn bytes(&self) -> &'a [u8] {
        self.sql.as_bytes()
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes().get(at).copied().unwrap_or(0)
    }

    /// The first offset from `at` on whose byte is not accepted.
    fn end_of(&self, at: usize, accepts: fn(u8) -> bool) -> usize {
        let rest = &self.bytes()[at.min(self.sql.len())..];
        at + rest.iter().take_while(|&&byte| accepts(byte)).count()
    }

    /// The offset after `needle`, searched from `at` on.
    fn after(&self, at: usize, needle: &str) -> Option<usize> {
        let rest = self.sql.get(at..)?;
        rest.find(needle).map(|found| at + found + needle.len())
    }

    fn read(&self, start: usize) -> (Kind, usize) {
        let first = self.byte(start);
        let second = self.byte(start + 1);
        match (first, second) {
            (b'-', b'-') => (
                Kind::LineComment,
                self.end_of(start, |byte| !matches!(byte, b'\n' | b'\r')),
            ),
            (b'/', b'*') => self.block_comment(start),
            (b'\'', _) => self.quoted(start, Kind::Literal, false),
            (b'"', _) => self.quoted(start, Kind::QuotedName, false),
            (b'e' | b'E', b'\'') => self.quoted(start + 1, Kind::Literal, true),
            (b'b' | b'B' | b'x' | b'X' | b'n' | b'N', b'\'') => {
                self.quoted(start + 1, Kind::Literal, false)
            }
            (b'u' | b'U', b'&') if self.byte(start + 2) == b'\'' => {
                self.quoted(start + 2, Kind::Literal, false)
            }
            (b'u' | b'U', b'&') if self.byte(start + 2) == b'"' => {
                self.quoted(start + 2, Kind::QuotedName, false)
            }
            (b'$', b'0'..=b'9') => (
                Kind::PositionalParameter,
                self.end_of(start + 1, |byte| byte.is_ascii_digit()),
            ),
            (b'$', _) => self.dollar_quote(start),
            (b'.', b'0'..=b'9') => (Kind::Number, self.number(start)),
            (b'0'..=b'9', _) => (Kind::Number, self.number(start)),
            (b';', _) => (Kind::Semicolon, start + 1),
            (b':', b':' | b'=') => (Kind::Symbol, start + 2),
            (b':', next) if is_word_start(next) => {
                (Kind::Parameter, self.end_of(start + 1, is_word_inner))
            }
            _ if is_word_start(first) => (
                Kind::Word,
                self.end_of(start, |byte| is_word_inner(byte) || byte == b'$'),
            ),
            _ if is_operator(first) => (Kind::Symbol, self.operator(start)),
            _ => (Kind::Symbol, start + 1),
        }
    }

    fn number(&self, start: usize) -> usize {
        let digits = self.end_of(start, |byte| {
            byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_'
        });
        let exponent = matches!(self.byte(digits.saturating_sub(1)), b'e' | b'E');
        let sign = matches!(self.byte(digits), b'+' | b'-');
        if exponent && sign && self.byte(digits + 1).is_ascii_digit() {
            return self.end_of(digits + 1, |byte| byte.is_ascii_digit());
        }
        digits
    }

    fn operator(&self, start: usize) -> usize {
        let mut end = start;
        while is_operator(self.byte(end)) {
            let comment = matches!(
                (self.byte(end), self.byte(end + 1)),
                (b'-', b'-') | (b'/', b'*')
            );
            if comment && end > start {
                break;
            }
            end += 1;
        }
        end
    }

    fn block_comment(&self, start: usize) -> (Kind, usize) {
        let mut depth = 1_usize;
        let mut at = start + 2;
        while at < self.sql.len() {
            match (self.byte(at), self.byte(at + 1)) {
                (b'/', b'*') => {
                    depth += 1;
                    at += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    at += 2;
                    if depth == 0 {
                        return (Kind::BlockComment, at);
                    }
                }
                _ => at += 1,
            }
        }
        (Kind::Unterminated, self.sql.len())
    }

    /// A literal or quoted name whose opening quote is at `quote`.
    fn quoted(&self, quote: usize, kind: Kind, escapes: bool) -> (Kind, usize) {
        let delimiter = self.byte(quote);
        let mut at = quote + 1;
        while at < self.sql.len() {
            let byte = self.byte(at);
            if byte == delimiter && self.byte(at + 1) != delimiter {
                match self.continuation(at + 1).filter(|_| escapes) {
                    // Its backslashes still escape.
                    Some(next) => at = next + 1,
                    None => return (kind, at + 1),
                }
                continue;
            }
            let pair = byte == delimiter || (escapes && byte == b'\\');
            at += if pair { 2 } else { 1 };
        }
        (Kind::Unterminated, self.sql.len())
    }

    /// Where a literal that was closed before `at` goes on: after a line end, PostgreSQL takes another one for a part of it.
    fn continuation(&self, at: usize) -> Option<usize> {
        let next = self.end_of(at, is_space);
        let line_end = self.bytes()[at..next]
            .iter()
            .any(|byte| matches!(byte, b'\n' | b'\r'));
        (line_end && self.byte(next) == b'\'').then_some(next)
    }

    fn dollar_quote(&self, start: usize) -> (Kind, usize) {
        let tag_end = self.end_of(start + 1, is_word_inner);
        if self.byte(tag_end) != b'$' {
            return (Kind::Symbol, start + 1);
        }
        let delimiter = &self.sql[start..=tag_end];
        match self.after(tag_end + 1, delimiter) {
            Some(end) => (Kind::DollarQuote, end),
            None => (Kind::Unterminated, self.sql.len()),
        }
    }
}

impl Iterator for Lexer<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let start = self.end_of(self.at, is_space);
        if start >= self.sql.len() {
            return None;
        }
        let (kind, end) = self.read(start);
        // An unterminated token may have stepped over the end by an escaped pair.
        let mut end = end.min(self.sql.len());
        while !self.sql.is_char_boundary(end) {
            end += 1;
        }
        self.at = end;
        Some(Token {
            kind,
            range: start..end,
        })
    }
}

/// The tokens of `sql` without its comments: what two texts must have in common to be the same SQL.
#[must_use]
pub fn significant(sql: &str) -> Vec<Token> {
    Lexer::new(sql, 0)
        .filter(|token| !token.is_comment())
        .collect()
}

fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

fn is_word_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn is_word_inner(byte: u8) -> bool {
    is_word_start(byte) || byte.is_ascii_digit()
}

fn is_operator(byte: u8) -> bool {
    b"+-*/<>=~!@#%^&|`?".contains(&byte)
}
