//! The database of whoever has configured none: a private PostgreSQL below `.divine-whispers/`, and a
//! secret key beside it, so that the first run needs no preparation and the second finds its data.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use anyhow::{Context as _, bail};
use rand::RngExt as _;
use revisions::DatabaseUrl;
use scratch_postgres::{Builder, Server};
use secrecy::SecretString;

use crate::config::Settings;
use crate::db::ConnectionBudget;

const DIRECTORY: &str = ".divine-whispers";

/// The database that a command works on.
pub struct Source {
    /// How to reach it.
    pub url: DatabaseUrl,
    /// How many connections it has for us.
    pub budget: ConnectionBudget,
    /// The private server, which ends with this value if this process started it.
    private: Option<Server>,
}

impl Source {
    /// The configured database, or else the private one, started unless another process runs it already.
    ///
    /// # Errors
    /// If no PostgreSQL can be started, or there is a database to migrate and none to work on.
    pub fn open(settings: &Settings) -> anyhow::Result<Self> {
        match &settings.database.url {
            Some(url) => Ok(Self {
                url: url.clone(),
                budget: ConnectionBudget::AsConfigured,
                private: None,
            }),
            // It would migrate one database and work on another.
            None if settings.migrations.url.is_some() => bail!(
                "MIGRATION_DATABASE_URL is set, and neither DATABASE_URL nor DB_HOST, DB_USER and DB_NAME are: there is a \
                 database to migrate, and none to work on; set DATABASE_URL to the same database, for the role that reads \
                 and writes there, or unset MIGRATION_DATABASE_URL to work on a private one"
            ),
            None => Self::open_private(),
        }
    }

    fn open_private() -> anyhow::Result<Self> {
        let directory = Path::new(DIRECTORY);
        let server = Builder::new().data_dir(directory.join("postgres")).start().context(
            "no database is configured (DATABASE_URL, or DB_HOST and friends), and a private one cannot be started",
        )?;
        let url = DatabaseUrl::parse(&server.url())?;
        let budget = if server.max_connections() == 1 {
            ConnectionBudget::OneShared
        } else {
            ConnectionBudget::AsConfigured
        };
        Ok(Self {
            url,
            budget,
            private: Some(server),
        })
    }

    /// What a person should know: that the database is a private one, which, and where.
    pub fn notice(&self) -> Option<String> {
        let server = self.private.as_ref()?;
        let joined = if server.is_owner() {
            "started a private one"
        } else {
            "joined the private one of another process, which ends with it"
        };
        Some(format!(
            "no database is configured: {joined}, {server}, with its data in {DIRECTORY}/postgres; \
             set DATABASE_URL to use another"
        ))
    }

    /// Ends the private server, if this process started it, and passes on how the work with it ended.
    ///
    /// # Errors
    /// That of the work; or if the server does not end properly.
    pub fn close_after<T>(self, work: anyhow::Result<T>) -> anyhow::Result<T> {
        let closed = match self.private {
            Some(server) => server.stop().context("cannot stop the private PostgreSQL"),
            None => Ok(()),
        };
        let value = work?;
        closed.map(|()| value)
    }
}

/// The secret key of a private installation, made at its first run.
///
/// # Errors
/// If it cannot be read or written.
pub fn secret_key() -> anyhow::Result<SecretString> {
    let path = Path::new(DIRECTORY).join("secret-key");
    match fs::read_to_string(&path) {
        Ok(key) if key.trim().len() >= 32 => return Ok(key.trim().into()),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
    let key = random_key();
    write_private(&path, &key).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(key.into())
}

/// A new secret key: 256 random bits.
pub fn random_key() -> String {
    (0..32)
        .map(|_| format!("{:02x}", rand::rng().random::<u8>()))
        .collect()
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    fs::create_dir_all(DIRECTORY)?;
    let mut file = options.open(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()
}
