//! A database on a server that somebody else runs: made with a unique name, dropped at the end.

use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio_postgres::{Client, Config, NoTls};

use crate::Error;
use crate::address::Address;
use crate::names::{random_hex, without_password};

/// Names of databases that are ours: this, the second of their making (the server's clock), and random digits.
const PREFIX: &str = "scratch_postgres_";

/// A leftover must be this old to be dropped: its owner may be about to connect.
const OLD_S: i64 = 60;

/// How long a server may take to be reached, or to drop the database.
const PATIENCE: Duration = Duration::from_secs(30);

/// A database of our own. A session is kept open in it, so that nobody takes it for a leftover.
pub(crate) struct ExternalDatabase {
    name: String,
    max_connections: usize,
    server: String,
    end: Option<oneshot::Sender<()>>,
    keeper: Option<JoinHandle<Result<(), Error>>>,
}

impl ExternalDatabase {
    /// Makes it. All of tokio is kept on a thread of its own, so that it does not matter who calls.
    pub(crate) fn make(url: &str) -> Result<Self, Error> {
        let keeper = Keeper::new(url)?;
        let server = keeper.server.clone();
        let (made, is_made) = mpsc::channel();
        let (end, is_ended) = oneshot::channel();
        let handle = std::thread::Builder::new()
            .name("scratch-postgres".to_owned())
            .spawn(move || keeper.run(&made, is_ended))
            .map_err(|source| Error::Spawn {
                program: "a thread".to_owned(),
                source,
            })?;
        let failed = |action| Error::External {
            server: server.clone(),
            action,
            message: "its connection ended".to_owned(),
        };
        match is_made.recv() {
            Ok((name, max_connections)) => Ok(Self {
                name,
                max_connections,
                server,
                end: Some(end),
                keeper: Some(handle),
            }),
            // It ended before it had made anything; its result says why.
            Err(_) => match handle.join() {
                Ok(Err(error)) => Err(error),
                _ => Err(failed("make a database")),
            },
        }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn max_connections(&self) -> usize {
        self.max_connections
    }

    /// Drops it.
    pub(crate) fn stop(&mut self) -> Result<(), Error> {
        self.end = None;
        match self.keeper.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            None => Ok(()),
            Some(Err(_)) => Err(Error::External {
                server: self.server.clone(),
                action: "drop the database",
                message: "its thread panicked".to_owned(),
            }),
        }
    }
}

/// What the thread works with.
struct Keeper {
    url: String,
    config: Config,
    /// For errors.
    server: String,
}

impl Keeper {
    fn new(url: &str) -> Result<Self, Error> {
        let mut config: Config =
            url.parse()
                .map_err(|error: tokio_postgres::Error| Error::InvalidSource {
                    value: without_password(url),
                    reason: error.to_string(),
                })?;
        config.application_name("scratch-postgres");
        config.connect_timeout(PATIENCE);
        Ok(Self {
            url: url.to_owned(),
            config,
            server: without_password(url),
        })
    }

    fn run(
        &self,
        made: &mpsc::Sender<(String, usize)>,
        is_ended: oneshot::Receiver<()>,
    ) -> Result<(), Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| Error::Spawn {
                program: "a runtime".to_owned(),
                source,
            })?;
        runtime.block_on(async {
            let (client, _connection) = self.connect(&self.config, "connect").await?;
            self.sweep(&client).await;
            let name = self.make(&client).await?;
            let max_connections = self.max_connections(&client).await?;
            drop(client);
            let (own, _) = Address::of_url(&self.url);
            let own: Config = own.url(&name).parse().map_err(self.error("connect"))?;
            let kept = self.connect(&own, "connect to the new database").await;
            let kept = match kept {
                Ok(kept) => kept,
                Err(error) => {
                    self.drop_database(&name).await?;
                    return Err(error);
                }
            };
            if made.send((name.clone(), max_connections)).is_ok() {
                // An error says that the other end is gone: that is the signal.
                let _ = is_ended.await;
            }
            drop(kept);
            self.drop_database(&name).await
        })
    }

    async fn connect(
        &self,
        config: &Config,
        action: &'static str,
    ) -> Result<(Client, tokio::task::JoinHandle<()>), Error> {
        let (client, connection) = config.connect(NoTls).await.map_err(self.error(action))?;
        let connection = tokio::spawn(async {
            if let Err(error) = connection.await {
                tracing::warn!("the connection to the external PostgreSQL ended: {error}");
            }
        });
        Ok((client, connection))
    }

    async fn make(&self, client: &Client) -> Result<String, Error> {
        let row = client
            .query_one("select extract(epoch from now())::bigint", &[])
            .await
            .map_err(self.error("ask for the time"))?;
        let now_s: i64 = row.get(0);
        let name = format!("{PREFIX}{now_s}_{}", random_hex()?);
        client
            .batch_execute(&format!("create database {name}"))
            .await
            .map_err(self.error("make a database (its user needs the right `createdb`)"))?;
        Ok(name)
    }

    async fn max_connections(&self, client: &Client) -> Result<usize, Error> {
        let row = client
            .query_one(
                "select current_setting('max_connections')::bigint \
                 - current_setting('superuser_reserved_connections')::bigint",
                &[],
            )
            .await
            .map_err(self.error("ask for its settings"))?;
        // One is the keeper's.
        Ok(usize::try_from(row.get::<_, i64>(0) - 1)
            .unwrap_or(1)
            .max(1))
    }

    async fn drop_database(&self, name: &str) -> Result<(), Error> {
        let dropped = async {
            let (client, _connection) = self.connect(&self.config, "connect").await?;
            client
                .batch_execute(&format!("drop database if exists {name} with (force)"))
                .await
                .map_err(self.error("drop the database"))?;
            crate::roles::sweep(&client).await;
            Ok(())
        };
        match tokio::time::timeout(PATIENCE, dropped).await {
            Ok(result) => result,
            Err(_) => Err(Error::External {
                server: self.server.clone(),
                action: "drop the database",
                message: format!("no answer within {} s", PATIENCE.as_secs()),
            }),
        }
    }

    /// Drops what owners left behind that were killed. Best effort: PostgreSQL itself refuses to drop a database
    /// that has a session, and a living owner keeps one.
    async fn sweep(&self, client: &Client) {
        let leftovers = client
            .query(
                "select datname::text from pg_database d \
                 where datname ~ ('^' || $1 || '[0-9]+_[0-9a-f]{16}$') \
                 and split_part(substr(datname, length($1) + 1), '_', 1)::bigint \
                     < extract(epoch from now())::bigint - $2 \
                 and not exists (select from pg_stat_activity a where a.datid = d.oid)",
                &[&PREFIX, &OLD_S],
            )
            .await;
        let leftovers = match leftovers {
            Ok(rows) => rows,
            Err(error) => return tracing::debug!("no sweep of old databases: {error}"),
        };
        for row in leftovers {
            let name: String = row.get(0);
            let drop_it = format!("drop database if exists {name}");
            if let Err(error) = client.batch_execute(&drop_it).await {
                tracing::debug!("{name} stays: {error}");
            }
        }
    }

    fn error(&self, action: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Error {
        let server = self.server.clone();
        move |error| Error::External {
            server,
            action,
            message: describe(&error),
        }
    }
}

/// The whole chain: tokio-postgres itself says only "db error".
fn describe(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
