//! From PostgreSQL's answer to a report with file, line and caret. Nothing here talks to a database.

use tokio_postgres::error::{DbError, SqlState};

use crate::header::Transaction;
use crate::migrator::error::{Error, database_message};
use crate::migrator::execute::Failure;
use crate::source_error::{Location, SourceError};
use crate::statements::{self, Statement};

/// A script, and what is done with it: what a report has to name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Script<'a> {
    pub(crate) id: i64,
    pub(crate) path: &'a str,
    pub(crate) sql: &'a str,
    pub(crate) transaction: Transaction,
    pub(crate) undoes: bool,
    /// How the commands are called.
    pub(crate) program: &'a str,
}

impl Script<'_> {
    /// The error for a failure that is final, after `attempts` attempts.
    pub(crate) fn error(&self, failure: Failure, attempts: u32) -> Error {
        match failure {
            Failure::Script {
                done,
                offset,
                source,
            } => match source.as_db_error() {
                Some(error) => self.statement_error(done, offset, error, attempts),
                None => Error::Database {
                    doing: self.doing(),
                    source,
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
            Failure::Refinery(message) => Error::Refinery {
                id: self.id,
                message,
            },
        }
    }

    /// Refuses statements that would break a promise, before anything is sent.
    pub(crate) fn refuse_impossible(&self) -> Result<(), Error> {
        let refuse = |statement: &Statement, message: &str, help: &str| {
            let location = Location::of_byte(self.sql, statement.range.start);
            let error = SourceError::at(self.path, location, message).remedy(help);
            Err(Error::Failed(Box::new(error)))
        };
        for statement in statements::split(self.sql) {
            if statement.controls_the_transaction() {
                return refuse(
                    &statement,
                    "a migration must not begin or end a transaction",
                    "remove the statement: a revision and its row in the history are one transaction; \
                     where none is wanted, `-- transaction: none` at the head of the file says so",
                );
            }
            if statement.reads_from_the_client(self.sql) {
                return refuse(
                    &statement,
                    "a migration cannot `copy` from the standard input",
                    "write the rows as `insert into … values`",
                );
            }
        }
        Ok(())
    }

    fn statement_error(&self, done: usize, offset: usize, error: &DbError, attempts: u32) -> Error {
        let statements = statements::split(self.sql);
        let statement = statements.get(done);
        let mut report = SourceError::from_database(self.path, self.sql, offset, error);
        if report.location.is_none() {
            report.location = statement.map(|statement| {
                let at = self
                    .line_in_block(statement, error)
                    .unwrap_or(statement.range.start);
                Location::of_byte(self.sql, at)
            });
        }
        if self.transaction == Transaction::None {
            let total = statements.len();
            report = report.note("stands", match done {
                0 => "nothing of this script was done".to_owned(),
                done => {
                    let last = &statements[done - 1];
                    let line = Location::of_byte(self.sql, last.range.start).line;
                    format!("{done} of {total} statements succeeded and stand; the last is the one of line {line}")
                }
            });
            if statement.is_some_and(Statement::is_concurrent) {
                report = report.note(
                    "note",
                    "a failed `concurrently` may leave an invalid index: `select indexrelid::regclass \
                     from pg_index where not indisvalid` names it, `drop index concurrently` removes it",
                );
            }
        }
        if is_lock_failure(error.code()) && self.transaction == Transaction::One {
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
        Error::Failed(Box::new(report.remedy(self.remedy(done))))
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
        let verb = if self.undoes { "downgrade" } else { "upgrade" };
        let target = if self.undoes { "-1" } else { "head" };
        format!("{} {verb} {target}", self.program)
    }

    fn remedy(&self, done: usize) -> String {
        let what = if self.undoes { "undone" } else { "applied" };
        match self.transaction {
            Transaction::One => format!(
                "mend the file, then run `{}` again; nothing of this revision was {what}",
                self.command()
            ),
            Transaction::None if done == 0 => {
                format!("mend the file, then run `{}` again", self.command())
            }
            Transaction::None => format!(
                "mend the file, and make the statements that stand harmless to repeat (`if not exists`) \
                 or take them back by hand; then run `{}` again",
                self.command()
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

/// Whether a migration that failed so may succeed when it is tried again: it did not get a lock, or was
/// chosen to end a deadlock.
pub(crate) fn is_lock_failure(code: &SqlState) -> bool {
    *code == SqlState::LOCK_NOT_AVAILABLE || *code == SqlState::T_R_DEADLOCK_DETECTED
}

/// One line for a log.
pub(crate) fn short(failure: &Failure) -> String {
    failure.source().map_or_else(String::new, database_message)
}
