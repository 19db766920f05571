//! An upgrade that is tried and taken back: all in one transaction, which is rolled back at the end.

use tokio::time::Instant;

use crate::migrator::error::Error;
use crate::migrator::execute::{Failure, Job, Mode};
use crate::migrator::expected::Expected;
use crate::migrator::options::{Applied, Event};
use crate::migrator::patience::Patience;
use crate::migrator::report::Script;
use crate::migrator::run::Run;
use crate::migrator::session::Session;
use crate::migrator::{plan, read_state, tell};
use crate::revision::Revision;

impl<'r> Run<'r, '_> {
    /// Tries what an upgrade would do. A revision that cannot run in a transaction is left out; of one that runs
    /// until there are no rows, a single batch is run.
    pub(crate) async fn dry_run(
        &mut self,
        session: &mut Session<'_>,
        name: &str,
        expected: &Expected,
    ) -> Result<Vec<Applied>, Error> {
        let state = read_state(session.client, self.revisions).await?;
        let planned = plan::upgrade(self.revisions, &state, name, &self.options.program);
        let planned = expected.hold(self.revisions, &state, planned)?;
        plan::refuse_half_undone(&state, &self.options.program)?;
        let Some(&last) = planned.last() else {
            return Ok(Vec::new());
        };
        for revision in &planned {
            Script::up(revision, &self.options.program).refuse_impossible()?;
        }
        let mut patience = Patience::new(last, self.options);
        loop {
            session.begin().await.map_err(around)?;
            let outcome = self.try_all(session, &planned, state.has_history).await;
            // If even this fails the connection is gone, and the server rolls back.
            let rolled_back = session.roll_back().await.map_err(around);
            let Some((revision, failure)) = outcome.as_ref().err() else {
                rolled_back?;
                return outcome.map_err(|(revision, failure)| self.error(revision, failure, 1));
            };
            patience.revision = revision;
            let again = patience.try_again(failure.source(), self.listener).await;
            if !again {
                let (revision, attempts) = (*revision, patience.attempts);
                return outcome.map_err(|(_, failure)| self.error(revision, failure, attempts));
            }
        }
    }

    async fn try_all(
        &mut self,
        session: &mut Session<'_>,
        planned: &[&'r Revision],
        mut has_history: bool,
    ) -> Result<Vec<Applied>, (&'r Revision, Failure)> {
        let mut applied = Vec::new();
        for &revision in planned {
            let script = Script::up(revision, &self.options.program);
            if script.mode == Mode::OneByOne {
                tell(self.listener, Event::NotTried(revision));
                continue;
            }
            tell(self.listener, Event::Applying(revision));
            let started = Instant::now();
            let (client, settle) = session.client_and_settle();
            let job = Job {
                client,
                settle,
                revision,
                script,
                mode: Mode::Enclosed,
                lock_timeout: revision.headers().lock_timeout,
                options: self.options,
                listener: self.listener,
            };
            let tried = job.apply(has_history).await;
            tried.map_err(|failure| (revision, failure))?;
            has_history = true;
            // What a commit would check. The savepoint takes back the setting, not the checks.
            let checks = "savepoint checks; set constraints all immediate; rollback to checks";
            let checked = session.client.batch_execute(checks).await;
            checked.map_err(|error| (revision, Failure::Commit(error)))?;
            let done = Applied {
                id: revision.id(),
                message: revision.message().to_owned(),
                path: revision.path().to_owned(),
                duration: started.elapsed(),
            };
            tell(self.listener, Event::Applied(&done));
            applied.push(done);
        }
        Ok(applied)
    }

    fn error(&self, revision: &Revision, failure: Failure, attempts: u32) -> Error {
        Script::up(revision, &self.options.program).error(failure, attempts)
    }
}

fn around(source: tokio_postgres::Error) -> Error {
    Error::Database {
        doing: "trying the upgrade".to_owned(),
        source,
    }
}
