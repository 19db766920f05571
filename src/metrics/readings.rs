//! What the database says of itself at a scrape. A reading is good for some seconds, one is made at a time, and it has a
//! bound: scraping cannot hurt the database. When it is away, its gauges are left out rather than old.

use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use tokio::sync::{Mutex, MutexGuard};

/// How long a reading is good for.
pub const GOOD_FOR: Duration = Duration::from_secs(5);
/// How long a reading may take.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// What was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reading {
    /// Kind, status and number of the jobs that wait and run.
    pub jobs: Vec<(String, String, i64)>,
    /// How long the job has waited that may be claimed for the longest time, in seconds; 0 if there is none.
    pub oldest_ready_job_age_seconds: f64,
    /// Number of the last entry of the audit log under a seal; 0 if there is none.
    pub last_sealed_entry: i64,
    /// Number of the last entry of the audit log; 0 if there is none.
    pub last_entry: i64,
    /// The newest revision that the schema has; 0 if there is none.
    pub newest_revision: i64,
    /// How many revisions the schema has.
    pub applied_revisions: usize,
    /// How many of this program's it has not.
    pub pending_revisions: usize,
}

/// The gauges.
pub struct ReadingMetrics {
    last: Mutex<Option<Instant>>,
    up: Gauge,
    jobs: Family<Jobs, Gauge>,
    oldest_ready_job_age: Family<Bare, Gauge<f64, std::sync::atomic::AtomicU64>>,
    last_sealed_entry: Family<Bare, Gauge>,
    last_entry: Family<Bare, Gauge>,
    newest_revision: Family<Bare, Gauge>,
    applied_revisions: Family<Bare, Gauge>,
    pending_revisions: Family<Bare, Gauge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Jobs {
    job_type: String,
    status: String,
}

/// No labels: a family, so that the gauge can be taken away.
type Bare = [(&'static str, &'static str); 0];

/// Whoever reads and writes the gauges, alone: nobody is to write them half set.
pub struct Turn<'a> {
    metrics: &'a ReadingMetrics,
    last: MutexGuard<'a, Option<Instant>>,
}

impl ReadingMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            last: Mutex::default(),
            up: Gauge::default(),
            jobs: Family::default(),
            oldest_ready_job_age: Family::default(),
            last_sealed_entry: Family::default(),
            last_entry: Family::default(),
            newest_revision: Family::default(),
            applied_revisions: Family::default(),
            pending_revisions: Family::default(),
        };
        registry.register(
            "db_up",
            "Whether the database answered in time when it was last asked for what is here",
            metrics.up.clone(),
        );
        registry.register(
            "jobs",
            "Jobs that wait and run, in all processes; counted up to 10000 of each status",
            metrics.jobs.clone(),
        );
        registry.register_with_unit(
            "jobs_oldest_ready_age",
            "How long the job has waited that may be claimed for the longest time; 0 if none may",
            Unit::Seconds,
            metrics.oldest_ready_job_age.clone(),
        );
        let numbers = [
            (
                "audit_last_sealed_entry",
                "Number of the last entry of the audit log that is under a seal",
                &metrics.last_sealed_entry,
            ),
            (
                "audit_last_entry",
                "Number of the last entry of the audit log",
                &metrics.last_entry,
            ),
            (
                "schema_newest_revision",
                "The newest revision that the schema has",
                &metrics.newest_revision,
            ),
            (
                "schema_revisions_applied",
                "How many revisions the schema has",
                &metrics.applied_revisions,
            ),
            (
                "schema_revisions_pending",
                "How many revisions of this program the schema has not",
                &metrics.pending_revisions,
            ),
        ];
        for (name, help, gauge) in numbers {
            registry.register(name, help, gauge.clone());
        }
        metrics
    }

    /// Waits for who is reading and writing right now.
    pub async fn turn(&self) -> Turn<'_> {
        Turn {
            metrics: self,
            last: self.last.lock().await,
        }
    }

    fn clear(&self) {
        self.jobs.clear();
        self.oldest_ready_job_age.clear();
        self.last_sealed_entry.clear();
        self.last_entry.clear();
        self.newest_revision.clear();
        self.applied_revisions.clear();
        self.pending_revisions.clear();
    }
}

impl Turn<'_> {
    /// Whether the last reading is too old, and another one is to be made; whoever hears so makes it. One who leaves
    /// meanwhile has had its turn all the same.
    pub fn begins(&mut self) -> bool {
        let is_due = self.last.is_none_or(|last| last.elapsed() >= GOOD_FOR);
        if is_due {
            *self.last = Some(Instant::now());
        }
        is_due
    }

    /// The database did not answer.
    pub fn set_down(&mut self) {
        self.metrics.clear();
        self.metrics.up.set(0);
        *self.last = Some(Instant::now());
    }

    /// Sets what was read. Kinds of jobs that are not on offer are "other" here.
    pub fn set<'n>(&mut self, reading: &Reading, offered: impl Iterator<Item = &'n str> + Clone) {
        let metrics = self.metrics;
        metrics.jobs.clear();
        let gauge = |job_type: &str, status: &str| {
            metrics.jobs.get_or_create_owned(&Jobs {
                job_type: job_type.to_owned(),
                status: status.to_owned(),
            })
        };
        for job_type in offered.clone() {
            for status in ["queued", "running"] {
                gauge(job_type, status).set(0);
            }
        }
        for (job_type, status, count) in &reading.jobs {
            let known = offered.clone().find(|known| known == job_type);
            gauge(known.unwrap_or("other"), status).inc_by(*count);
        }
        metrics
            .oldest_ready_job_age
            .get_or_create(&[])
            .set(reading.oldest_ready_job_age_seconds);
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        for (gauge, value) in [
            (&metrics.last_sealed_entry, reading.last_sealed_entry),
            (&metrics.last_entry, reading.last_entry),
            (&metrics.newest_revision, reading.newest_revision),
            (
                &metrics.applied_revisions,
                number(reading.applied_revisions),
            ),
            (
                &metrics.pending_revisions,
                number(reading.pending_revisions),
            ),
        ] {
            gauge.get_or_create(&[]).set(value);
        }
        metrics.up.set(1);
        *self.last = Some(Instant::now());
    }
}
