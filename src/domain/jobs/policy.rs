//! How long a worker may be silent, how often a job is tried and after which delay, how long it may wait, and how long
//! its result is kept.

use std::time::Duration;

use rand::RngExt as _;

/// The numbers that jobs live by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How long a claim holds without a heartbeat.
    pub lease: Duration,
    /// How often a job is claimed before it fails for good.
    pub max_attempts: i16,
    /// The longest delay after the first failed attempt; it doubles with each further one.
    pub first_delay: Duration,
    /// Where the doubling ends.
    pub longest_delay: Duration,
    /// How long a job may wait for a worker, from the time at which it may start.
    pub expiry: Duration,
    /// How long a result is kept.
    pub retention: Duration,
    /// How long the events of a job are kept when it has ended.
    pub event_retention: Duration,
}

/// What follows a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Another attempt after a delay.
    Retry(Duration),
    /// The end of the job.
    Final,
}

impl Policy {
    /// Whether a job is tried again that has been claimed `attempts` times and may be `max_attempts` times.
    ///
    /// The delay is exponential, and half of it is random, so that jobs that failed together do not come back together.
    pub fn after_failure(&self, attempts: i16, max_attempts: i16, may_retry: bool) -> Verdict {
        if !may_retry || attempts >= max_attempts {
            return Verdict::Final;
        }
        let doublings = u32::try_from(attempts.saturating_sub(1))
            .unwrap_or(0)
            .min(30);
        let ceiling = self
            .first_delay
            .saturating_mul(1 << doublings)
            .min(self.longest_delay);
        Verdict::Retry(ceiling.mul_f64(rand::rng().random_range(0.5..=1.0)))
    }
}
