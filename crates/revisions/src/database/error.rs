//! Why a database cannot be reached, and what to do. No password is in any of these.

use std::path::PathBuf;

use crate::migrator::database_message;

/// How a URL looks, for messages.
const FORM: &str = "postgresql://USER:PASSWORD@HOST:5432/DATABASE";
/// What has to be percent-encoded in a password.
const ENCODE: &str = "write `%25` for `%`, `%40` for `@`, `%3A` for `:`, `%2F` for `/`, `%3F` for `?`, \
                      `%23` for `#`, `%20` for a blank; or give the parts as DB_HOST, DB_USER, DB_PASSWORD, DB_NAME, as they are";

/// Why a URL, or what stands in the environment, was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// The variable that has the URL, and why it was refused.
    #[error("{name}: {error}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What is wrong with its value.
        error: Box<UrlError>,
    },
    /// A variable that is missing beside others, or has a value that cannot be.
    #[error("{name} {problem}")]
    Part {
        /// The variable.
        name: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// No URL of PostgreSQL.
    #[error(
        "the URL has to begin with `postgresql://` or `postgres://`, and {found}\n  = help: write {FORM}"
    )]
    Scheme {
        /// With what it begins.
        found: String,
    },
    /// A character in the user or the password that has to be percent-encoded.
    #[error("the user or the password has to be percent-encoded: {problem}\n  = help: {ENCODE}")]
    Unencoded {
        /// What was seen.
        problem: &'static str,
    },
    /// A host or port that cannot be.
    #[error("{problem}\n  = help: write {FORM}")]
    Host {
        /// What is wrong.
        problem: String,
    },
    /// A parameter that is not known, or cannot have its value.
    #[error("the parameter `{name}` {problem}")]
    Parameter {
        /// The parameter.
        name: String,
        /// What is wrong.
        problem: String,
    },
    /// Certificates that cannot be read.
    #[error("{}{problem}\n  = help: {help}", .path.as_ref().map(|path| format!("sslrootcert {}: ", path.display())).unwrap_or_default())]
    RootCertificates {
        /// The file of `sslrootcert`; `None` for those of the system.
        path: Option<PathBuf>,
        /// What is wrong.
        problem: String,
        /// What to do.
        help: &'static str,
    },
}

/// Why a connection could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// TLS cannot be prepared.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// Nobody answers.
    #[error(
        "no PostgreSQL answers at {hosts}: {reason}\n  = help: see whether it runs, and whether host and port are right"
    )]
    NoServer {
        /// Where.
        hosts: String,
        /// What the operating system said.
        reason: String,
    },
    /// The host name is not known.
    #[error(
        "the host of {hosts} is not known: {reason}\n  = help: see whether its name is right, and whether this machine can look it up"
    )]
    UnknownHost {
        /// Where.
        hosts: String,
        /// What the operating system said.
        reason: String,
    },
    /// No answer within `connect_timeout`.
    #[error("no answer from {hosts} within {} s\n  = help: see whether a firewall is in between; `connect_timeout=30` in the URL waits longer", .seconds)]
    TimedOut {
        /// Where.
        hosts: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// Wrong user or password.
    #[error(
        "{hosts} refuses the user {user}: {reason}\n  = help: see whether user and password are right; in a URL, the password is percent-encoded"
    )]
    Refused {
        /// Where.
        hosts: String,
        /// As whom.
        user: String,
        /// What PostgreSQL said.
        reason: String,
    },
    /// The server's pg_hba.conf has no line for this way of connecting.
    #[error("{hosts} does not let this connection in: {reason}\n  = help: {}", if *.plain { "the server may want TLS: write `sslmode=require` in the URL; else add a line to its pg_hba.conf" } else { "add a line for this host, user and database to its pg_hba.conf" })]
    NotLetIn {
        /// Where.
        hosts: String,
        /// What PostgreSQL said.
        reason: String,
        /// Whether the connection was without TLS.
        plain: bool,
    },
    /// There is no such database.
    #[error(
        "{hosts} has no database `{database}`\n  = help: create it (`createdb {database}`, or `upgrade head --create-database`), or correct its name"
    )]
    NoDatabase {
        /// Where.
        hosts: String,
        /// Its name.
        database: String,
    },
    /// The database could not be created.
    #[error(
        "the database `{database}` could not be created: {reason}\n  = help: let a role create it that may: `createdb --owner=USER {database}`"
    )]
    NotCreated {
        /// Its name.
        database: String,
        /// What PostgreSQL said.
        reason: String,
    },
    /// The user may not connect to the database.
    #[error(
        "the user {user} may not connect to the database `{database}`: {reason}\n  = help: as its owner: `grant connect on database \"{database}\" to \"{user}\"`"
    )]
    NoPermission {
        /// As whom.
        user: String,
        /// Its name.
        database: String,
        /// What PostgreSQL said.
        reason: String,
    },
    /// The server does not do TLS, and `sslmode` wants it.
    #[error(
        "{hosts} does not do TLS, and `sslmode={mode}` wants it\n  = help: turn `ssl` on in its postgresql.conf; `sslmode=disable` is for a network that is trusted"
    )]
    NoTls {
        /// Where.
        hosts: String,
        /// The mode.
        mode: &'static str,
    },
    /// TLS failed: most often the certificate.
    #[error("TLS with {hosts} failed: {reason}\n  = help: {help}")]
    Tls {
        /// Where.
        hosts: String,
        /// What is wrong.
        reason: String,
        /// What to do.
        help: &'static str,
    },
    /// None of the hosts is what `target_session_attrs` asks for.
    #[error(
        "none of {hosts} is what `target_session_attrs` asks for: {reason}\n  = help: name the primary among the hosts, or ask for `any`"
    )]
    WrongSession {
        /// Where.
        hosts: String,
        /// What was found.
        reason: String,
    },
    /// All connections are taken.
    #[error(
        "{hosts} has no connection left: {reason}\n  = help: make the pools smaller, or `max_connections` of the server larger"
    )]
    TooManyConnections {
        /// Where.
        hosts: String,
        /// What PostgreSQL said.
        reason: String,
    },
    /// The server starts, or stops.
    #[error("{hosts} is starting up or shutting down: {reason}\n  = help: try again in a moment")]
    NotReady {
        /// Where.
        hosts: String,
        /// What PostgreSQL said.
        reason: String,
    },
    /// Something else.
    #[error("connecting to {hosts}: {}\n  = help: PostgreSQL's own log may say more", database_message(.source))]
    Other {
        /// Where.
        hosts: String,
        /// What went wrong.
        source: tokio_postgres::Error,
    },
}

impl ConnectError {
    /// Whether it may be different in a moment: nobody answers yet, or a server that starts.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::NoServer { .. }
                | Self::UnknownHost { .. }
                | Self::TimedOut { .. }
                | Self::TooManyConnections { .. }
                | Self::NotReady { .. }
        )
    }

    /// What happened, without what to do.
    #[cfg(feature = "cli")]
    pub(crate) fn first_line(&self) -> String {
        let text = self.to_string();
        text.lines().next().unwrap_or_default().to_owned()
    }
}
