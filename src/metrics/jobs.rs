//! What this process did to jobs. How many there are is read from the database: [`super::readings`].

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// The counts.
pub struct JobMetrics {
    events: Family<Event, Counter>,
    rescued: Counter,
    refunded: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Event {
    kind: &'static str,
}

/// What happens to a job; the kinds of `job_events`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)] // Each is described with the table.
pub enum JobChange {
    Queued,
    Running,
    Retrying,
    Completed,
    Failed,
    Cancelled,
    Expired,
}

impl JobChange {
    const ALL: [Self; 7] = [
        Self::Queued,
        Self::Running,
        Self::Retrying,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::Expired,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
        }
    }
}

impl JobMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            events: Family::default(),
            rescued: Counter::default(),
            refunded: Counter::default(),
        };
        // From the beginning, so that the first one is an increase.
        for change in JobChange::ALL {
            let kind = change.name();
            drop(metrics.events.get_or_create(&Event { kind }));
        }
        registry.register(
            "job_events",
            "What this process did to jobs, as their owners are told",
            metrics.events.clone(),
        );
        registry.register(
            "job_leases_rescued",
            "Leases that ran out and that this process ended",
            metrics.rescued.clone(),
        );
        registry.register(
            "jobs_refunded",
            "Jobs whose points this process gave back",
            metrics.refunded.clone(),
        );
        metrics
    }

    /// Counts a change that is committed.
    pub fn changed(&self, change: JobChange) {
        let kind = change.name();
        self.events.get_or_create(&Event { kind }).inc();
    }

    /// Counts a lease that ran out.
    pub fn rescued(&self) {
        self.rescued.inc();
    }

    /// Counts a job whose end gave points back.
    pub fn refunded(&self) {
        self.refunded.inc();
    }
}
