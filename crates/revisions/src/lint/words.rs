//! The words of one statement, and the names in it. Comments are left out.

use std::ops::Range;

use crate::lexer::{Kind, Lexer, Token};

/// The tokens of a piece of SQL; their ranges are those of the whole text.
pub(super) struct Words<'a> {
    sql: &'a str,
    tokens: Vec<Token>,
    pub(super) range: Range<usize>,
}

/// A name, as PostgreSQL understands it: in lower case, or what is between the quotes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) schema: Option<String>,
    pub(super) name: String,
}

impl Name {
    /// Whether both may be the same: one without a schema is found through the search path.
    pub(super) fn may_be(&self, other: &Self) -> bool {
        let schemas = self.schema.as_ref().zip(other.schema.as_ref());
        self.name == other.name && schemas.is_none_or(|(own, other)| own == other)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl<'a> Words<'a> {
    /// The tokens of `range` of `sql`.
    pub(super) fn of(sql: &'a str, range: Range<usize>) -> Self {
        let tokens = Lexer::new(&sql[..range.end], range.start);
        Self {
            sql,
            tokens: tokens.filter(|token| !token.is_comment()).collect(),
            range,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// The text of a token; nothing beyond the end.
    pub(super) fn text(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| token.text(self.sql))
    }

    pub(super) fn kind(&self, at: usize) -> Option<Kind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    /// Whether the token is this key word, or this symbol.
    pub(super) fn is(&self, at: usize, word: &str) -> bool {
        self.kind(at) != Some(Kind::QuotedName) && self.text(at).eq_ignore_ascii_case(word)
    }

    pub(super) fn is_any(&self, at: usize, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(at, word))
    }

    /// Whether these words stand at `at`.
    pub(super) fn are(&self, at: usize, words: &[&str]) -> bool {
        let mut numbered = words.iter().enumerate();
        numbered.all(|(offset, word)| self.is(at + offset, word))
    }

    /// Behind those of the words that stand at `at`.
    pub(super) fn skip(&self, mut at: usize, words: &[&str]) -> usize {
        while self.is_any(at, words) {
            at += 1;
        }
        at
    }

    /// Where a word stands, from `from` on, that is not within brackets.
    pub(super) fn find(&self, from: usize, word: &str) -> Option<usize> {
        self.outer(from).find(|&at| self.is(at, word))
    }

    /// Whether a word stands anywhere, also within brackets.
    pub(super) fn has(&self, word: &str) -> bool {
        (0..self.len()).any(|at| self.is(at, word))
    }

    /// The tokens from `from` on that are not within brackets.
    pub(super) fn outer(&self, from: usize) -> impl Iterator<Item = usize> + '_ {
        let mut depth = 0_usize;
        (from..self.len()).filter(move |&at| {
            let is_outer = depth == 0;
            match self.text(at) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                _ => {}
            }
            is_outer
        })
    }

    /// Behind the brackets that open at `at`; `at` itself where none do.
    pub(super) fn behind_brackets(&self, at: usize) -> usize {
        if !self.is(at, "(") {
            return at;
        }
        let next = self.outer(at).nth(1);
        next.unwrap_or(self.len())
    }

    /// The name that begins at `at`, and what is behind it.
    pub(super) fn name(&self, at: usize) -> Option<(Name, usize)> {
        let mut parts = vec![self.part(at)?];
        let mut end = at + 1;
        while self.is(end, ".") {
            parts.push(self.part(end + 1)?);
            end += 2;
        }
        let name = parts.pop()?;
        let schema = parts.pop();
        Some((Name { schema, name }, end))
    }

    fn part(&self, at: usize) -> Option<String> {
        let text = self.text(at);
        match self.kind(at)? {
            Kind::Word => Some(text.to_lowercase()),
            Kind::QuotedName => Some(text.trim_matches('"').replace("\"\"", "\"")),
            _ => None,
        }
    }

    /// The names of a list that begins at `at`.
    pub(super) fn names(&self, at: usize) -> Vec<Name> {
        let mut names = Vec::new();
        let mut next = self.skip(at, &["only"]);
        while let Some((name, end)) = self.name(next) {
            names.push(name);
            let end = self.behind_brackets(self.skip(end, &["*"]));
            if !self.is(end, ",") {
                break;
            }
            next = self.skip(end + 1, &["only"]);
        }
        names
    }

    /// The parts of a list from `from` on, which commas separate.
    pub(super) fn items(&self, from: usize) -> Vec<Words<'a>> {
        let commas: Vec<usize> = self.outer(from).filter(|&at| self.is(at, ",")).collect();
        let mut starts = vec![from];
        starts.extend(commas.iter().map(|at| at + 1));
        let ends = commas.iter().copied().chain([self.len()]);
        let pairs = starts.into_iter().zip(ends);
        let pairs = pairs.filter(|(start, end)| start < end);
        pairs.map(|(start, end)| self.part_of(start, end)).collect()
    }

    fn part_of(&self, start: usize, end: usize) -> Words<'a> {
        let tokens = self.tokens[start..end].to_vec();
        Words {
            sql: self.sql,
            tokens,
            range: self.between(start, end),
        }
    }

    /// Where the tokens from `start` up to and without `end` are in the text.
    pub(super) fn between(&self, start: usize, end: usize) -> Range<usize> {
        let first = self.tokens.get(start);
        let last = end.checked_sub(1).and_then(|last| self.tokens.get(last));
        match (first, last) {
            (Some(first), Some(last)) => first.range.start..last.range.end.max(first.range.end),
            _ => self.range.clone(),
        }
    }

    /// Where the first `count` tokens are.
    pub(super) fn head(&self, count: usize) -> Range<usize> {
        self.between(0, count.min(self.len()))
    }
}
