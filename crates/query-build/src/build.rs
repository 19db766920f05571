//! The settings of a build. What it does is in `steps.rs`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::place::Place;
use crate::report::Report;

/// The directory of the migrations unless another one is named; `cargo db` looks there too.
pub(crate) const DIRECTORY: &str = "sql";

/// The build script of an application: where its SQL is, and which Rust types it wants.
///
/// ```no_run
/// query_build::Build::new()
///     .map_type("pg_catalog.timestamptz", "chrono::DateTime<chrono::Utc>")
///     .run();
/// ```
#[derive(Debug, Clone)]
pub struct Build {
    pub(crate) migrations: PathBuf,
    /// None where there are no queries.
    pub(crate) queries: Option<PathBuf>,
    pub(crate) mapped_types: BTreeMap<String, String>,
    /// The tables that do not grow, and why.
    pub(crate) small_tables: BTreeMap<String, String>,
    /// The release that is checked too.
    pub(crate) previous_release: Option<String>,
}

impl Default for Build {
    fn default() -> Self {
        Self::new()
    }
}

impl Build {
    /// Migrations in `sql/` and queries in `queries/`, both beside `Cargo.toml`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            migrations: PathBuf::from(DIRECTORY),
            queries: Some(PathBuf::from("queries")),
            mapped_types: BTreeMap::new(),
            small_tables: BTreeMap::new(),
            previous_release: None,
        }
    }

    /// The directory of the migrations, relative to the package.
    #[must_use]
    pub fn migrations(mut self, directory: impl Into<PathBuf>) -> Self {
        self.migrations = directory.into();
        self
    }

    /// The directory of the queries, relative to the package.
    #[must_use]
    pub fn queries(mut self, directory: impl Into<PathBuf>) -> Self {
        self.queries = Some(directory.into());
        self
    }

    /// For a package that has migrations and no queries: they are proved and embedded, and `queries.rs` is not written.
    ///
    /// It has to be said, since cargo cannot watch for a directory that is not there.
    #[must_use]
    pub fn without_queries(mut self) -> Self {
        self.queries = None;
        self
    }

    /// Uses `rust_type` for a PostgreSQL type, which is named with its schema: `pg_catalog.timestamptz`.
    ///
    /// The Rust type is `Copy`, implements `ToSql` and `FromSql`, and is named by its path; a path that starts with
    /// `crate::` is one of the application.
    #[must_use]
    pub fn map_type(mut self, postgres_type: &str, rust_type: &str) -> Self {
        self.mapped_types
            .insert(postgres_type.to_owned(), rust_type.to_owned());
        self
    }

    /// Declares a table that does not grow, so that queries may read all of it, and why it does not.
    ///
    /// The table is named as it is in SQL, with its schema where there are several of that name.
    #[must_use]
    pub fn small_table(mut self, table: &str, reason: &str) -> Self {
        self.small_tables
            .insert(table.to_owned(), reason.to_owned());
        self
    }

    /// Checks the queries of an older release on the schema that the migrations make of its database: a directory with its
    /// migrations and queries, relative to the package, or a revision of git, such as a tag.
    ///
    /// The variable `QUERY_BUILD_PREVIOUS_RELEASE` wins over it; an empty one is none.
    #[must_use]
    pub fn previous_release(mut self, release: impl Into<String>) -> Self {
        self.previous_release = Some(release.into()).filter(|release| !release.is_empty());
        self
    }

    /// Builds from explicit directories, without reading the environment that cargo sets or printing for it.
    ///
    /// # Errors
    /// [`Error::Refused`] with all that is wrong with the migrations and the queries, or what kept the build from
    /// finding out. `out_dir` is then as it was.
    pub fn try_run(&self, package: &Path, out_dir: &Path) -> Result<Report, Error> {
        let here = std::env::current_dir().unwrap_or_default();
        self.try_run_from(
            &Place {
                package,
                here: &here,
            },
            out_dir,
        )
    }
}
