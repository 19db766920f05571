//! What the program counts of itself, for Prometheus. A room for each subject: [`requests`], [`statements`] with the pool,
//! [`jobs`], and what is asked of the database for a scrape, in [`readings`].
//!
//! Names follow <https://prometheus.io/docs/practices/naming/>: base units, `_seconds`, `_total`. Labels have values from
//! fixed sets: patterns of routes, names of statements, kinds of jobs on offer; never anything that a client sent. Who asks
//! is in `http/metrics.rs`.

pub mod jobs;
pub mod readings;
pub mod requests;
pub mod statements;

use std::sync::Arc;

use prometheus_client::encoding::{EncodeLabelSet, prometheus_text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use jobs::JobMetrics;
use readings::ReadingMetrics;
use requests::RequestMetrics;
use statements::StatementMetrics;

/// The media type of what [`Metrics::write`] writes.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The counts of one process. Cheap to clone; clones share them.
#[derive(Clone)]
pub struct Metrics(Arc<Shared>);

struct Shared {
    registry: Registry,
    build: Family<Build, Gauge>,
    requests: RequestMetrics,
    statements: StatementMetrics,
    jobs: JobMetrics,
    readings: ReadingMetrics,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Build {
    version: String,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("divine_whispers");
        let build = Family::<Build, Gauge>::default();
        registry.register("build_info", "The program; always 1", build.clone());
        let shared = Shared {
            requests: RequestMetrics::register(&mut registry),
            statements: StatementMetrics::register(&mut registry),
            jobs: JobMetrics::register(&mut registry),
            readings: ReadingMetrics::register(&mut registry),
            build,
            registry,
        };
        let metrics = Self(Arc::new(shared));
        metrics.set_version(env!("CARGO_PKG_VERSION"));
        metrics
    }
}

impl Metrics {
    /// What `--version` tells of the program.
    pub fn set_version(&self, version: &str) {
        self.0.build.clear();
        let build = Build {
            version: version.to_owned(),
        };
        self.0.build.get_or_create(&build).set(1);
    }

    /// Requests and streams.
    pub fn requests(&self) -> &RequestMetrics {
        &self.0.requests
    }

    /// Statements, retries, and the pool.
    pub fn statements(&self) -> &StatementMetrics {
        &self.0.statements
    }

    /// What happened to jobs here.
    pub fn jobs(&self) -> &JobMetrics {
        &self.0.jobs
    }

    /// What the database says of itself.
    pub fn readings(&self) -> &ReadingMetrics {
        &self.0.readings
    }

    /// All of it, in Prometheus's text format 0.0.4.
    ///
    /// # Errors
    /// If a metric cannot be written; a defect.
    pub fn write(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_text::encode(&mut text, &self.0.registry)?;
        Ok(text)
    }
}
