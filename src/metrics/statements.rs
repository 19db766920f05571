//! Statements and transactions by name, how often they were tried again, and the pool that they take connections from.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Seconds; from a part of a millisecond to the time limit of statements.
const BUCKETS: [f64; 13] = [
    0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 12.5,
];

/// The counts.
pub struct StatementMetrics {
    attempts: Family<Attempt, Counter>,
    duration: Family<Name, Histogram, fn() -> Histogram>,
    retries: Family<Attempt, Counter>,
    connections: Family<State, Gauge>,
    connections_limit: Gauge,
    waiting: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Attempt {
    statement: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Name {
    statement: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct State {
    state: &'static str,
}

/// How the pool stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolStanding {
    /// Connections that work for somebody.
    pub in_use: usize,
    /// Connections that wait for work.
    pub idle: usize,
    /// How many there may be.
    pub limit: usize,
    /// Who waits for one.
    pub waiting: usize,
}

impl StatementMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            attempts: Family::default(),
            duration: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            retries: Family::default(),
            connections: Family::default(),
            connections_limit: Gauge::default(),
            waiting: Gauge::default(),
        };
        registry.register(
            "db_statements",
            "Attempts at statements and transactions, by how they ended",
            metrics.attempts.clone(),
        );
        registry.register_with_unit(
            "db_statement_duration",
            "What an attempt takes once it has a connection",
            Unit::Seconds,
            metrics.duration.clone(),
        );
        registry.register(
            "db_statement_retries",
            "Attempts that were followed by another one, by how they ended",
            metrics.retries.clone(),
        );
        registry.register(
            "db_pool_connections",
            "Connections of the pool",
            metrics.connections.clone(),
        );
        registry.register(
            "db_pool_connections_limit",
            "How many connections the pool may have",
            metrics.connections_limit.clone(),
        );
        registry.register(
            "db_pool_waiting",
            "Those who wait for a connection of the pool",
            metrics.waiting.clone(),
        );
        metrics
    }

    /// Counts an attempt; one that had no connection took no time.
    pub fn tried(
        &self,
        statement: &'static str,
        outcome: &'static str,
        duration: Option<Duration>,
    ) {
        if let Some(duration) = duration {
            self.duration
                .get_or_create(&Name { statement })
                .observe(duration.as_secs_f64());
        }
        let attempt = Attempt { statement, outcome };
        self.attempts.get_or_create(&attempt).inc();
    }

    /// Counts an attempt that is followed by another one.
    pub fn retried(&self, statement: &'static str, outcome: &'static str) {
        let attempt = Attempt { statement, outcome };
        self.retries.get_or_create(&attempt).inc();
    }

    /// How the pool stands now.
    pub fn set_pool(&self, pool: PoolStanding) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        for (state, count) in [("in_use", pool.in_use), ("idle", pool.idle)] {
            self.connections
                .get_or_create(&State { state })
                .set(number(count));
        }
        self.connections_limit.set(number(pool.limit));
        self.waiting.set(number(pool.waiting));
    }
}
