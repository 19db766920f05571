//! Runs revisions on a database, and undoes them.
//!
//! Here is what a caller sees. What is done under the lock, in which order, is in `run.rs`; how a script is sent is
//! in `execute.rs`, the lock in `lock.rs`, the session in `session.rs`, the words for what went wrong in `error.rs`
//! and `report.rs`.

use tokio_postgres::Client;

mod error;
mod execute;
mod lock;
mod options;
mod plan;
mod report;
mod run;
mod session;

pub use error::Error;
pub(crate) use error::database_message;
pub use lock::Holder;
pub use options::{Applied, Event, Options, Undone};

use crate::history::{self, HISTORY_TABLE, HistoryRow, State};
use crate::revisions::Revisions;
use crate::target;
use run::Run;
use session::Session;

/// Brings a database to a revision.
///
/// It works on one connection, which it has for itself meanwhile: the migration lock belongs to its session. So the
/// connection must not go through a pool that changes the session under it (PgBouncer in transaction mode).
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

/// How the database was found when a server started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Startup {
    /// All revisions are applied.
    UpToDate,
    /// These were applied now.
    Upgraded(Vec<Applied>),
    /// The database has revisions that this program does not know, since a newer release has migrated. Nothing was
    /// changed.
    Ahead {
        /// Their rows in the history.
        unknown: Vec<HistoryRow>,
    },
}

impl<'a> Migrator<'a> {
    /// A migrator with the default [`Options`].
    pub fn new(client: &'a mut Client, revisions: &'a Revisions) -> Self {
        Self {
            client,
            revisions,
            options: Options::default(),
            on_event: None,
        }
    }

    /// Sets how it waits and retries.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Sets what is told of the progress. Without it, the progress is in the log (tracing) only.
    #[must_use]
    pub fn on_event(mut self, on_event: &'a mut (dyn FnMut(Event<'_>) + Send)) -> Self {
        self.on_event = Some(on_event);
        self
    }

    /// Where the database is. Takes no lock, and writes nothing.
    ///
    /// # Errors
    ///
    /// [`Error::History`] if the history cannot be read.
    pub async fn state(&mut self) -> Result<State, Error> {
        read_state(self.client, self.revisions).await
    }

    /// Applies what is pending up to `target`: a revision id, a unique prefix of one, `head`, `heads` or `+N`.
    ///
    /// # Errors
    ///
    /// See [`Error`]. The revisions before the one that failed stay applied.
    pub async fn upgrade(&mut self, target: &str) -> Result<Vec<Applied>, Error> {
        let meant = target::upgrade(target, self.revisions, &self.options.program)?;
        let listener = &mut self.on_event;
        let waiting = |holder: &Holder| tell(listener, Event::Waiting(holder));
        let mut session = Session::open(self.client, &self.options, waiting).await?;
        let mut run = Run {
            revisions: self.revisions,
            options: &self.options,
            listener,
        };
        let outcome = run.upgrade(&mut session, target, meant).await;
        finish(session, outcome).await
    }

    /// Undoes what was applied after `target`: a revision id, a unique prefix of one, `base` or `-N`.
    ///
    /// # Errors
    ///
    /// See [`Error`]. The revisions undone before the one that failed stay undone; that none lacks its down script
    /// is seen before the first is undone.
    pub async fn downgrade(&mut self, target: &str) -> Result<Vec<Undone>, Error> {
        let meant = target::downgrade(target, self.revisions, &self.options.program)?;
        let listener = &mut self.on_event;
        let waiting = |holder: &Holder| tell(listener, Event::Waiting(holder));
        let mut session = Session::open(self.client, &self.options, waiting).await?;
        let mut run = Run {
            revisions: self.revisions,
            options: &self.options,
            listener,
        };
        let outcome = run.downgrade(&mut session, target, meant).await;
        finish(session, outcome).await
    }

    /// What a server does before it serves: applies what is pending, and takes no lock if there is nothing.
    ///
    /// # Errors
    ///
    /// As [`Migrator::upgrade`], but a database that is ahead is no error: see [`Startup::Ahead`].
    pub async fn on_startup(&mut self) -> Result<Startup, Error> {
        let state = self.state().await?;
        let ahead = |unknown| {
            tracing::warn!("the database is ahead of this program; its schema is left as it is");
            Ok(Startup::Ahead { unknown })
        };
        match plan::refuse_foreign(&state) {
            Err(Error::Ahead { unknown }) => return ahead(unknown),
            Err(error) => return Err(error),
            Ok(()) => {}
        }
        if state.pending.is_empty() {
            return Ok(Startup::UpToDate);
        }
        match self.upgrade("head").await {
            // Another replica has migrated in the meantime.
            Ok(applied) if applied.is_empty() => Ok(Startup::UpToDate),
            Ok(applied) => Ok(Startup::Upgraded(applied)),
            Err(Error::Ahead { unknown }) => ahead(unknown),
            Err(error) => Err(error),
        }
    }
}

fn tell(listener: &mut Option<Listener<'_>>, event: Event<'_>) {
    if let Some(listener) = listener {
        listener(event);
    }
}

async fn read_state(client: &Client, revisions: &Revisions) -> Result<State, Error> {
    let doing = || format!("reading {HISTORY_TABLE}");
    history::read(client, revisions)
        .await
        .map_err(|source| Error::History {
            doing: doing(),
            source,
        })
}

/// Gives the lock back whatever happened; what went wrong first is what counts.
async fn finish<T>(session: Session<'_>, outcome: Result<T, Error>) -> Result<T, Error> {
    let closed = session.close().await;
    let value = outcome?;
    closed.map(|()| value)
}
