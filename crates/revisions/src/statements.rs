//! The statements of a script: where each begins and ends. What can be told from its first words is in `kind.rs`. Nothing
//! here is sent anywhere.
//!
//! Where one ends is psql's rule, also for the body of `create function … begin atomic` (`psqlscan.l`).

use std::ops::Range;

use crate::lexer::{Kind, Lexer, Token};

mod kind;

/// One statement of a script: from its first word up to, and without, its semicolon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) range: Range<usize>,
    /// The first words, in lower case.
    words: Vec<String>,
    /// Where its first dollar-quoted text lies, with its quotes.
    pub(crate) body: Option<Range<usize>>,
}

/// How many words at the head of a statement are looked at; enough for
/// `create or replace function`, and to find `concurrently` in `create unique index concurrently`.
const WORDS: usize = 8;

/// The statements of `sql`, in order; empty ones are left out, as PostgreSQL does.
pub(crate) fn split(sql: &str) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut current = Scan::default();
    for token in Lexer::new(sql, 0) {
        if token.kind == Kind::Semicolon && current.ends_here() {
            statements.extend(current.finish());
            current = Scan::default();
        } else if !token.is_comment() {
            current.take(sql, &token);
        }
    }
    statements.extend(current.finish());
    statements
}

/// The names and key words of `sql`, as PostgreSQL understands them: in lower case, or what is between the quotes.
pub(crate) fn names(sql: &str) -> impl Iterator<Item = String> + '_ {
    Lexer::new(sql, 0).filter_map(|token| match (token.kind, token.text(sql)) {
        (Kind::Word, word) => Some(word.to_lowercase()),
        (Kind::QuotedName, name) if name.starts_with('"') => Some(unquoted(name)),
        _ => None,
    })
}

/// A name as the catalog has it, of what a statement or `quote_ident` calls it.
pub(crate) fn unquoted(name: &str) -> String {
    match name
        .strip_prefix('"')
        .and_then(|name| name.strip_suffix('"'))
    {
        Some(inner) => inner.replace("\"\"", "\""),
        None => name.to_owned(),
    }
}

/// A statement that is being read.
#[derive(Default)]
struct Scan {
    range: Option<Range<usize>>,
    words: Vec<String>,
    body: Option<Range<usize>>,
    parentheses: usize,
    /// How many `begin` and `case` are open in the body of a SQL-standard function.
    blocks: usize,
}

impl Scan {
    fn take(&mut self, sql: &str, token: &Token) {
        let start = self
            .range
            .as_ref()
            .map_or(token.range.start, |range| range.start);
        self.range = Some(start..token.range.end);
        match (token.kind, token.text(sql)) {
            (Kind::Symbol, "(") => self.parentheses += 1,
            (Kind::Symbol, ")") => self.parentheses = self.parentheses.saturating_sub(1),
            (Kind::DollarQuote, _) if self.body.is_none() => self.body = Some(token.range.clone()),
            (Kind::Word, word) => self.take_word(word.to_lowercase()),
            _ => {}
        }
    }

    fn take_word(&mut self, word: String) {
        if self.is_routine() && self.parentheses == 0 {
            match word.as_str() {
                "begin" => self.blocks += 1,
                "case" if self.blocks > 0 => self.blocks += 1,
                "end" if self.blocks > 0 => self.blocks -= 1,
                _ => {}
            }
        }
        if self.words.len() < WORDS {
            self.words.push(word);
        }
    }

    fn is_routine(&self) -> bool {
        let mut words = self.words.iter().map(String::as_str);
        words.next() == Some("create")
            && matches!(
                words.find(|word| !matches!(*word, "or" | "replace")),
                Some("function" | "procedure")
            )
    }

    fn ends_here(&self) -> bool {
        self.parentheses == 0 && self.blocks == 0
    }

    fn finish(self) -> Option<Statement> {
        Some(Statement {
            range: self.range?,
            words: self.words,
            body: self.body,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::split;

    fn texts(sql: &str) -> Vec<&str> {
        split(sql)
            .into_iter()
            .map(|statement| &sql[statement.range])
            .collect()
    }

    #[test]
    fn statements_end_where_psql_ends_them() {
        assert_eq!(
            texts("select 1; ; -- x;\nselect 2"),
            ["select 1", "select 2"]
        );
        let rule = "create rule r as on insert to t do also (select 1; select 2)";
        assert_eq!(texts(&format!("{rule}; select 3")), [rule, "select 3"]);
        let function = "create or replace function f() returns int begin atomic \
                        select case when true then 1 end; select 2; end";
        assert_eq!(
            texts(&format!("{function}; select 3")),
            [function, "select 3"]
        );
        assert_eq!(texts("begin; select 1; end"), ["begin", "select 1", "end"]);
        assert!(texts(" ; /* nothing */ -- at all").is_empty());
    }

    #[test]
    fn what_ends_a_transaction_is_recognised() {
        let controls = |sql| {
            split(sql)
                .iter()
                .any(super::Statement::controls_the_transaction)
        };
        for sql in [
            "begin",
            "START TRANSACTION",
            "commit and chain",
            "end;",
            "rollback",
            "abort",
            "/* x */ Commit",
            "prepare transaction 'x'",
            "rollback prepared 'x'",
        ] {
            assert!(controls(sql), "{sql}");
        }
        for sql in [
            "savepoint a",
            "rollback to a",
            "rollback work to savepoint a",
            "release a",
            "select 'commit'",
            "do $$ begin commit; end $$",
            "prepare begin as select 1",
        ] {
            assert!(!controls(sql), "{sql}");
        }
    }

    #[test]
    fn what_reads_from_the_client_is_recognised() {
        let reads = |sql| {
            split(sql)
                .iter()
                .any(|statement| statement.reads_from_the_client(sql))
        };
        assert!(reads("select 1; COPY a (b) FROM Stdin with (format csv)"));
        assert!(!reads(
            "copy a from '/stdin'; select stdin from b; copy (select 1) to program 'x'"
        ));
    }

    proptest! {
        #[test]
        fn statements_that_are_joined_come_apart_again(
            statements in prop::collection::vec(
                "(select|insert|'it''s;'|\\$x\\$ ; \\$x\\$|\"a;b\"|E'\\\\';'|\\(a, b\\)|/\\* ; \\*/ x|1\\.5)( (a|'x;'|\\(;\\))){0,3}",
                0..6,
            ),
            separator in ";( |\n|-- ;\n|/\\*;\\*/|;){0,2}",
        ) {
            let sql = statements.join(&separator);
            let found = texts(&sql);
            prop_assert_eq!(found.len(), statements.len());
            for (found, statement) in found.iter().zip(&statements) {
                prop_assert!(statement.ends_with(found));
            }
        }
    }
}
