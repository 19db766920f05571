//! What is refused in a script before anything of it is sent.

use crate::lexer::Lexer;
use crate::migrator::error::Error;
use crate::migrator::execute::Mode;
use crate::migrator::report::Script;
use crate::source_error::{Location, SourceError};
use crate::statements::{self, Statement};

impl Script<'_> {
    /// Refuses statements that would break a promise, before anything is sent.
    pub(crate) fn refuse_impossible(&self) -> Result<(), Error> {
        let refuse = |statement: &Statement, message: &str, help: &str| {
            let location = Location::of_byte(self.sql, statement.range.start);
            let error = SourceError::at(self.path, location, message).remedy(help);
            Err(Error::Failed(Box::new(error)))
        };
        let statements = statements::split(self.sql);
        if let (Mode::UntilNoRows, [_, second, ..]) = (self.mode, &statements[..]) {
            return refuse(
                second,
                "a script with `repeat: until-no-rows` has one statement",
                "move the others into a revision before or after this one",
            );
        }
        if self.mode == Mode::UntilNoRows && statements.is_empty() {
            let error = SourceError::of_file(self.path, "there is no statement to repeat");
            let help = "write one that changes a batch of rows, and none when all are done";
            return Err(Error::Failed(Box::new(error.remedy(help))));
        }
        let uncounted = |first: &&Statement| !first.counts_changed_rows();
        let repeated = statements
            .first()
            .filter(|_| self.mode == Mode::UntilNoRows);
        if let Some(statement) = repeated.filter(uncounted) {
            return refuse(
                statement,
                "with `repeat: until-no-rows`, nothing tells when this statement has no rows left to change",
                "write one that changes a batch of rows: `insert`, `update`, `delete` or `merge`, or `with` before one \
                 of these",
            );
        }
        for statement in statements {
            if statement.controls_the_transaction() {
                return refuse(
                    &statement,
                    "a migration must not begin or end a transaction",
                    "remove the statement: a revision and its row in the history are one transaction; \
                     where none is wanted, `-- transaction: none` at the head of the file says so",
                );
            }
            if statement.gives_back_all_locks(self.sql) {
                return refuse(
                    &statement,
                    "a migration must not give back all locks of its session: the migration lock is one of them",
                    "give back single locks by `pg_advisory_unlock`; instead of `discard all`, reset what has to be: \
                     `reset all`, `discard temp`",
                );
            }
            if statement.reads_from_the_client(self.sql) {
                return refuse(
                    &statement,
                    "a migration cannot `copy` from the standard input",
                    "write the rows as `insert into … values`",
                );
            }
            if writes_to_the_client(&statement, self.sql) {
                return refuse(
                    &statement,
                    "a migration cannot `copy` to the standard output",
                    "remove the statement, or copy to a file of the server: nobody reads what a migration prints",
                );
            }
        }
        Ok(())
    }
}

/// Whether a statement sends data to the client that sent it: `copy … to stdout`.
fn writes_to_the_client(statement: &Statement, sql: &str) -> bool {
    let text = &sql[statement.range.clone()];
    let mut words = Lexer::new(text, 0)
        .filter(|token| !token.is_comment())
        .map(|token| token.text(text).to_lowercase());
    let copies = words.next().is_some_and(|word| word == "copy");
    let mut before = String::new();
    copies
        && words.any(|word| {
            let found = before == "to" && word == "stdout";
            before = word;
            found
        })
}
