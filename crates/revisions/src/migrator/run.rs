//! What is done under the migration lock: the plan is made, and its revisions applied or undone one after another.

use std::time::Duration;

use tokio::time::Instant;

use crate::history::{delete_query, table_query};
use crate::migrator::error::Error;
use crate::migrator::execute::Job;
use crate::migrator::expected::Expected;
use crate::migrator::options::{Applied, Event, Options, Undone};
use crate::migrator::patience::Patience;
use crate::migrator::report::Script;
use crate::migrator::session::Session;
use crate::migrator::{Listener, again, plan, read_state, tell};
use crate::revision::Revision;
use crate::revisions::Revisions;

/// The work that is done under the lock.
pub(crate) struct Run<'r, 'a> {
    pub(crate) revisions: &'r Revisions,
    pub(crate) options: &'r Options,
    pub(crate) listener: &'r mut Option<Listener<'a>>,
}

impl<'r, 'a> Run<'r, 'a> {
    pub(crate) async fn upgrade(
        &mut self,
        session: &mut Session<'_>,
        name: &str,
        expected: &Expected,
    ) -> Result<Vec<Applied>, Error> {
        // Read only now: whoever had the lock before has changed it.
        let state = read_state(session.client, self.revisions).await?;
        let planned = plan::upgrade(self.revisions, &state, name, &self.options.program);
        let planned = expected.hold(self.revisions, &state, planned)?;
        plan::refuse_half_undone(&state, &self.options.program)?;
        let mut has_history = state.has_history;
        let mut applied = Vec::with_capacity(planned.len());
        let again = again::upgrade(name, &planned);
        for revision in planned {
            applied.push(self.apply(session, revision, &again, has_history).await?);
            has_history = true;
        }
        Ok(applied)
    }

    async fn apply(
        &mut self,
        session: &mut Session<'_>,
        revision: &'r Revision,
        again: &str,
        has_history: bool,
    ) -> Result<Applied, Error> {
        let script = Script::up(revision, &self.options.program).again(again);
        script.refuse_impossible()?;
        tell(self.listener, Event::Applying(revision));
        let started = Instant::now();
        let mut patience = Patience::new(revision, self.options);
        let lock_timeout = revision.headers().lock_timeout;
        loop {
            let job = self.job(session, revision, script, lock_timeout);
            let Err(failure) = job.apply(has_history).await else {
                break;
            };
            // Outside of a transaction, what can be tried again has been, statement by statement.
            let again = script.is_one_transaction()
                && patience.try_again(failure.source(), self.listener).await;
            if !again {
                return Err(script.error(failure, patience.attempts));
            }
        }
        let applied = Applied {
            id: revision.id(),
            message: revision.message().to_owned(),
            path: revision.path().to_owned(),
            duration: started.elapsed(),
        };
        tracing::info!(revision = applied.id, duration = ?applied.duration, "applied: {}", applied.message);
        tell(self.listener, Event::Applied(&applied));
        Ok(applied)
    }

    pub(crate) async fn downgrade(
        &mut self,
        session: &mut Session<'_>,
        name: &str,
        expected: &Expected,
    ) -> Result<Vec<Undone>, Error> {
        let state = read_state(session.client, self.revisions).await?;
        let planned = plan::downgrade(self.revisions, &state, name, &self.options.program);
        let planned = expected.hold(self.revisions, &state, planned)?;
        plan::refuse_half_applied(self.revisions, &state, &planned, &self.options.program)?;
        let mut undone = Vec::with_capacity(planned.len());
        let total = planned.len();
        for (done, revision) in planned.into_iter().enumerate() {
            let again = again::downgrade(name, total - done, total);
            undone.push(self.undo(session, revision, &again).await?);
        }
        Ok(undone)
    }

    pub(crate) async fn redo(
        &mut self,
        session: &mut Session<'_>,
        name: Option<&str>,
        expected: &Expected,
    ) -> Result<Vec<Applied>, Error> {
        let state = read_state(session.client, self.revisions).await?;
        let planned = plan::redo(self.revisions, &state, name, &self.options.program);
        let planned = expected.hold(self.revisions, &state, planned)?;
        plan::refuse_half_applied(self.revisions, &state, &planned, &self.options.program)?;
        // What cannot be applied again is not undone.
        for revision in &planned {
            Script::up(revision, &self.options.program).refuse_impossible()?;
        }
        let again = again::redo(name);
        for revision in &planned {
            self.undo(session, revision, &again).await?;
        }
        let mut applied = Vec::with_capacity(planned.len());
        let again = again::rest(self.revisions);
        for revision in planned.iter().rev() {
            applied.push(self.apply(session, revision, again, true).await?);
        }
        Ok(applied)
    }

    async fn undo(
        &mut self,
        session: &mut Session<'_>,
        revision: &'r Revision,
        again: &str,
    ) -> Result<Undone, Error> {
        // The plan has no revision without a down script.
        let script = Script::down(revision, &self.options.program)
            .ok_or_else(|| plan::no_way_back(revision))?
            .again(again);
        script.refuse_impossible()?;
        tell(self.listener, Event::Undoing(revision));
        let started = Instant::now();
        let own = revision.down_headers().and_then(|it| it.lock_timeout);
        let lock_timeout = own.or(revision.headers().lock_timeout);
        let delete = delete_query(revision.id());
        let mut patience = Patience::new(revision, self.options);
        let rows = loop {
            let mut job = self.job(session, revision, script, lock_timeout);
            let failure = match job.run(&delete).await {
                Ok(rows) => break rows,
                Err(failure) => failure,
            };
            let again = script.is_one_transaction()
                && patience.try_again(failure.source(), self.listener).await;
            if !again {
                return Err(script.error(failure, patience.attempts));
            }
        };
        if rows == 0 {
            return Err(Error::RowGone { id: revision.id() });
        }
        let undone = Undone {
            id: revision.id(),
            message: revision.message().to_owned(),
            path: script.path.to_owned(),
            duration: started.elapsed(),
        };
        tracing::info!(revision = undone.id, duration = ?undone.duration, "undone: {}", undone.message);
        tell(self.listener, Event::Undone(&undone));
        Ok(undone)
    }

    fn job<'j>(
        &'j mut self,
        session: &'j mut Session<'_>,
        revision: &'j Revision,
        script: Script<'j>,
        lock_timeout: Option<Duration>,
    ) -> Job<'j, 'a>
    where
        'r: 'j,
    {
        let (client, settle) = session.client_and_settle();
        Job {
            client,
            settle,
            revision,
            mode: script.mode,
            script,
            lock_timeout,
            options: self.options,
            listener: self.listener,
        }
    }

    /// Makes the history table, if it is not there.
    pub(crate) async fn ensure_history(&mut self, session: &mut Session<'_>) -> Result<(), Error> {
        let made = session.client.batch_execute(&table_query()).await;
        made.map_err(|source| Error::History {
            doing: "making the history table".to_owned(),
            source,
        })
    }
}
