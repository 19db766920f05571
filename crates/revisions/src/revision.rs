//! One revision: a migration of refinery's with its header, its way back and its parents.

use refinery_core::Migration;

use crate::header::{Headers, Transaction};

/// What a build writes into a program for one migration file: its name and what it contained.
///
/// ```
/// # use revisions::{Embedded, Revisions};
/// let files = [Embedded {
///     file_name: "U20251122090000__initial_schema.sql",
///     up: "-- Users.\ncreate table users (id bigint primary key);",
///     down: Some("drop table users;"),
///     schema: None,
/// }];
/// let revisions = Revisions::embedded(&files)?;
/// assert_eq!(revisions.head().map(|head| head.message()), Some("Users"));
/// # Ok::<(), revisions::ReadError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Embedded {
    /// The name of the file, `U<digits>__<name>.sql`. A directory before it is shown in messages.
    pub file_name: &'static str,
    /// The script that applies the revision.
    pub up: &'static str,
    /// The script that undoes it, the content of its `.down.sql`.
    pub down: Option<&'static str>,
    /// What it changes in the schema, as the build has seen it: a [`Patch`](crate::catalog::Patch) as JSON. Without it, the
    /// schema at this revision is known only by trying.
    pub schema: Option<&'static str>,
}

/// A migration and its place in the graph.
#[derive(Debug, Clone)]
pub struct Revision {
    pub(crate) migration: Migration,
    pub(crate) path: String,
    pub(crate) headers: Headers,
    pub(crate) message: String,
    pub(crate) down: Option<DownScript>,
    /// What a build has seen it change, as JSON.
    pub(crate) schema: Option<&'static str>,
    /// Filled in when the graph is made.
    pub(crate) parents: Vec<i64>,
}

/// The content of a `.down.sql`.
#[derive(Debug, Clone)]
pub(crate) struct DownScript {
    pub(crate) path: String,
    pub(crate) sql: String,
    pub(crate) headers: Headers,
}

/// The way back from a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Down<'a> {
    /// The script that undoes it.
    Sql(&'a str),
    /// There is none, and the header says why.
    Irreversible(&'a str),
    /// There is none: nobody wrote a `.down.sql`, as in a plain directory of refinery's.
    Missing,
}

impl Revision {
    /// The version: the digits of the file name.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.migration.version()
    }

    /// The name in the file name, with its underscores.
    #[must_use]
    pub fn name(&self) -> &str {
        self.migration.name()
    }

    /// The first sentence of the comment at the head of the file, without its full stop; without such a comment,
    /// the name with blanks for underscores.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The file, without its directory: `U20251122090000__initial_schema.sql`.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The file as messages name it: with the directory that was read, `sql/U20251122090000__initial_schema.sql`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The down script as messages name it.
    #[must_use]
    pub fn down_path(&self) -> Option<&str> {
        self.down.as_ref().map(|down| down.path.as_str())
    }

    /// The script that applies the revision, with LF line ends and without a byte order mark.
    #[must_use]
    pub fn up(&self) -> &str {
        self.migration.sql().unwrap_or_default()
    }

    /// The way back.
    #[must_use]
    pub fn down(&self) -> Down<'_> {
        match (&self.down, &self.headers.irreversible) {
            (Some(down), _) => Down::Sql(&down.sql),
            (None, Some(reason)) => Down::Irreversible(reason),
            (None, None) => Down::Missing,
        }
    }

    /// The revisions that this one revises: none for the first, several for a merge.
    #[must_use]
    pub fn parents(&self) -> &[i64] {
        &self.parents
    }

    /// The revisions that have to be applied before this one: its parents, and what it depends on.
    pub fn needs(&self) -> impl Iterator<Item = i64> + '_ {
        self.parents.iter().chain(&self.headers.depends_on).copied()
    }

    /// What the header of the file says.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// What the header of the down script says; only `transaction` and `lock_timeout` can be set there.
    #[must_use]
    pub fn down_headers(&self) -> Option<&Headers> {
        self.down.as_ref().map(|down| &down.headers)
    }

    /// Whether the script has to run outside a transaction.
    #[must_use]
    pub fn transaction(&self) -> Transaction {
        self.headers.transaction
    }

    /// What it changes in the schema, as the build has seen it: a [`Patch`](crate::catalog::Patch) as JSON.
    #[must_use]
    pub fn schema_change(&self) -> Option<&str> {
        self.schema
    }

    /// The migration as refinery knows it.
    #[must_use]
    pub fn migration(&self) -> &Migration {
        &self.migration
    }

    /// refinery's checksum of name, version and text.
    #[must_use]
    pub fn checksum(&self) -> u64 {
        self.migration.checksum()
    }

    /// Whether `checksum` is that of this revision: as it is, or as refinery computes it for the same file with
    /// CRLF line ends.
    #[must_use]
    pub fn has_checksum(&self, checksum: u64) -> bool {
        checksum == self.checksum() || {
            let crlf = self.up().replace('\n', "\r\n");
            Migration::unapplied(&self.migration.to_string(), &crlf)
                .is_ok_and(|migration| migration.checksum() == checksum)
        }
    }
}
