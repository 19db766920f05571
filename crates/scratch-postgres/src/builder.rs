//! Choosing the PostgreSQL and starting it.

use std::path::{Path, PathBuf};

use crate::LocalServer;
use crate::address::Address;
use crate::external::ExternalDatabase;
use crate::search::{Installation, Search};
use crate::server::Running;
use crate::{DEFAULT_DATABASE, Engine, Error, MAX_LOCAL_CONNECTIONS, Server, Source, data_dir};

/// Which PostgreSQL is tried first when `SCRATCH_POSTGRES` says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preference {
    /// Local binaries, which serve many connections; the embedded engine where there are none.
    #[default]
    Local,
    /// The embedded engine, the same version everywhere; local binaries where it is not built in.
    Embedded,
}

/// How a server is to be. [`Builder::new`] gives a temporary one, from local binaries if there are any.
#[derive(Debug, Clone, Default)]
pub struct Builder {
    preference: Preference,
    source: Option<Source>,
    search: Search,
    data_dir: Option<PathBuf>,
    temporary_in: Option<PathBuf>,
    cache_dir: Option<PathBuf>,
}

impl Builder {
    /// A temporary server, [`Preference::Local`], and what `SCRATCH_POSTGRES` says goes first.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is tried first when `SCRATCH_POSTGRES` is unset or empty.
    #[must_use]
    pub fn prefer(mut self, preference: Preference) -> Self {
        self.preference = preference;
        self
    }

    /// Takes the place of `SCRATCH_POSTGRES`, which is then not read.
    #[must_use]
    pub fn source(mut self, source: Source) -> Self {
        self.source = Some(source);
        self
    }

    /// Where local binaries are looked for, instead of everywhere.
    #[must_use]
    pub fn search(mut self, search: Search) -> Self {
        self.search = search;
        self
    }

    /// Keeps the data in this directory: the next start continues with it. A second process attaches to the
    /// server of the first.
    #[must_use]
    pub fn data_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(dir.into());
        self
    }

    /// Where the directories of temporary servers are made, instead of [`std::env::temp_dir`].
    #[must_use]
    pub fn temporary_in(mut self, dir: impl Into<PathBuf>) -> Self {
        self.temporary_in = Some(dir.into());
        self
    }

    /// Where the embedded engine unpacks its 99 MB, instead of the user's cache directory.
    ///
    /// The engine unpacks once per process, so the first directory that is given in a process stays the one.
    /// It can be told of it by the variable `XDG_CACHE_HOME` only, which [`start`](Self::start) sets. So call it
    /// while no other thread reads the environment behind Rust's back (C code that calls `getenv`): at the start
    /// of a build script or of `main`. It has no effect on macOS and Windows, whose cache directories no variable moves.
    #[must_use]
    pub fn cache_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.cache_dir = Some(dir.into());
        self
    }

    /// Starts it and waits until it answers. It blocks, for about a second; it may be called inside of an
    /// asynchronous runtime as well as outside.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSource`] for what `SCRATCH_POSTGRES` says, [`Error::NotFound`] if there is no PostgreSQL,
    /// [`Error::Start`] with the end of its log if it does not come up; the others say what they are about.
    pub fn start(self) -> Result<Server, Error> {
        let forced = match self.source.clone() {
            Some(source) => Some(source),
            None => Source::from_environment()?,
        };
        match (forced, &self.data_dir) {
            (Some(Source::Url(_)), Some(data_dir)) => Err(Error::ExternalWithDataDir {
                data_dir: data_dir.clone(),
            }),
            (Some(Source::Url(url)), None) => start_external(&url),
            (forced, Some(data_dir)) => data_dir::start(data_dir, &self, forced.as_ref()),
            (forced, None) => self
                .choose(forced.as_ref())?
                .try_each(|choice| match choice {
                    Choice::Local(installation) => self.start_local(installation),
                    Choice::Embedded => self.start_embedded(),
                }),
        }
    }

    /// What can be tried, the best first.
    pub(crate) fn choose(&self, forced: Option<&Source>) -> Result<Choices, Error> {
        match (forced, self.preference) {
            (Some(Source::Embedded), _) => embedded_choice(),
            (Some(Source::Binaries(bin_dir)), _) => Installation::in_directory(bin_dir)
                .map(|installation| Choices(vec![Choice::Local(installation)]))
                .map_err(|reason| Error::InvalidSource {
                    value: bin_dir.display().to_string(),
                    reason,
                }),
            (None | Some(Source::Url(_)), Preference::Embedded) => {
                embedded_choice().or_else(|_| self.local_choices())
            }
            (None | Some(Source::Url(_)), Preference::Local) => self
                .local_choices()
                .or_else(|nothing_found| embedded_choice().map_err(|_| nothing_found)),
        }
    }

    fn local_choices(&self) -> Result<Choices, Error> {
        let (found, looked_in) = self.search.find();
        match found.is_empty() {
            true => Err(Error::NotFound { looked_in }),
            false => Ok(Choices(found.into_iter().map(Choice::Local).collect())),
        }
    }

    /// The local binaries that may be used, and why others may not.
    pub(crate) fn installations(
        &self,
        forced: Option<&Source>,
    ) -> (Vec<Installation>, Vec<String>) {
        match forced {
            Some(Source::Binaries(bin_dir)) => match Installation::in_directory(bin_dir) {
                Ok(installation) => (vec![installation], vec![]),
                Err(complaint) => (vec![], vec![complaint]),
            },
            _ => self.search.find(),
        }
    }

    fn temporary_parent(&self) -> PathBuf {
        self.temporary_in.clone().unwrap_or_else(std::env::temp_dir)
    }

    fn start_local(&self, installation: &Installation) -> Result<Server, Error> {
        let parent = self.temporary_parent();
        local_server(installation, LocalServer::temporary(installation, &parent)?)
    }

    #[cfg(feature = "embedded")]
    fn start_embedded(&self) -> Result<Server, Error> {
        self.prepare_cache()?;
        let parent = self.temporary_parent();
        let embedded = crate::embedded::EmbeddedServer::temporary(&parent)?;
        Ok(embedded_server(embedded))
    }

    #[cfg(not(feature = "embedded"))]
    fn start_embedded(&self) -> Result<Server, Error> {
        embedded_choice().and(Err(Error::NotFound { looked_in: vec![] }))
    }

    /// Points the embedded engine at the cache directory.
    #[cfg(feature = "embedded")]
    pub(crate) fn prepare_cache(&self) -> Result<(), Error> {
        match &self.cache_dir {
            Some(dir) => crate::embedded::cache::use_directory(dir),
            None => Ok(()),
        }
    }
}

/// What can be tried, the best first; never empty.
pub(crate) struct Choices(pub(crate) Vec<Choice>);

/// One PostgreSQL that can be tried.
pub(crate) enum Choice {
    Local(Installation),
    Embedded,
}

impl Choices {
    /// The first that comes up; if none does, the failure of the first, which is the best of them.
    pub(crate) fn try_each(
        &self,
        mut start: impl FnMut(&Choice) -> Result<Server, Error>,
    ) -> Result<Server, Error> {
        let mut first_failure = None;
        for choice in &self.0 {
            match start(choice) {
                Ok(server) => return Ok(server),
                // Another installation may be whole where this one is not; other failures would repeat.
                Err(error @ Error::Start { step: "initdb", .. }) => {
                    tracing::warn!("{error}");
                    first_failure.get_or_insert(error);
                }
                Err(error) => return Err(first_failure.unwrap_or(error)),
            }
        }
        Err(first_failure.unwrap_or(Error::NotFound { looked_in: vec![] }))
    }
}

/// The embedded engine, if this program has it.
pub(crate) fn embedded_choice() -> Result<Choices, Error> {
    match crate::embedded_is_missing() {
        None => Ok(Choices(vec![Choice::Embedded])),
        Some(reason) => Err(Error::EmbeddedMissing { reason }),
    }
}

fn start_external(url: &str) -> Result<Server, Error> {
    let external = ExternalDatabase::make(url)?;
    Ok(Server {
        engine: Engine::External,
        address: Address::of_url(url).0,
        database: external.name().to_owned(),
        max_connections: external.max_connections(),
        running: Running::External(external),
        alive: None,
    })
}

pub(crate) fn local_server(
    installation: &Installation,
    local: LocalServer,
) -> Result<Server, Error> {
    Ok(Server {
        engine: Engine::Local {
            bin_dir: installation.bin_dir.clone(),
            version: installation.version.clone(),
        },
        address: local.address()?,
        database: DEFAULT_DATABASE.to_owned(),
        max_connections: MAX_LOCAL_CONNECTIONS,
        running: Running::Local(local),
        alive: None,
    })
}

#[cfg(feature = "embedded")]
pub(crate) fn embedded_server(embedded: crate::embedded::EmbeddedServer) -> Server {
    Server {
        engine: Engine::Embedded {
            version: crate::embedded::VERSION.to_owned(),
        },
        address: embedded.address(),
        database: DEFAULT_DATABASE.to_owned(),
        max_connections: 1,
        running: Running::Embedded(Box::new(embedded)),
        alive: None,
    }
}

/// Whether a path is taken relative to the directory of the process; it may change later.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(Error::io("find the directory", path))
}
