//! What a build did: the revisions, the modules, and how long each step took.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::query_file::QueryFile;

/// What a build did.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// The file names of the revisions, in the order in which they are applied.
    pub revisions: Vec<String>,
    /// The modules of queries.
    pub modules: Vec<Module>,
    /// The PostgreSQL that checked them.
    pub server: String,
    /// What is not refused, and should not be so: a text of one or several lines each.
    pub warnings: Vec<String>,
    /// What is known of each query, as a document in Markdown: its plan, its indexes, its columns.
    pub document: String,
    /// The files in the output directory that changed.
    pub written: Vec<PathBuf>,
    /// The directories outside of the package's own that were read.
    pub watched: Vec<PathBuf>,
    /// How long each step took, in the order of the steps.
    pub steps: Vec<(&'static str, Duration)>,
}

/// One module of queries.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Module {
    /// Its path below the module that includes the queries: `admin::users` for `admin/users.sql`.
    pub path: String,
    /// Its queries, in the order of the file.
    pub queries: Vec<String>,
}

impl Module {
    pub(crate) fn of(file: &QueryFile) -> Self {
        let queries = file.queries.iter();
        Self {
            path: file.module.join("::"),
            queries: queries.map(|query| query.line.name.text.clone()).collect(),
        }
    }
}

/// Measures the steps.
pub(crate) struct Clock {
    last: Instant,
    pub(crate) steps: Vec<(&'static str, Duration)>,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self {
            last: Instant::now(),
            steps: Vec::new(),
        }
    }

    pub(crate) fn step(&mut self, name: &'static str) {
        let now = Instant::now();
        self.steps.push((name, now - self.last));
        self.last = now;
    }
}
