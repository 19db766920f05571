//! How a database is reached: its URL, TLS, and words for a connection that fails.
//!
//! How a URL is taken apart is in `url.rs`, the variables that make one up in `variables.rs`, TLS in `tls.rs`,
//! connecting in `connect.rs`.

use std::fmt::{self, Debug, Display, Formatter};
#[cfg(unix)]
use std::os::unix::ffi::OsStrExt as _;

#[cfg(unix)]
use percent_encoding::percent_encode;
use percent_encoding::utf8_percent_encode;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

mod connect;
mod create;
mod error;
mod libpq;
mod tls;
mod url;
mod variables;

pub use error::{ConnectError, UrlError};

/// Where a database is, and as whom it is reached.
///
/// `Debug` and `Display` never show the password.
#[derive(Clone)]
pub struct DatabaseUrl {
    /// What was given, with the scheme `postgresql`.
    text: String,
    config: Config,
    tls: tls::Settings,
}

impl DatabaseUrl {
    /// Reads `postgres://…`, `postgresql://…`, or SQLAlchemy's `postgresql+asyncpg://…`.
    ///
    /// The parameters are those of libpq, as far as tokio-postgres has them, and `sslmode` (`disable`, `allow`,
    /// `prefer`, `require`, `verify-ca`, `verify-full`) and `sslrootcert` (a PEM file, or `system`, which goes with `verify-full` only). Several hosts,
    /// and `target_session_attrs`, work. Without `connect_timeout` it is 10 s.
    ///
    /// # Errors
    ///
    /// What cannot be understood, or would be ignored, is refused by name; the password is not in the message.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        url::parse(text)
    }

    /// The database of the environment: `DATABASE_URL`; else `DB_HOST` (default `localhost`), `DB_PORT` (5432),
    /// `DB_USER`, `DB_PASSWORD` and `DB_NAME`. An empty variable counts as unset; `None` if none is set.
    ///
    /// # Errors
    ///
    /// As [`DatabaseUrl::parse`]; the message names the variable.
    pub fn from_env() -> Result<Option<Self>, UrlError> {
        Self::from_lookup(environment)
    }

    /// The database that migrations use: `MIGRATION_DATABASE_URL`, for a role that owns the schema; else as
    /// [`DatabaseUrl::from_env`].
    ///
    /// # Errors
    ///
    /// As [`DatabaseUrl::from_env`].
    pub fn for_migrations_from_env() -> Result<Option<Self>, UrlError> {
        Self::for_migrations_from_lookup(environment)
    }

    /// As [`DatabaseUrl::from_env`], with another source of variables.
    ///
    /// # Errors
    ///
    /// As [`DatabaseUrl::from_env`].
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, UrlError> {
        variables::from_lookup(&lookup)
    }

    /// As [`DatabaseUrl::for_migrations_from_env`], with another source of variables.
    ///
    /// # Errors
    ///
    /// As [`DatabaseUrl::from_env`].
    pub fn for_migrations_from_lookup(
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>, UrlError> {
        match variables::variable("MIGRATION_DATABASE_URL", &lookup)? {
            Some(url) => Ok(Some(url)),
            None => variables::from_lookup(&lookup),
        }
    }

    /// The settings for tokio-postgres. TLS is not among them: see [`DatabaseUrl::tls`].
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The connector that does TLS as `sslmode` says. Whether TLS is used at all is in the
    /// [`config`](DatabaseUrl::config); through a Unix socket it never is.
    ///
    /// # Errors
    ///
    /// [`UrlError::RootCertificates`] if the certificates of `sslrootcert`, or those of the system, cannot be read.
    pub fn tls(&self) -> Result<MakeRustlsConnect, UrlError> {
        self.tls.connector()
    }

    /// Connects, and spawns the task that drives the connection on the current tokio runtime; it ends with the client.
    ///
    /// # Errors
    ///
    /// [`ConnectError`] says what is wrong, and what to do.
    pub async fn connect(&self, application_name: &str) -> Result<Client, ConnectError> {
        connect::connect(self, application_name).await
    }

    /// Creates the database, if the server has none of that name; whether it did. Several may do so at the same moment.
    ///
    /// # Errors
    ///
    /// [`ConnectError`], most of all without the permission.
    pub async fn create_if_missing(&self, application_name: &str) -> Result<bool, ConnectError> {
        create::if_missing(self, application_name).await
    }

    /// The URL with its password, for a program that has to be given it. Not for people.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }
}

fn environment(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

impl Display for DatabaseUrl {
    /// `postgresql://user@host:port/database`, without password and parameters: [`DatabaseUrl::parse`] and psql read it.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let encoded = |text| utf8_percent_encode(text, url::ENCODED);
        f.write_str("postgresql://")?;
        if let Some(user) = self.config.get_user() {
            write!(f, "{}@", encoded(user))?;
        }
        let hosts = self.config.get_hosts().iter().enumerate();
        let hosts: Vec<String> = hosts
            .map(|(index, host)| match host {
                // The directory of a socket would be taken for the path, and end the host.
                #[cfg(unix)]
                Host::Unix(directory) => {
                    let directory = percent_encode(directory.as_os_str().as_bytes(), url::ENCODED);
                    match self.port(index) {
                        5432 => directory.to_string(),
                        port => format!("{directory}:{port}"),
                    }
                }
                Host::Tcp(name) => self.address(name, index),
            })
            .collect();
        f.write_str(&hosts.join(","))?;
        if let Some(database) = self.config.get_dbname() {
            write!(f, "/{}", encoded(database))?;
        }
        Ok(())
    }
}

impl DatabaseUrl {
    /// The hosts with their ports, as a person writes them.
    fn hosts(&self) -> String {
        let hosts = self.config.get_hosts().iter().enumerate();
        let hosts: Vec<String> = hosts
            .map(|(index, host)| match host {
                Host::Tcp(name) => self.address(name, index),
                #[cfg(unix)]
                Host::Unix(path) => format!("{}/.s.PGSQL.{}", path.display(), self.port(index)),
            })
            .collect();
        hosts.join(",")
    }

    /// A host of the network with its port; an IPv6 address is in brackets.
    fn address(&self, name: &str, index: usize) -> String {
        let port = self.port(index);
        if name.contains(':') {
            format!("[{name}]:{port}")
        } else {
            format!("{name}:{port}")
        }
    }

    /// The port of a host: its own, or the one for all.
    fn port(&self, index: usize) -> u16 {
        let ports = self.config.get_ports();
        ports.get(index).or(ports.first()).copied().unwrap_or(5432)
    }
}

impl Debug for DatabaseUrl {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}
