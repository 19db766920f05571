//! What is said of a script outside of a transaction that failed or does not go on: a part of it stands.

use tokio_postgres::error::{DbError, SqlState};

use crate::history::PROGRESS_TABLE;
use crate::migrator::error::Error;
use crate::migrator::execute::Mode;
use crate::migrator::patience::is_lock_failure;
use crate::migrator::report::Script;
use crate::source_error::{Location, SourceError};
use crate::statements::{self, Statement};

impl Script<'_> {
    /// Whether a part of the statement that failed may stand: outside of a transaction it can commit.
    pub(super) fn may_have_done_a_part(&self, statement: Option<&Statement>) -> bool {
        self.mode == Mode::OneByOne && statement.is_some_and(Statement::may_commit)
    }

    pub(super) fn remedy_of_parts(&self, error: &DbError, done: usize) -> String {
        if !is_lock_failure(error.code()) {
            return self.remedy(done);
        }
        format!(
            "see in pg_stat_activity who holds the lock, and what the statement has done already; then run `{}` again: \
             it goes on with this statement, from its beginning",
            self.command()
        )
    }

    /// What to do about a statement on an index that runs `concurrently`, where the file needs no mending: of one that
    /// cannot run in a transaction it is not known whether an interrupted run has done it.
    pub(super) fn remedy_of_concurrent(
        &self,
        statement: &Statement,
        error: &DbError,
    ) -> Option<String> {
        if self.mode != Mode::OneByOne || !statement.is_concurrent_on_index() {
            return None;
        }
        if is_lock_failure(error.code()) {
            return Some(format!(
                "remove what it left, then run `{}` again; without `-- lock-timeout` in the file it waits for older \
                 transactions as long as it takes, and nobody waits behind it",
                self.command()
            ));
        }
        let words = match *error.code() {
            SqlState::DUPLICATE_TABLE => "if not exists",
            SqlState::UNDEFINED_OBJECT => "if exists",
            _ => return None,
        };
        Some(format!(
            "if an interrupted run has done this already, write `{words}` into the statement and run `{}` again",
            self.command()
        ))
    }

    pub(super) fn invalid_index(&self, name: &str, statement: usize) -> Error {
        let statements = statements::split(self.sql);
        let message = format!("the index {name} is not valid: building it was interrupted");
        let report = match statements.get(statement) {
            Some(statement) => {
                let place = Location::of_byte(self.sql, statement.range.start);
                SourceError::at(self.path, place, message)
            }
            None => SourceError::of_file(self.path, message),
        };
        let help = format!(
            "`drop index concurrently {name}` in the database, then run `{}` again",
            self.command()
        );
        Error::Failed(Box::new(report.remedy(help)))
    }

    pub(super) fn rewritten(&self, done: usize, statement: usize) -> Error {
        let statements = statements::split(self.sql);
        let message = format!(
            "an earlier run did {done} of the statements of this script and was interrupted, \
             and the script does not begin with them any more"
        );
        let report = match statements.get(statement) {
            Some(statement) => {
                let place = Location::of_byte(self.sql, statement.range.start);
                SourceError::at(self.path, place, message)
            }
            None => SourceError::of_file(self.path, message),
        };
        let help = format!(
            "restore the statements as they were (`select done from {PROGRESS_TABLE}` shows them), and change only \
             what comes after them; or take back by hand what they did, `delete from {PROGRESS_TABLE} where \
             version = {}`, and begin anew",
            self.id
        );
        Error::Failed(Box::new(report.remedy(help)))
    }
}
