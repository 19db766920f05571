//! An upgrade that is tried and taken back: all in one transaction, which is rolled back at the end.
//!
//! What cannot run in a transaction is left out, so a failure after it proves nothing: the revision that failed may need
//! what was left out. Then it is said that nothing is known, and nothing that comes later is tried.

use tokio::time::Instant;

use crate::migrator::error::Error;
use crate::migrator::execute::{Failure, Job, Mode};
use crate::migrator::expected::Expected;
use crate::migrator::options::{Applied, Event};
use crate::migrator::patience::Patience;
use crate::migrator::report::Script;
use crate::migrator::run::Run;
use crate::migrator::session::Session;
use crate::migrator::{again, plan, read_state, tell};
use crate::revision::Revision;

/// How one attempt went.
struct Attempt<'r> {
    /// What became of each revision, up to the one that failed. Told once no attempt follows.
    steps: Vec<Step<'r>>,
    /// The one that failed.
    failed: Option<(&'r Revision, Failure)>,
}

enum Step<'r> {
    Tried(&'r Revision, Applied),
    NotTried(&'r Revision),
}

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
            let attempt = self.try_all(session, &planned, state.has_history).await;
            // If even this fails the connection is gone, and the server rolls back.
            let rolled_back = session.roll_back().await.map_err(around);
            if let Some((revision, failure)) = &attempt.failed {
                patience.revision = revision;
                if patience.try_again(failure.source(), self.listener).await {
                    continue;
                }
            }
            let again = format!("{} --dry-run", again::upgrade(name, &planned));
            let outcome = self.conclude(attempt, &again, patience.attempts);
            return rolled_back.and(outcome);
        }
    }

    async fn try_all(
        &mut self,
        session: &mut Session<'_>,
        planned: &[&'r Revision],
        mut has_history: bool,
    ) -> Attempt<'r> {
        let mut steps = Vec::new();
        for &revision in planned {
            if mode(revision) == Mode::OneByOne {
                steps.push(Step::NotTried(revision));
                continue;
            }
            match self.try_one(session, revision, has_history).await {
                Ok(applied) => steps.push(Step::Tried(revision, applied)),
                Err(failure) => {
                    let failed = Some((revision, failure));
                    return Attempt { steps, failed };
                }
            }
            has_history = true;
        }
        Attempt {
            steps,
            failed: None,
        }
    }

    async fn try_one(
        &mut self,
        session: &mut Session<'_>,
        revision: &'r Revision,
        has_history: bool,
    ) -> Result<Applied, Failure> {
        tell(self.listener, Event::Applying(revision));
        let started = Instant::now();
        let (client, settle) = session.client_and_settle();
        let job = Job {
            client,
            settle,
            revision,
            script: Script::up(revision, &self.options.program),
            mode: Mode::Enclosed,
            lock_timeout: revision.headers().lock_timeout,
            options: self.options,
            listener: self.listener,
        };
        job.apply(has_history).await?;
        // What a commit would check. The savepoint takes back the setting, not the checks.
        let checks = "savepoint checks; set constraints all immediate; rollback to checks";
        let checked = session.client.batch_execute(checks).await;
        checked.map_err(Failure::Commit)?;
        Ok(Applied {
            id: revision.id(),
            message: revision.message().to_owned(),
            path: revision.path().to_owned(),
            duration: started.elapsed(),
        })
    }

    /// Tells what became of each revision, and what is known of the upgrade.
    fn conclude(
        &mut self,
        attempt: Attempt<'r>,
        again: &str,
        attempts: u32,
    ) -> Result<Vec<Applied>, Error> {
        let (mut applied, mut not_tried, mut one_batch) = (Vec::new(), Vec::new(), Vec::new());
        for step in attempt.steps {
            match step {
                Step::Tried(revision, done) => {
                    tell(self.listener, Event::Applied(&done));
                    if mode(revision) == Mode::UntilNoRows {
                        one_batch.push(done.id);
                    }
                    applied.push(done);
                }
                Step::NotTried(revision) => {
                    tell(self.listener, Event::NotTried(revision));
                    not_tried.push(revision.id());
                }
            }
        }
        let Some((revision, failure)) = attempt.failed else {
            return Ok(applied);
        };
        let script = Script::up(revision, &self.options.program).again(again);
        let error = script.error(failure, attempts);
        match error {
            Error::Failed(report) if !not_tried.is_empty() || !one_batch.is_empty() => {
                Err(Error::Undecided {
                    id: revision.id(),
                    not_tried,
                    one_batch,
                    report,
                    program: self.options.program.clone(),
                })
            }
            error => Err(error),
        }
    }
}

fn mode(revision: &Revision) -> Mode {
    // How the commands are called does not matter for it.
    Script::up(revision, "").mode
}

fn around(source: tokio_postgres::Error) -> Error {
    Error::Database {
        doing: "trying the upgrade".to_owned(),
        source,
    }
}
