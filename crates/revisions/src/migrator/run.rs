//! What is done under the migration lock: the plan is made, and its revisions applied or undone one after another.

use std::time::Duration;

use tokio::time::Instant;

use crate::header::Transaction;
use crate::history::HISTORY_TABLE;
use crate::migrator::error::Error;
use crate::migrator::execute::{self, Failure, Way};
use crate::migrator::options::{Applied, Event, Options, Undone};
use crate::migrator::report::{self, Script};
use crate::migrator::session::Session;
use crate::migrator::{Listener, plan, read_state, tell};
use crate::revision::{Down, Revision};
use crate::revisions::Revisions;
use crate::target::Target;

/// The work that is done under the lock.
pub(crate) struct Run<'r, 'a> {
    pub(crate) revisions: &'r Revisions,
    pub(crate) options: &'r Options,
    pub(crate) listener: &'r mut Option<Listener<'a>>,
}

impl<'r> Run<'r, '_> {
    pub(crate) async fn upgrade(
        &mut self,
        session: &mut Session<'_>,
        name: &str,
        target: Target,
    ) -> Result<Vec<Applied>, Error> {
        // Read only now: whoever had the lock before has changed it.
        let state = read_state(session.client, self.revisions).await?;
        plan::refuse_foreign(&state)?;
        let planned = plan::upgrade(self.revisions, &state, name, target)?;
        let mut has_history = state.has_history;
        let mut applied = Vec::with_capacity(planned.len());
        for revision in planned {
            applied.push(self.apply(session, revision, has_history).await?);
            has_history = true;
        }
        Ok(applied)
    }

    async fn apply(
        &mut self,
        session: &mut Session<'_>,
        revision: &'r Revision,
        has_history: bool,
    ) -> Result<Applied, Error> {
        let script = Script {
            id: revision.id(),
            path: revision.path(),
            sql: revision.up(),
            transaction: revision.transaction(),
            undoes: false,
            program: &self.options.program,
        };
        script.refuse_impossible()?;
        if revision.headers().repeat.is_some() {
            return Err(Error::Unsupported {
                path: revision.path().to_owned(),
                what: "`repeat: until-no-rows`",
                help: "run the statement by hand until it changes no row, or without the `repeat` line",
            });
        }
        tell(self.listener, Event::Applying(revision));
        let started = Instant::now();
        let way = Way {
            transaction: revision.transaction(),
            lock_timeout: revision.headers().lock_timeout,
        };
        let mut attempt = 1;
        loop {
            let migration = revision.migration();
            match execute::apply(session, migration, way, has_history).await {
                Ok(()) => break,
                Err(failure) => self.retry(revision, script, failure, attempt).await?,
            }
            attempt += 1;
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
        target: Target,
    ) -> Result<Vec<Undone>, Error> {
        let state = read_state(session.client, self.revisions).await?;
        plan::refuse_foreign(&state)?;
        let planned = plan::downgrade(self.revisions, &state, name, target, &self.options.program)?;
        let mut undone = Vec::with_capacity(planned.len());
        for revision in planned {
            undone.push(self.undo(session, revision).await?);
        }
        Ok(undone)
    }

    async fn undo(
        &mut self,
        session: &mut Session<'_>,
        revision: &'r Revision,
    ) -> Result<Undone, Error> {
        // The plan has no revision without a down script.
        let (Down::Sql(sql), Some(path), Some(headers)) = (
            revision.down(),
            revision.down_path(),
            revision.down_headers(),
        ) else {
            return Err(plan::no_way_back(revision));
        };
        let script = Script {
            id: revision.id(),
            path,
            sql,
            transaction: headers.transaction,
            undoes: true,
            program: &self.options.program,
        };
        script.refuse_impossible()?;
        tell(self.listener, Event::Undoing(revision));
        let started = Instant::now();
        let lock_timeout = headers.lock_timeout.or(revision.headers().lock_timeout);
        let way = Way {
            transaction: headers.transaction,
            lock_timeout,
        };
        let delete = format!(
            "delete from {HISTORY_TABLE} where version = {}",
            revision.id()
        );
        let settle = session.settle_query().to_owned();
        let mut attempt = 1;
        let rows = loop {
            match execute::run(session.client, sql, way, &settle, &delete).await {
                Ok(rows) => break rows,
                Err(failure) => self.retry(revision, script, failure, attempt).await?,
            }
            attempt += 1;
        };
        if rows == 0 {
            return Err(Error::RowGone { id: revision.id() });
        }
        let undone = Undone {
            id: revision.id(),
            message: revision.message().to_owned(),
            path: path.to_owned(),
            duration: started.elapsed(),
        };
        tracing::info!(revision = undone.id, duration = ?undone.duration, "undone: {}", undone.message);
        tell(self.listener, Event::Undone(&undone));
        Ok(undone)
    }

    /// Waits before the next attempt, or says why there is none.
    async fn retry(
        &mut self,
        revision: &Revision,
        script: Script<'_>,
        failure: Failure,
        attempt: u32,
    ) -> Result<(), Error> {
        // Wherever it was: in the script, at its commit, or before the table of the history.
        let code = failure.source().and_then(tokio_postgres::Error::code);
        let lock_failure = code.is_some_and(report::is_lock_failure);
        // Outside a transaction, what was done before stands: nothing can simply be done again.
        let attempts = match script.transaction {
            Transaction::One => self.options.lock_attempts,
            Transaction::None => 1,
        };
        if !lock_failure || attempt >= attempts {
            return Err(script.error(failure, attempt));
        }
        let delay: Duration = self.options.delay_after(attempt);
        tracing::warn!(
            revision = revision.id(),
            attempt,
            attempts,
            ?delay,
            "rolled back, to be tried again: {}",
            report::short(&failure)
        );
        tell(
            self.listener,
            Event::Retrying {
                revision,
                attempt,
                attempts,
                delay,
            },
        );
        tokio::time::sleep(delay).await;
        Ok(())
    }
}
