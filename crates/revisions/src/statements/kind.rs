//! What can be told of a statement from its first words: what it may not be, how it has to be sent, what it may leave.

use super::{Statement, names};
use crate::lexer::{Kind, Lexer};

impl Statement {
    fn word(&self, index: usize) -> &str {
        self.words.get(index).map_or("", String::as_str)
    }

    /// Whether it begins or ends a transaction, which would part a revision from its row in the history.
    /// (`savepoint`, `release` and `rollback to` do not.)
    pub(crate) fn controls_the_transaction(&self) -> bool {
        match self.word(0) {
            "begin" | "commit" | "end" | "abort" => true,
            "start" => self.word(1) == "transaction",
            "prepare" => self.word(1) == "transaction",
            "rollback" => !self.words.iter().any(|word| word == "to"),
            _ => false,
        }
    }

    /// Whether PostgreSQL says of it how many rows it changed (`with` may lead to such a one).
    pub(crate) fn counts_changed_rows(&self) -> bool {
        matches!(
            self.word(0),
            "insert" | "update" | "delete" | "merge" | "with"
        )
    }

    /// Whether it gives back all locks of the session: `discard all`, or a call of `pg_advisory_unlock_all`.
    pub(crate) fn gives_back_all_locks(&self, sql: &str) -> bool {
        (self.word(0) == "discard" && self.word(1) == "all")
            || self.runs(sql, "pg_advisory_unlock_all")
    }

    /// Whether it has the name, itself or in the block that it runs. What a function that it makes would do does not
    /// count.
    pub(crate) fn runs(&self, sql: &str, name: &str) -> bool {
        let text = &sql[self.range.clone()];
        let has = |text: &str| names(text).any(|it| it == name);
        // Without its quotes, the block is tokens again, and so is what it has in quotes and may execute.
        has(text) || (self.is_do_block() && has(&text.replace(['$', '\''], " ")))
    }

    /// Whether it wants data from the client that sent it: `copy … from stdin`.
    pub(crate) fn reads_from_the_client(&self, sql: &str) -> bool {
        let text = &sql[self.range.clone()];
        self.word(0) == "copy"
            && Lexer::new(text, 0).any(|token| {
                token.kind == Kind::Word && token.text(text).eq_ignore_ascii_case("stdin")
            })
    }

    /// Whether it builds, drops or rebuilds something `concurrently`: such a statement leaves an invalid index
    /// when it fails, so it cannot simply be tried again.
    pub(crate) fn is_concurrent(&self) -> bool {
        self.words.iter().any(|word| word == "concurrently")
    }

    /// Whether it builds, drops or rebuilds an index `concurrently`.
    pub(crate) fn is_concurrent_on_index(&self) -> bool {
        self.is_concurrent() && self.words.iter().any(|word| word == "index")
    }

    /// Whether it is `create index concurrently`.
    pub(crate) fn builds_index_concurrently(&self) -> bool {
        self.word(0) == "create" && self.is_concurrent_on_index()
    }

    /// Whether it changes a setting for the rest of the session.
    pub(crate) fn sets_the_session(&self) -> bool {
        match self.word(0) {
            "set" => !matches!(self.word(1), "local" | "transaction" | "constraints"),
            "reset" => true,
            _ => false,
        }
    }

    /// Whether it cannot share a transaction with another statement, or may end transactions itself. Should one be
    /// missing here, PostgreSQL refuses it before it does anything.
    pub(crate) fn runs_alone(&self) -> bool {
        let refuses_a_transaction = match self.word(0) {
            "vacuum" | "reindex" | "cluster" | "discard" => true,
            "create" | "alter" | "drop" => matches!(
                self.word(1),
                "database" | "tablespace" | "system" | "subscription"
            ),
            _ => false,
        };
        refuses_a_transaction || self.may_commit() || self.is_concurrent()
    }

    /// Whether a part of it may stand when it fails, since it can end transactions itself.
    pub(crate) fn may_commit(&self) -> bool {
        matches!(self.word(0), "do" | "call")
    }

    /// Whether it is a `do` block.
    pub(crate) fn is_do_block(&self) -> bool {
        self.word(0) == "do"
    }
}
