//! From PostgreSQL's answer to a report with file, line and caret. Nothing here talks to a database.

use tokio_postgres::error::{DbError, SqlState};

use crate::header::{Headers, Transaction};
use crate::migrator::error::Error;
use crate::migrator::execute::{Failure, Mode, ScriptFailure};
use crate::migrator::patience::is_lock_failure;
use crate::revision::{Down, Revision};
use crate::source_error::{Location, SourceError};
use crate::statements::{self, Statement};

mod one_by_one;

/// A script, and what is done with it: what a report has to name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Script<'a> {
    pub(crate) id: i64,
    pub(crate) path: &'a str,
    pub(crate) sql: &'a str,
    pub(crate) mode: Mode,
    pub(crate) undoes: bool,
    /// How the commands are called.
    pub(crate) program: &'a str,
    /// The command that goes on where this script stopped: `upgrade head`.
    pub(crate) again: &'a str,
}

impl<'a> Script<'a> {
    /// The script that applies a revision.
    pub(crate) fn up(revision: &'a Revision, program: &'a str) -> Self {
        Self {
            id: revision.id(),
            path: revision.path(),
            sql: revision.up(),
            mode: mode(revision.headers()),
            undoes: false,
            program,
            again: "upgrade head",
        }
    }

    /// The script that undoes a revision, if it has one.
    pub(crate) fn down(revision: &'a Revision, program: &'a str) -> Option<Self> {
        let (Down::Sql(sql), Some(path), Some(headers)) = (
            revision.down(),
            revision.down_path(),
            revision.down_headers(),
        ) else {
            return None;
        };
        Some(Self {
            id: revision.id(),
            path,
            sql,
            mode: mode(headers),
            undoes: true,
            program,
            again: "downgrade -1",
        })
    }

    /// With the command that goes on where it stopped.
    pub(crate) fn again(self, again: &'a str) -> Self {
        Self { again, ..self }
    }
}

fn mode(headers: &Headers) -> Mode {
    match (headers.repeat, headers.transaction) {
        (Some(_), _) => Mode::UntilNoRows,
        (None, Transaction::None) => Mode::OneByOne,
        (None, Transaction::One) => Mode::OneTransaction,
    }
}

impl Script<'_> {
    /// Whether the whole of it can be tried again after a failure.
    pub(crate) fn is_one_transaction(&self) -> bool {
        self.mode == Mode::OneTransaction
    }

    /// The error for a failure that is final, after `attempts` attempts.
    pub(crate) fn error(&self, failure: Failure, attempts: u32) -> Error {
        match failure {
            Failure::Script(failure) => match failure.source.as_db_error() {
                Some(error) => self.statement_error(&failure, error, attempts),
                None => Error::Database {
                    doing: self.doing(),
                    source: failure.source,
                },
            },
            Failure::Commit(source) => match source.as_db_error() {
                Some(error) => {
                    let report = SourceError::from_database(self.path, self.sql, 0, error);
                    let report = report.note("when", "the transaction was committed");
                    Error::Failed(Box::new(report.remedy(self.remedy(0))))
                }
                None => Error::Database {
                    doing: self.doing(),
                    source,
                },
            },
            Failure::History(source) => Error::History {
                doing: format!("writing the history of the revision {}", self.id),
                source,
            },
            Failure::Around(source) => Error::Database {
                doing: self.doing(),
                source,
            },
            Failure::InvalidIndex { name, statement } => self.invalid_index(&name, statement),
            Failure::Rewritten { done, statement } => self.rewritten(done, statement),
            Failure::SettingUnknown { done, statement } => self.setting_unknown(done, statement),
            Failure::SettingRefused { statement, source } => {
                self.setting_refused(statement, source)
            }
            Failure::LockLost => Error::LockLost {
                doing: self.doing(),
            },
            Failure::Refinery(message) => Error::Refinery {
                id: self.id,
                message,
            },
        }
    }

    fn statement_error(&self, failure: &ScriptFailure, error: &DbError, attempts: u32) -> Error {
        let statements = statements::split(self.sql);
        let statement = statements.get(failure.done);
        let attempts = attempts.max(failure.attempts);
        let mut report = SourceError::from_database(self.path, self.sql, failure.offset, error);
        if report.location.is_none() {
            report.location = statement.map(|statement| {
                let at = self
                    .line_in_block(statement, error)
                    .unwrap_or(statement.range.start);
                Location::of_byte(self.sql, at)
            });
        }
        match self.mode {
            Mode::OneByOne => {
                report = report.note("stands", self.standing(failure.done, &statements));
            }
            Mode::UntilNoRows => {
                report = report.note("stands", "the batches that were committed");
            }
            Mode::OneTransaction | Mode::Enclosed => {
                if *error.code() == SqlState::ACTIVE_SQL_TRANSACTION {
                    let note = "`-- transaction: none` in the comment at the head of this file runs its statements one by \
                                one, outside of a transaction";
                    report = report.note("note", note);
                }
            }
        }
        let in_parts = self.may_have_done_a_part(statement);
        if in_parts {
            let note =
                "the statement that failed may have done a part: what it committed itself stands";
            report = report.note("note", note);
        }
        for index in &failure.left_invalid {
            let note = format!(
                "it left the index {index}, which is not valid: `drop index concurrently {index}` removes it"
            );
            report = report.note("note", note);
        }
        if in_parts {
            let remedy = self.remedy_of_parts(error, failure.done);
            return Error::Failed(Box::new(report.remedy(remedy)));
        }
        if is_lock_failure(error.code()) && !statement.is_some_and(Statement::is_concurrent) {
            let report = report.note("attempts", attempts_note(attempts));
            let help = format!(
                "see in pg_stat_activity who holds the lock, and run `{}` again when it is free; \
                 `-- lock-timeout: 30s` in the file waits longer, and all others behind it",
                self.command()
            );
            return Error::LocksNotHad {
                attempts,
                report: Box::new(report.remedy(help)),
            };
        }
        let remedy = statement
            .and_then(|statement| self.remedy_of_concurrent(statement, error))
            .unwrap_or_else(|| self.remedy(failure.done));
        Error::Failed(Box::new(report.remedy(remedy)))
    }

    fn standing(&self, done: usize, statements: &[Statement]) -> String {
        let total = statements.len();
        match done.checked_sub(1).and_then(|last| statements.get(last)) {
            None => "nothing of this script was done".to_owned(),
            Some(last) => {
                let line = Location::of_byte(self.sql, last.range.start).line;
                format!(
                    "{done} of {total} statements succeeded and stand; the last is the one of line {line}"
                )
            }
        }
    }

    /// The line inside a `do` block that PL/pgSQL names in its context.
    fn line_in_block(&self, statement: &Statement, error: &DbError) -> Option<usize> {
        let body = statement.body.clone().filter(|_| statement.is_do_block())?;
        let context = error.where_()?;
        let (_, after) = context.rsplit_once("inline_code_block line ")?;
        let digits = after
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(after.len());
        let line: usize = after[..digits].parse().ok()?;
        let block = self.sql.get(body.clone())?;
        if line <= 1 {
            return Some(body.start);
        }
        let (newline, _) = block.match_indices('\n').nth(line - 2)?;
        let start = newline + 1;
        let blanks = block[start..]
            .find(|c: char| !c.is_whitespace())
            .unwrap_or(0);
        Some(body.start + start + blanks)
    }

    fn command(&self) -> String {
        format!("{} {}", self.program, self.again)
    }

    fn remedy(&self, done: usize) -> String {
        let what = if self.undoes { "undone" } else { "applied" };
        let command = self.command();
        match self.mode {
            Mode::OneTransaction | Mode::Enclosed => format!(
                "mend the file, then run `{command}` again; nothing of this revision was {what}"
            ),
            Mode::UntilNoRows => format!("mend the file, then run `{command}` again"),
            Mode::OneByOne if done == 0 => format!("mend the file, then run `{command}` again"),
            Mode::OneByOne => format!(
                "mend the statement, then run `{command}` again: it goes on with it; \
                 the statements that stand must stay as they are in the file"
            ),
        }
    }

    fn doing(&self) -> String {
        let verb = if self.undoes { "undoing" } else { "applying" };
        format!("{verb} the revision {} ({})", self.id, self.path)
    }
}

fn attempts_note(attempts: u32) -> String {
    match attempts {
        1 => "1, rolled back".to_owned(),
        attempts => format!("{attempts}, each rolled back"),
    }
}
