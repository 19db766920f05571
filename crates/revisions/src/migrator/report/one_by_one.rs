//! What is said of a script outside of a transaction that failed or does not go on: a part of it stands.

use tokio_postgres::error::{DbError, SqlState};

use crate::history::{PROGRESS_TABLE, delete_query};
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
        let message = format!("the index {name} is not valid: building it was interrupted");
        let help = format!(
            "`drop index concurrently {name}` in the database, then run `{}` again",
            self.command()
        );
        Error::Failed(Box::new(self.at(statement, message).remedy(help)))
    }

    pub(super) fn rewritten(&self, done: usize, statement: usize) -> Error {
        let message = format!(
            "an earlier run did {done} of the statements of this script and was interrupted, \
             and the script does not begin with them any more"
        );
        let help = format!(
            "restore the first {done} statements as they were when they were run, and change only what comes after \
             them; or {}",
            self.begin_anew()
        );
        Error::Failed(Box::new(self.at(statement, message).remedy(help)))
    }

    pub(super) fn setting_unknown(&self, done: usize, statement: usize) -> Error {
        let message = format!(
            "an earlier run did {done} of the statements of this script and was interrupted, and this one of them calls \
             `set_config`: what it had set cannot be set again for the rest"
        );
        let help = format!(
            "do by hand what is left, and {}; or {}, with `set … = …` instead: that is repeated by whoever goes on",
            self.settle_by_hand(),
            self.begin_anew()
        );
        Error::Failed(Box::new(self.at(statement, message).remedy(help)))
    }

    pub(super) fn setting_refused(&self, statement: usize, source: tokio_postgres::Error) -> Error {
        let Some(error) = source.as_db_error() else {
            return Error::Database {
                doing: self.doing(),
                source,
            };
        };
        let message = format!(
            "an earlier run had made this setting and was interrupted, and now it cannot be made: {}",
            error.message()
        );
        let help = format!(
            "make it possible again, then run `{}` again; or {}",
            self.command(),
            self.begin_anew()
        );
        Error::Failed(Box::new(self.at(statement, message).remedy(help)))
    }

    fn settle_by_hand(&self) -> String {
        match self.undoes {
            true => format!("`{}`", delete_query(self.id)),
            false => format!("`{} stamp {}`", self.program, self.id),
        }
    }

    fn begin_anew(&self) -> String {
        format!(
            "take back by hand what they did, `delete from {PROGRESS_TABLE} where version = {}`, and begin anew",
            self.id
        )
    }

    fn at(&self, statement: usize, message: String) -> SourceError {
        match statements::split(self.sql).get(statement) {
            Some(statement) => {
                let place = Location::of_byte(self.sql, statement.range.start);
                SourceError::at(self.path, place, message)
            }
            None => SourceError::of_file(self.path, message),
        }
    }
}
