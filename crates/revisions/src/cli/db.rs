//! All of the commands as one argument of a clap program, and what its main function does with them.

use std::process::ExitCode;

use clap::Args;

use super::style::alarm;
use super::{Command, CommandError, Place, note, run};
use crate::revision::Embedded;
use crate::revisions::Revisions;

/// The `db` commands: a subcommand of a clap program, or, flattened, the whole of one.
#[derive(Debug, Clone, Args)]
pub struct Db {
    #[allow(missing_docs, reason = "clap would show it as the help of the program")]
    #[command(flatten)]
    pub place: Place,
    #[allow(missing_docs, reason = "clap would show it as the help of the program")]
    #[command(subcommand)]
    pub command: Command,
}

impl Db {
    /// Runs the command and gives what the main function returns: an error is printed, and fails the program.
    ///
    /// `program` is how the commands are called, for messages that say what to type: `guestbook db`. `embedded` are
    /// the revisions that the build has embedded, used unless the arguments or the environment name a directory.
    ///
    /// It starts a runtime of its own: a program that has one awaits [`Db::run`] instead.
    #[must_use]
    pub fn main(self, program: &str, embedded: Option<&[Embedded]>) -> ExitCode {
        // One connection, one thing at a time: more threads would only cost their start.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let done = match runtime {
            Ok(runtime) => runtime.block_on(self.run(program, embedded)),
            Err(error) => Err(error.into()),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                note(&format!("{}: {error:#}", alarm("error")));
                ExitCode::FAILURE
            }
        }
    }

    /// As [`Db::main`], in the runtime of the program, which prints the error.
    ///
    /// A program that knows its database from settings of its own gives it to [`Place::context`], and the context to
    /// [`run`](super::run).
    ///
    /// # Errors
    ///
    /// One clear sentence, and what to do: see [`CommandError`].
    pub async fn run(
        self,
        program: &str,
        embedded: Option<&[Embedded]>,
    ) -> Result<(), CommandError> {
        let embedded = embedded.map(Revisions::embedded).transpose()?;
        let mut context = self.place.context(embedded.as_ref(), None)?;
        context.options.program = program.to_owned();
        run(self.command, context).await
    }
}
