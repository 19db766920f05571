//! One migrator at a time: the advisory lock, and who holds it.
//!
//! The lock is polled with `pg_try_advisory_lock`, never waited for in PostgreSQL: a statement that waits
//! holds a snapshot, and `create index concurrently` waits for snapshots, so the two would wait for each other.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::{Client, SimpleQueryRow};

use crate::history::rows;
use crate::migrator::error::Error;

/// The key of the lock: the letters `revision`, as a bigint.
pub(crate) const LOCK_KEY: i64 = i64::from_be_bytes(*b"revision");

/// The wait before the lock is tried for the second time; it doubles up to [`LONGEST_POLL`].
const FIRST_POLL: Duration = Duration::from_millis(25);
const LONGEST_POLL: Duration = Duration::from_secs(1);

/// The session that holds the migration lock, as far as the role may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its process in the server.
    pub pid: i32,
    /// How it calls itself.
    pub application_name: Option<String>,
    /// Its role.
    pub user: Option<String>,
    /// Where it comes from; `None` on the same machine.
    pub client_address: Option<String>,
    /// Since when it is connected.
    pub connected_since: Option<String>,
}

impl Display for Holder {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)?;
        if let Some(name) = self
            .application_name
            .as_deref()
            .filter(|name| !name.is_empty())
        {
            write!(f, " ({name})")?;
        }
        if let Some(user) = &self.user {
            write!(f, " of the role {user}")?;
        }
        if let Some(address) = &self.client_address {
            write!(f, " from {address}")?;
        }
        if let Some(since) = &self.connected_since {
            write!(f, ", connected since {since}")?;
        }
        Ok(())
    }
}

/// Takes the lock, or gives up after `timeout`. `waiting` is told of each new holder.
pub(crate) async fn take(
    client: &Client,
    timeout: Duration,
    mut waiting: impl FnMut(&Holder) + Send,
) -> Result<(), Error> {
    let started = Instant::now();
    let mut poll = FIRST_POLL;
    let mut told = None;
    loop {
        if try_take(client).await? {
            return Ok(());
        }
        let holder = holder(client).await?;
        if let Some(holder) = holder.as_ref().filter(|holder| told != Some(holder.pid)) {
            told = Some(holder.pid);
            tracing::info!(pid = holder.pid, "waiting for another migrator: {holder}");
            waiting(holder);
        }
        let waited = started.elapsed();
        if waited >= timeout {
            return Err(Error::Locked { waited, holder });
        }
        let jittered = poll.mul_f64(0.5 + fastrand::f64());
        tokio::time::sleep(jittered.min(timeout.saturating_sub(waited))).await;
        poll = (poll * 2).min(LONGEST_POLL);
    }
}

async fn try_take(client: &Client) -> Result<bool, Error> {
    let query = format!("select pg_try_advisory_lock({LOCK_KEY})");
    let messages = client.simple_query(&query).await.map_err(asking)?;
    Ok(rows(&messages).any(|row| row.try_get(0).ok().flatten() == Some("t")))
}

/// The statement that gives the lock back.
pub(crate) fn release_query() -> String {
    format!("select pg_advisory_unlock({LOCK_KEY})")
}

/// Whether this session still holds the lock: a script may have given it back, in a function.
pub(crate) async fn is_held(client: &Client) -> Result<bool, tokio_postgres::Error> {
    let query = format!(
        "select 1 from pg_locks l where {} and l.pid = pg_backend_pid()",
        is_the_lock()
    );
    let messages = client.simple_query(&query).await?;
    Ok(rows(&messages).next().is_some())
}

/// The condition on a row `l` of pg_locks. A bigint key is found there in two halves, with objsubid 1.
fn is_the_lock() -> String {
    format!(
        "l.locktype = 'advisory' and l.granted and l.objsubid = 1 and l.classid = {} and l.objid = {} \
             and l.database = (select oid from pg_database where datname = current_database())",
        LOCK_KEY >> 32,
        LOCK_KEY & 0xffff_ffff,
    )
}

/// Who holds the lock now; of other sessions.
pub(crate) async fn holder(client: &Client) -> Result<Option<Holder>, Error> {
    let query = format!(
        "select l.pid, a.application_name, a.usename, host(a.client_addr), \
             to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS TZ') \
         from pg_locks l \
         left join pg_stat_activity a on a.pid = l.pid \
         where {} and l.pid <> pg_backend_pid()",
        is_the_lock()
    );
    let messages = client.simple_query(&query).await.map_err(asking)?;
    Ok(rows(&messages).next().and_then(found))
}

fn found(row: &SimpleQueryRow) -> Option<Holder> {
    let text = |column| row.try_get(column).ok().flatten().map(str::to_owned);
    Some(Holder {
        pid: text(0)?.parse().ok()?,
        application_name: text(1),
        user: text(2),
        client_address: text(3),
        connected_since: text(4),
    })
}

fn asking(source: tokio_postgres::Error) -> Error {
    Error::Database {
        doing: "asking for the migration lock".to_owned(),
        source,
    }
}
