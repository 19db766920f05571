//! Which directory and which database: from the arguments, the environment, and files of settings.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use super::{CommandError, Context};
use crate::database::{DatabaseUrl, UrlError};
use crate::migrator::Options;
use crate::read::DEFAULT_DIRECTORY;
use crate::revisions::Revisions;

/// Which migrations, and which database. For all commands.
#[derive(Clone, Default, Args)]
pub struct Place {
    /// The directory of the migrations [variable: MIGRATIONS_DIR]
    #[arg(long, global = true, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// The database [variables: MIGRATION_DATABASE_URL, DATABASE_URL, or DB_HOST, DB_PORT, DB_USER, DB_PASSWORD,
    /// DB_NAME]
    #[arg(long, global = true, value_name = "URL")]
    pub url: Option<String>,
    /// A file of settings to use instead of `.env`; what it says goes before the environment
    #[arg(long, global = true, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
    /// Say nothing of the progress
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

impl fmt::Debug for Place {
    /// Without the URL, which may have a password, and may be none that can be taken apart.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Place")
            .field("dir", &self.dir)
            .field("env_file", &self.env_file)
            .finish_non_exhaustive()
    }
}

impl Place {
    /// What the commands work on: what the arguments name; else `embedded` and `configured`, which the program brings
    /// along; else what the environment and `.env` name, and the directory `sql`. New revisions are always written
    /// into a directory.
    ///
    /// # Errors
    ///
    /// [`CommandError`], if something that is named cannot be read. No database is no error yet.
    pub fn context<'a>(
        &self,
        embedded: Option<&'a Revisions>,
        configured: Option<DatabaseUrl>,
    ) -> Result<Context<'a>, CommandError> {
        let settings = Settings::read(self.env_file.as_deref())?;
        let named = self
            .dir
            .clone()
            .or_else(|| settings.get("MIGRATIONS_DIR").map(PathBuf::from));
        let embedded = embedded.filter(|_| named.is_none());
        let url = match &self.url {
            Some(url) => Some(DatabaseUrl::parse(url)?),
            None => match (settings.own_database()?, configured) {
                (Some(own), _) => Some(own),
                (None, Some(configured)) => Some(configured),
                (None, None) => DatabaseUrl::for_migrations_from_lookup(|name| settings.get(name))?,
            },
        };
        Ok(Context {
            embedded,
            dir: named.unwrap_or_else(|| PathBuf::from(DEFAULT_DIRECTORY)),
            url,
            options: settings.options()?,
            quiet: self.quiet,
        })
    }
}

/// The environment and a file of settings.
struct Settings {
    file: HashMap<String, String>,
    /// Whether the file was named, so that it goes before the environment.
    named: bool,
}

impl Settings {
    fn read(named: Option<&Path>) -> Result<Self, CommandError> {
        let path = named.unwrap_or(Path::new(".env"));
        let wrong = |problem: String| CommandError::EnvFile {
            path: path.to_owned(),
            problem,
        };
        let pairs = match dotenvy::from_path_iter(path) {
            Ok(pairs) => pairs,
            Err(error) if error.not_found() && named.is_none() => {
                return Ok(Self {
                    file: HashMap::new(),
                    named: false,
                });
            }
            Err(error) => return Err(wrong(error.to_string())),
        };
        let mut file = HashMap::new();
        for pair in pairs {
            // dotenvy's message has the line, which may have a password.
            let (name, value) = pair.map_err(|error| match error {
                dotenvy::Error::LineParse(line, at) => {
                    // Without a name before it, the line may be all password.
                    let name = line.split_once('=').map(|(name, _)| name.trim());
                    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                    let name = name.filter(|name| name.chars().all(is_name));
                    let name = name.map(|name| format!("the line of `{name}`"));
                    let line = name.unwrap_or_else(|| "a line without a name".to_owned());
                    wrong(format!(
                        "{line} cannot be understood (at its character {at})"
                    ))
                }
                error => wrong(error.to_string()),
            })?;
            // As dotenvy's own loading: the first of several counts.
            file.entry(name).or_insert(value);
        }
        Ok(Self {
            file,
            named: named.is_some(),
        })
    }

    /// The environment wins, but over a file that was named.
    fn get(&self, name: &str) -> Option<String> {
        let environment =
            || std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let environment = || environment().filter(|value| !value.is_empty());
        let file = || self.file.get(name).cloned();
        match self.named {
            true => file().or_else(environment),
            false => environment().or_else(file),
        }
    }

    /// The database of a file that was named. The environment is left out of it altogether: half of one set of
    /// settings and half of another would be the wrong database.
    fn own_database(&self) -> Result<Option<DatabaseUrl>, UrlError> {
        if !self.named {
            return Ok(None);
        }
        DatabaseUrl::for_migrations_from_lookup(|name| self.file.get(name).cloned())
    }

    fn options(&self) -> Result<Options, CommandError> {
        let mut options = Options::default();
        let lock_timeout = ("MIGRATION_LOCK_TIMEOUT", "a number of seconds, such as 60");
        if let Some(seconds) = self.number(lock_timeout, "s")? {
            options.migration_lock_timeout = Duration::from_secs(seconds);
        }
        let lock_timeout = (
            "MIGRATION_STATEMENT_LOCK_TIMEOUT_MS",
            "a number of milliseconds, such as 5000",
        );
        if let Some(milliseconds) = self.number(lock_timeout, "ms")? {
            options.lock_timeout = Duration::from_millis(milliseconds);
        }
        Ok(options)
    }

    /// A number, with its unit or without.
    fn number(
        &self,
        (name, allowed): (&'static str, &'static str),
        unit: &str,
    ) -> Result<Option<u64>, CommandError> {
        let Some(value) = self.get(name).filter(|value| !value.trim().is_empty()) else {
            return Ok(None);
        };
        let number = value.trim();
        let number = number.strip_suffix(unit).unwrap_or(number).trim_end();
        // PostgreSQL keeps it in 32 bits.
        let number = number
            .parse()
            .ok()
            .filter(|&number| number <= i32::MAX as u64);
        number.map(Some).ok_or_else(|| CommandError::Setting {
            name,
            value: value.clone(),
            allowed,
        })
    }
}
