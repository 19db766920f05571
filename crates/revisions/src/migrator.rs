//! Runs revisions on a database, and undoes them.
//!
//! Here is what a caller can have done; what a caller can look at is in `looking.rs`, and what a server does when it starts
//! in `startup.rs`. What is done under the lock, in which order, is in `run.rs`, `dry_run.rs` and `stamp.rs`;
//! how a script is sent is in `execute.rs`, `one_by_one.rs` and `batches.rs`, the lock in `lock.rs`, the session in
//! `session.rs`, the words for what went wrong in `error.rs` and `report.rs`.

use tokio_postgres::Client;

mod again;
mod batches;
mod dry_run;
mod error;
mod execute;
mod expected;
mod lock;
mod looking;
mod one_by_one;
mod options;
mod patience;
mod plan;
mod report;
mod run;
mod session;
mod stamp;
mod startup;
mod vet;

pub use error::Error;
pub(crate) use error::database_message;
pub(crate) use execute::Mode;
pub use lock::Holder;
pub(crate) use lock::LOCK_KEY;
#[cfg(feature = "cli")]
pub(crate) use looking::Whereabouts;
pub use options::{Applied, Batch, Event, Options, Stamped, Standing, Undone};

#[cfg(feature = "cli")]
use crate::revision::Revision;
use crate::revisions::Revisions;
use expected::Expected;
pub(crate) use looking::read_state;
pub(crate) use plan::no_way_back;
pub(crate) use report::Script;
use run::Run;
use session::Session;
pub use startup::Startup;

/// Brings a database to a revision.
///
/// It works on one connection, which it has for itself meanwhile: the migration lock belongs to its session. So the
/// connection must not go through a pool that changes the session under it (PgBouncer in transaction mode). What was `set`
/// in the session before is in force for each script, and afterwards; what a script sets ends with it. A setting of one's
/// own, with a dot in its name, PostgreSQL does not list: give it when connecting (`options=-c app.mode=test`).
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// # use revisions::{DatabaseUrl, Migrator, Revisions};
/// let revisions = Revisions::read("sql".as_ref())?;
/// let url = DatabaseUrl::parse("postgresql://localhost/example")?;
/// let mut client = url.connect("example").await?;
/// let applied = Migrator::new(&mut client, &revisions).upgrade("head").await?;
/// # Ok(()) }
/// ```
pub struct Migrator<'a> {
    client: &'a mut Client,
    revisions: &'a Revisions,
    options: Options,
    /// What an upgrade was to apply when it was last looked at, if that is a while ago.
    planned: Option<Vec<i64>>,
    on_event: Option<Listener<'a>>,
}

/// Who is told of the progress. A reference, so that a migrator holds its client no longer than it is used.
type Listener<'a> = &'a mut (dyn FnMut(Event<'_>) + Send);

impl std::fmt::Debug for Migrator<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Migrator")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl<'a> Migrator<'a> {
    /// A migrator with the default [`Options`].
    pub fn new(client: &'a mut Client, revisions: &'a Revisions) -> Self {
        Self {
            client,
            revisions,
            options: Options::default(),
            planned: None,
            on_event: None,
        }
    }

    /// Sets how it waits and retries.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Holds an upgrade to what has been planned, though much time passes before it begins, as while a backup is made.
    #[cfg(feature = "cli")]
    #[must_use]
    pub(crate) fn planned(mut self, planned: &[&Revision]) -> Self {
        self.planned = Some(planned.iter().map(|revision| revision.id()).collect());
        self
    }

    /// Sets what is told of the progress. Without it, the progress is in the log (tracing) only.
    #[must_use]
    pub fn on_event(mut self, on_event: &'a mut (dyn FnMut(Event<'_>) + Send)) -> Self {
        self.on_event = Some(on_event);
        self
    }

    /// Applies what is pending up to `target`: a revision id, a unique prefix of one, a branch label, `head`, `heads`,
    /// `+N`, `REV+N`, or one of these on a branch, `LABEL@head`.
    ///
    /// # Errors
    ///
    /// See [`Error`]. The revisions before the one that failed stay applied. A name that counts from where the database is
    /// (`+N`) is refused if another migrator moves the database meanwhile: [`Error::Moved`].
    pub async fn upgrade(&mut self, target: &str) -> Result<Vec<Applied>, Error> {
        let state = self.state().await?;
        // A name that leads nowhere is refused at once, not when the lock is had. What looks half undone may be under way.
        let planned = plan::upgrade(self.revisions, &state, target, &self.options.program)?;
        if planned.is_empty() && !state.is_half_undone() {
            return Ok(Vec::new());
        }
        let expected = Expected::of(Some(target), &planned).since(self.planned.as_deref());
        let (mut session, mut run) = self.begin().await?;
        let outcome = run.upgrade(&mut session, target, &expected).await;
        finish(session, outcome).await
    }

    /// Tries what [`Migrator::upgrade`] would do, in one transaction that is rolled back, and reports the same. The
    /// locks that it takes are held until the end. A revision that cannot run in a transaction is left out
    /// ([`Event::NotTried`]); of one that runs until there are no rows, a single batch is run.
    ///
    /// # Errors
    ///
    /// As [`Migrator::upgrade`]; the database is as it was. [`Error::Undecided`] if a revision fails that comes after one
    /// that was left out, or not tried wholly: it may need what that one does.
    pub async fn dry_run(&mut self, target: &str) -> Result<Vec<Applied>, Error> {
        let planned = self.plan_upgrade(target).await?;
        let expected = Expected::of(Some(target), &planned);
        let (mut session, mut run) = self.begin().await?;
        let outcome = run.dry_run(&mut session, target, &expected).await;
        finish(session, outcome).await
    }

    /// Undoes what was applied after `target`: a revision id, a unique prefix of one, a branch label, `base`, `-N`,
    /// `REV-N`, or one of these on a branch, `LABEL@base`.
    ///
    /// # Errors
    ///
    /// See [`Error`]. The revisions undone before the one that failed stay undone; that none lacks its down script
    /// is seen before the first is undone. `-N` is refused if another migrator moves the database meanwhile:
    /// [`Error::Moved`].
    pub async fn downgrade(&mut self, target: &str) -> Result<Vec<Undone>, Error> {
        let planned = self.plan_downgrade(target).await?;
        if planned.is_empty() {
            return Ok(Vec::new());
        }
        let expected = Expected::of(Some(target), &planned);
        let (mut session, mut run) = self.begin().await?;
        let outcome = run.downgrade(&mut session, target, &expected).await;
        finish(session, outcome).await
    }

    /// Undoes a revision, and all that need it, and applies them again: the one where the database is, if none is named.
    ///
    /// # Errors
    ///
    /// See [`Error`]. What was undone and not applied again is pending. Without a name it is refused if another migrator
    /// moves the database meanwhile: [`Error::Moved`].
    pub async fn redo(&mut self, target: Option<&str>) -> Result<Vec<Applied>, Error> {
        let planned = self.plan_redo(target).await?;
        if planned.is_empty() {
            return Ok(Vec::new());
        }
        let expected = Expected::of(target, &planned);
        let (mut session, mut run) = self.begin().await?;
        let outcome = run.redo(&mut session, target, &expected).await;
        finish(session, outcome).await
    }

    /// Declares that the database is at `targets`, and runs nothing. What is applied on branches that they have nothing
    /// to do with stays so. With `purge`, the history is emptied first, whatever is in it.
    ///
    /// # Errors
    ///
    /// See [`Error`]. The history is as it was then.
    pub async fn stamp(&mut self, targets: &[String], purge: bool) -> Result<Stamped, Error> {
        let (mut session, mut run) = self.begin().await?;
        let outcome = run.stamp(&mut session, targets, purge).await;
        finish(session, outcome).await
    }

    /// Makes the history table, if it is not there.
    ///
    /// # Errors
    ///
    /// [`Error::History`], most of all without the permission.
    pub async fn ensure_history(&mut self) -> Result<(), Error> {
        let (mut session, mut run) = self.begin().await?;
        let outcome = run.ensure_history(&mut session).await;
        finish(session, outcome).await
    }

    async fn begin(&mut self) -> Result<(Session<'_>, Run<'_, 'a>), Error> {
        let listener = &mut self.on_event;
        let waiting = |holder: &Holder| tell(listener, Event::Waiting(holder));
        let session = Session::open(self.client, &self.options, waiting).await?;
        let run = Run {
            revisions: self.revisions,
            options: &self.options,
            listener: &mut self.on_event,
        };
        Ok((session, run))
    }
}

fn tell(listener: &mut Option<Listener<'_>>, event: Event<'_>) {
    if let Some(listener) = listener {
        listener(event);
    }
}

/// Gives the lock back whatever happened; what went wrong first is what counts.
async fn finish<T>(session: Session<'_>, outcome: Result<T, Error>) -> Result<T, Error> {
    let closed = session.close().await;
    let value = outcome?;
    closed.map(|()| value)
}
