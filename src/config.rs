//! Settings: one struct per concern, each field names its variable and its default.
//!
//! They come from the environment, and from `.env`, which `main` loads into the environment before any
//! thread starts. Every variable has a line in `.env.example`. Nothing here opens a connection or a file.

mod auth;
mod jobs;
mod storage;
mod variables;

use std::time::Duration;

use axum::http::HeaderValue;
use revisions::DatabaseUrl;
use tracing_subscriber::filter::{Directive, LevelFilter};
use url::Url;

pub use auth::AuthSettings;
pub use jobs::JobSettings;
pub use storage::{StorageLocation, StorageSettings};
pub use variables::{SettingsError, Variables};

/// Everything the program can be told.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where and how HTTP is served.
    pub server: ServerSettings,
    /// How the database is reached; no URL means none is configured.
    pub database: DatabaseSettings,
    /// When and how the schema is migrated.
    pub migrations: MigrationSettings,
    /// Who is believed.
    pub auth: AuthSettings,
    /// What a wallet starts with.
    pub wallets: WalletSettings,
    /// Which jobs are on offer, and who works on them.
    pub jobs: JobSettings,
    /// Where files of results are kept, and which ones are taken.
    pub storage: StorageSettings,
    /// When the audit log is sealed.
    pub audit: AuditSettings,
    /// What is logged.
    pub log: LogSettings,
}

/// Where and how HTTP is served.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// `HOST`, 127.0.0.1: address or name of this machine to listen on.
    pub host: String,
    /// `PORT`, 8000; 0 takes a free one.
    pub port: u16,
    /// `ALLOWED_HOSTS`: origins that browsers may call from, comma separated, or `*`; none by default.
    pub allowed_origins: Vec<HeaderValue>,
    /// `TRUSTED_PROXIES`, 0: how many proxies of our own stand before the server; so many of the last entries of
    /// `X-Forwarded-For` are believed.
    pub trusted_proxies: usize,
    /// `SHUTDOWN_TIMEOUT_SECONDS`, 25: how long running requests may take to finish at the end.
    pub shutdown_timeout: Duration,
}

/// How the database is reached.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// `DATABASE_URL`, or `DB_HOST`, `DB_PORT`, `DB_USER`, `DB_PASSWORD` and `DB_NAME`.
    pub url: Option<DatabaseUrl>,
    /// `DB_POOL_SIZE`, 10: connections at most.
    pub pool_size: usize,
    /// `DB_POOL_TIMEOUT_MS`, 5000: how long a request waits for a connection.
    pub pool_timeout: Duration,
    /// `DB_STATEMENT_TIMEOUT_MS`, 10000: how long one statement may run.
    pub statement_timeout: Duration,
}

/// When and how the schema is migrated.
#[derive(Debug, Clone)]
pub struct MigrationSettings {
    /// `MIGRATION_DATABASE_URL`: the role that owns the schema; the database's own URL by default.
    pub url: Option<DatabaseUrl>,
    /// `MIGRATE_ON_STARTUP`, true: whether `serve` migrates before it serves.
    pub on_startup: bool,
    /// `MIGRATION_LOCK_TIMEOUT`, 60 seconds: how long to wait for another migrator.
    pub lock_timeout: Duration,
    /// `MIGRATION_STATEMENT_LOCK_TIMEOUT_MS`, 5000: how long a statement of a migration waits for a table before the
    /// migration is rolled back and tried again; 0 is for ever.
    pub statement_lock_timeout: Duration,
}

/// What a wallet starts with.
#[derive(Debug, Clone)]
pub struct WalletSettings {
    /// `DEFAULT_USER_POINTS`, 100: the welcome deposit; 0 books none.
    pub welcome_points: i64,
}

/// When the audit log is sealed.
#[derive(Debug, Clone)]
pub struct AuditSettings {
    /// `AUDIT_SEAL_INTERVAL_SECONDS`, 60: between two rounds of sealing; 0 leaves it to `audit seal`, and is `None` here.
    pub seal_interval: Option<Duration>,
}

/// What is logged.
#[derive(Debug, Clone)]
pub struct LogSettings {
    /// `DEBUG`, false: logs each query with its duration; without a `SECRET_KEY` a random one is made.
    pub debug: bool,
    /// `LOG_LEVEL`, info: error, warn, info, debug, trace, or filters as in `warn,divine_whispers=debug`.
    pub level: String,
    /// `LOG_FORMAT`, text: text or json.
    pub format: LogFormat,
}

/// Shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line, for machines.
    Json,
}

impl Settings {
    /// Reads the environment of this process.
    ///
    /// # Errors
    /// Names every variable that has a bad value, and what is allowed.
    pub fn from_env() -> Result<Self, SettingsError> {
        let mut variables = Variables::of_process();
        let settings = Self {
            server: ServerSettings::read(&mut variables),
            database: DatabaseSettings::read(&mut variables),
            migrations: MigrationSettings::read(&mut variables),
            log: LogSettings::read(&mut variables),
            auth: AuthSettings::read(&mut variables),
            wallets: WalletSettings::read(&mut variables),
            jobs: JobSettings::read(&mut variables),
            storage: StorageSettings::read(&mut variables),
            audit: AuditSettings::read(&mut variables),
        };
        variables.finish(settings)
    }
}

impl ServerSettings {
    fn read(variables: &mut Variables) -> Self {
        let host = variables
            .text("HOST")
            .unwrap_or_else(|| "127.0.0.1".to_owned());
        let port = variables.parse("PORT", 8000, "a port, 0 to 65535");
        let allowed_origins = variables.list(
            "ALLOWED_HOSTS",
            "origins as browsers send them, such as https://example.com or http://localhost:3000, in lower case, without a \
             slash at the end, a path, or the port that the scheme has anyway, or *",
            read_origin,
        );
        let trusted_proxies = variables.number("TRUSTED_PROXIES", 0, 0..=16) as usize;
        let shutdown_timeout = variables.seconds("SHUTDOWN_TIMEOUT_SECONDS", 25, 0..=3600);
        Self {
            host,
            port,
            allowed_origins,
            trusted_proxies,
            shutdown_timeout,
        }
    }
}

/// An origin as browsers write it: one that is written otherwise would never be equal to theirs.
fn read_origin(text: &str) -> Option<HeaderValue> {
    let is_origin = || {
        Url::parse(text).is_ok_and(|url| {
            ["http", "https"].contains(&url.scheme()) && url.origin().ascii_serialization() == text
        })
    };
    let value = HeaderValue::from_str(text).ok()?;
    (text == "*" || is_origin()).then_some(value)
}

impl DatabaseSettings {
    fn read(variables: &mut Variables) -> Self {
        Self {
            url: variables.accept(DatabaseUrl::from_env()),
            pool_size: variables.number("DB_POOL_SIZE", 10, 1..=1000) as usize,
            pool_timeout: variables.milliseconds("DB_POOL_TIMEOUT_MS", 5000, 1..=600_000),
            statement_timeout: variables.milliseconds(
                "DB_STATEMENT_TIMEOUT_MS",
                10_000,
                1..=3_600_000,
            ),
        }
    }
}

impl MigrationSettings {
    fn read(variables: &mut Variables) -> Self {
        Self {
            url: variables.accept(DatabaseUrl::for_migrations_from_env()),
            on_startup: variables.switch("MIGRATE_ON_STARTUP", true),
            lock_timeout: variables.seconds("MIGRATION_LOCK_TIMEOUT", 60, 1..=86_400),
            statement_lock_timeout: variables.milliseconds(
                "MIGRATION_STATEMENT_LOCK_TIMEOUT_MS",
                5_000,
                0..=3_600_000,
            ),
        }
    }

    /// The same for the migrator.
    pub fn options(&self) -> revisions::Options {
        revisions::Options {
            migration_lock_timeout: self.lock_timeout,
            lock_timeout: self.statement_lock_timeout,
            ..revisions::Options::default()
        }
    }
}

impl WalletSettings {
    fn read(variables: &mut Variables) -> Self {
        Self {
            welcome_points: variables.number("DEFAULT_USER_POINTS", 100, 0..=1_000_000) as i64,
        }
    }
}

impl AuditSettings {
    fn read(variables: &mut Variables) -> Self {
        let interval = variables.seconds("AUDIT_SEAL_INTERVAL_SECONDS", 60, 0..=86_400);
        Self {
            seal_interval: Some(interval).filter(|interval| !interval.is_zero()),
        }
    }
}

impl LogSettings {
    fn read(variables: &mut Variables) -> Self {
        let level = variables
            .text("LOG_LEVEL")
            .unwrap_or_else(|| "info".to_owned());
        // A bare word that is no level would be taken for the name of a module, and silence everything.
        let is_filter = |part: &str| {
            let level = part.split_once('=').map_or(part, |(_, level)| level);
            level.parse::<LevelFilter>().is_ok() && part.parse::<Directive>().is_ok()
        };
        if !level.split(',').all(|part| is_filter(part.trim())) {
            variables.refuse(
                "LOG_LEVEL",
                &format!("is {level:?}"),
                "error, warn, info, debug or trace, or filters such as warn,divine_whispers=debug",
            );
        }
        let format = match variables.text("LOG_FORMAT").as_deref() {
            None | Some("text") => LogFormat::Text,
            Some("json") => LogFormat::Json,
            Some(other) => {
                variables.refuse("LOG_FORMAT", &format!("is {other:?}"), "text or json");
                LogFormat::Text
            }
        };
        Self {
            debug: variables.switch("DEBUG", false),
            level,
            format,
        }
    }
}
