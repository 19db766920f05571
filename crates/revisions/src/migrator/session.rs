//! The session of a migrator: the lock and the settings that it works under, given back on every path.

use std::time::Duration;

use futures_util::FutureExt;
use tokio_postgres::{Client, SimpleQueryRow};

use crate::history::rows;
use crate::migrator::error::Error;
use crate::migrator::lock::{self, Holder};
use crate::migrator::options::Options;

/// Settings that the row in the history relies upon, and that a script may change for good, as what pg_dump writes does.
const KEPT: [&str; 4] = [
    // Before the role, which it changes.
    "session_authorization",
    "role",
    "search_path",
    "lock_timeout",
];

/// Takes back every setting that was changed in the session, but for the role. PostgreSQL knows for each what it was when
/// the session began, so none has to be asked for; what was set since then has to be set again.
const RESET: &str = "reset all";

/// Settings that let the server notice soon that a migrator is gone, so that its lock is free again. None of them is
/// necessary, and not every server, or platform, has each.
const WATCHFUL: [(&str, &str); 4] = [
    // Since PostgreSQL 14: looks for a closed connection even while a statement runs.
    ("client_connection_check_interval", "2s"),
    // A machine that vanished without a word, after half a minute.
    ("tcp_keepalives_idle", "15"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
];

/// Puts back what a script may have changed.
#[derive(Debug, Default)]
pub(crate) struct Settle {
    /// The statements that do so for good.
    pub(crate) for_good: String,
    /// The statement that does so until the transaction ends.
    pub(crate) for_transaction: String,
}

/// A session that holds the migration lock.
pub(crate) struct Session<'a> {
    pub(crate) client: &'a mut Client,
    /// The settings that were set in the session, or are changed, and what they were before.
    before: Vec<(String, String)>,
    settle: Settle,
    /// Whether the lock may be ours: PostgreSQL warns of one that is given back and was never taken.
    may_hold: bool,
    /// Whether a transaction that spans several scripts may be open.
    in_transaction: bool,
    /// Whether the lock has been given back.
    closed: bool,
}

impl<'a> Session<'a> {
    /// Takes the lock and prepares the session.
    pub(crate) async fn open(
        client: &'a mut Client,
        options: &Options,
        waiting: impl FnMut(&Holder) + Send,
    ) -> Result<Self, Error> {
        let mut session = Self {
            client,
            before: Vec::new(),
            settle: Settle::default(),
            may_hold: false,
            in_transaction: false,
            closed: false,
        };
        let opened = session.prepare(options, waiting).await;
        match opened {
            Ok(()) => Ok(session),
            Err(error) => {
                // What went wrong first is what counts.
                let _ = session.close().await;
                Err(error)
            }
        }
    }

    async fn prepare(
        &mut self,
        options: &Options,
        waiting: impl FnMut(&Holder) + Send,
    ) -> Result<(), Error> {
        self.remember().await.map_err(preparing)?;
        let lock_timeout = options.lock_timeout.as_millis().to_string();
        self.set(&lock_timeout).await.map_err(preparing)?;
        let in_force: Vec<(String, String)> = self
            .before
            .iter()
            .map(|(name, value)| {
                let watchful = WATCHFUL.iter().find(|(watchful, _)| watchful == name);
                let ours = match name.as_str() {
                    "lock_timeout" => Some(lock_timeout.clone()),
                    _ => watchful.map(|(_, value)| (*value).to_owned()),
                };
                (name.clone(), ours.unwrap_or_else(|| value.clone()))
            })
            .collect();
        let is_kept = |(name, _): &&(String, String)| KEPT.contains(&name.as_str());
        let kept: Vec<(String, String)> = in_force.iter().filter(is_kept).cloned().collect();
        self.settle = Settle {
            for_good: format!("{RESET}; {}", set_all(&in_force, false)),
            for_transaction: set_all(&kept, true),
        };
        // From the first request on, also if nobody waits for its answer any more.
        self.may_hold = true;
        let taken = lock::take(self.client, options.migration_lock_timeout, waiting).await;
        self.may_hold = !matches!(taken, Err(Error::Locked { .. }));
        taken
    }

    /// Sets what the session works under: all in one round trip, where the platform can do all of it.
    async fn set(&mut self, lock_timeout: &str) -> Result<(), tokio_postgres::Error> {
        let watchful = WATCHFUL.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let lock_timeout = ("lock_timeout".to_owned(), lock_timeout.to_owned());
        let all = [&watchful[..], std::slice::from_ref(&lock_timeout)].concat();
        if self
            .client
            .simple_query(&set_all(&all, false))
            .await
            .is_ok()
        {
            return Ok(());
        }
        for (name, value) in watchful {
            let set = set_all(&[(name.clone(), value)], false);
            // Refused where the platform cannot do it: then it is done without.
            if self.client.simple_query(&set).await.is_err() {
                self.before.retain(|(before, _)| *before != name);
            }
        }
        let set = set_all(&[lock_timeout], false);
        self.client.simple_query(&set).await.map(drop)
    }

    async fn remember(&mut self) -> Result<(), tokio_postgres::Error> {
        let names: Vec<String> = KEPT
            .iter()
            .copied()
            .chain(WATCHFUL.iter().map(|(name, _)| *name))
            .map(|name| format!("('{name}')"))
            .collect();
        // Then what has been set in the session so far: it is in force for the scripts too, and afterwards. Those of a
        // transaction end with it.
        let query = format!(
            "with setting (name) as (values {}) \
             select name, current_setting(name, true) from setting \
             union all \
             select name, current_setting(name, true) from pg_settings \
             where source = 'session' and context in ('user', 'superuser') \
                 and name not like 'transaction\\_%' and name not in (select name from setting)",
            names.join(", ")
        );
        let messages = self.client.simple_query(&query).await?;
        let text =
            |row: &SimpleQueryRow, column| row.try_get(column).ok().flatten().map(str::to_owned);
        // A server without accounts (the embedded engine) has no name for it, and would refuse none.
        let is_nobody =
            |(name, value): &(String, String)| name == "session_authorization" && value.is_empty();
        self.before = rows(&messages)
            .filter_map(|row| Some((text(row, 0)?, text(row, 1)?)))
            .filter(|setting| !is_nobody(setting))
            .collect();
        Ok(())
    }

    /// The connection, and what puts back the settings that a script may have changed, for the next.
    pub(crate) fn client_and_settle(&mut self) -> (&mut Client, &Settle) {
        (self.client, &self.settle)
    }

    /// Begins a transaction that spans several scripts. Whatever becomes of the session, it is rolled back, also if
    /// whoever waits for an answer is dropped: what somebody else does on the connection next must not commit it.
    pub(crate) async fn begin(&mut self) -> Result<(), tokio_postgres::Error> {
        // From the request on, also if nobody waits for its answer any more.
        self.in_transaction = true;
        self.client.batch_execute("begin").await
    }

    /// Takes back all that was done since [`Session::begin`].
    pub(crate) async fn roll_back(&mut self) -> Result<(), tokio_postgres::Error> {
        self.client.batch_execute("rollback").await?;
        self.in_transaction = false;
        Ok(())
    }

    /// Gives the lock back, and puts back all settings.
    pub(crate) async fn close(mut self) -> Result<(), Error> {
        self.closed = true;
        let give_back = self.give_back_query("");
        self.client
            .batch_execute(&give_back)
            .await
            .map_err(|source| Error::Database {
                doing: "giving back the migration lock".to_owned(),
                source,
            })
    }

    fn give_back_query(&self, reset: &str) -> String {
        // First, since a transaction that has failed takes nothing else.
        let rollback = if self.in_transaction {
            "rollback; "
        } else {
            ""
        };
        let settings = set_all(&self.before, false);
        match self.may_hold {
            true => format!("{rollback}{}; {reset}{settings}", lock::release_query()),
            false => format!("{rollback}{reset}{settings}"),
        }
    }
}

impl Drop for Session<'_> {
    /// Whoever is dropped in the middle gives the lock back too. The request is on its way once it is polled;
    /// nobody waits for the answer.
    fn drop(&mut self) {
        if !self.closed {
            // Nothing has put back yet what the script in the middle has changed.
            let give_back = self.give_back_query(&format!("{RESET}; "));
            let _ = self.client.batch_execute(&give_back).now_or_never();
        }
    }
}

fn preparing(source: tokio_postgres::Error) -> Error {
    Error::Database {
        doing: "preparing the session for a migration".to_owned(),
        source,
    }
}

/// One statement that sets them all, for the session or the transaction.
fn set_all(settings: &[(String, String)], local: bool) -> String {
    let calls: Vec<String> = settings
        .iter()
        .map(|(name, value)| {
            format!(
                "set_config('{name}', '{}', {local})",
                value.replace('\'', "''")
            )
        })
        .collect();
    if calls.is_empty() {
        "select 1".to_owned()
    } else {
        format!("select {}", calls.join(", "))
    }
}

/// The statement that sets `lock_timeout` for one transaction, or for the session.
pub(crate) fn lock_timeout_query(timeout: Duration, local: bool) -> String {
    format!(
        "set {} lock_timeout = {}",
        if local { "local" } else { "session" },
        timeout.as_millis()
    )
}
