//! Which jobs are on offer, what they live by, and who works on them.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Variables;
use crate::domain::jobs::{Policy, PriceList};
use crate::domain::points::Amount;
use crate::domain::seats::Limits;
use crate::domain::text::JobType;

/// What is on offer without `JOB_TYPES`.
const DEFAULT_OFFERS: &str = "fortune_draw:30,daily_horoscope:10,wallet_statement:5";

/// Jobs, and the workers of this process.
#[derive(Debug, Clone)]
pub struct JobSettings {
    /// `JOB_TYPES`: the kinds that can be ordered with their prices, as in `fortune_draw:30,daily_horoscope:10`.
    pub prices: PriceList,
    /// `JOB_LEASE_SECONDS`, 60; `JOB_MAX_ATTEMPTS`, 5; `JOB_RETRY_DELAY_SECONDS`, 10; `JOB_RETRY_MAX_DELAY_SECONDS`,
    /// 3600; `JOB_EXPIRY_HOURS`, 168; `JOB_RESULT_RETENTION_DAYS`, 30; `JOB_EVENT_RETENTION_DAYS`, 7.
    pub policy: Policy,
    /// `JOB_POLL_INTERVAL_MS`, 1000: how long a waiting worker waits before it looks again.
    pub poll_interval: Duration,
    /// `JOB_CLAIM_WAIT_SECONDS`, 30: the longest that a claim waits for a job, whatever it asks for.
    pub claim_wait: Duration,
    /// `JOB_RESCUE_INTERVAL_MS`, 5000: how often jobs of silent workers are looked for.
    pub rescue_interval: Duration,
    /// `JOB_EVENT_STREAMS`, 400, and `JOB_EVENT_STREAMS_PER_USER`, 10: how many may watch jobs at once at one server.
    pub watch_limits: Limits,
    /// `JOB_EVENT_KEEP_ALIVE_SECONDS`, 15: how often those who watch are sent something, and asked whether they still may.
    pub keep_alive: Duration,
    /// `RUN_WORKERS`, true: whether `serve` works on jobs as well.
    pub run_workers: bool,
    /// `WORKER_CONCURRENCY`, 2: how many jobs a process works on at once.
    pub concurrency: usize,
}

impl JobSettings {
    pub(super) fn read(variables: &mut Variables) -> Self {
        let allowed =
            "offers such as fortune_draw:30, a kind of job and its price, 1 to 10000 points";
        let mut offers = variables.list("JOB_TYPES", allowed, PriceList::parse_offer);
        refuse_repeated(variables, &offers);
        if offers.is_empty() {
            offers = DEFAULT_OFFERS
                .split(',')
                .filter_map(PriceList::parse_offer)
                .collect();
        }
        let days = |days: u64| Duration::from_secs(days * 86_400);
        let policy = Policy {
            lease: variables.seconds("JOB_LEASE_SECONDS", 60, 1..=86_400),
            max_attempts: i16::try_from(variables.number("JOB_MAX_ATTEMPTS", 5, 1..=100))
                .unwrap_or(5),
            first_delay: variables.seconds("JOB_RETRY_DELAY_SECONDS", 10, 0..=86_400),
            longest_delay: variables.seconds("JOB_RETRY_MAX_DELAY_SECONDS", 3600, 0..=604_800),
            expiry: Duration::from_secs(variables.number("JOB_EXPIRY_HOURS", 168, 1..=8760) * 3600),
            retention: days(variables.number("JOB_RESULT_RETENTION_DAYS", 30, 1..=3650)),
            event_retention: days(variables.number("JOB_EVENT_RETENTION_DAYS", 7, 1..=3650)),
        };
        let (first, longest) = (policy.first_delay.as_secs(), policy.longest_delay.as_secs());
        if first > longest {
            variables.refuse(
                "JOB_RETRY_DELAY_SECONDS",
                &format!("is \"{first}\""),
                &format!("at most JOB_RETRY_MAX_DELAY_SECONDS, which is {longest}"),
            );
        }
        Self {
            prices: PriceList::new(offers),
            policy,
            poll_interval: variables.milliseconds("JOB_POLL_INTERVAL_MS", 1000, 10..=60_000),
            claim_wait: variables.seconds("JOB_CLAIM_WAIT_SECONDS", 30, 0..=30),
            rescue_interval: variables.milliseconds("JOB_RESCUE_INTERVAL_MS", 5000, 10..=3_600_000),
            watch_limits: Limits {
                per_process: variables.number("JOB_EVENT_STREAMS", 400, 1..=800) as usize,
                per_user: variables.number("JOB_EVENT_STREAMS_PER_USER", 10, 1..=800) as usize,
            },
            keep_alive: variables.seconds("JOB_EVENT_KEEP_ALIVE_SECONDS", 15, 1..=300),
            run_workers: variables.switch("RUN_WORKERS", true),
            concurrency: variables.number("WORKER_CONCURRENCY", 2, 1..=100) as usize,
        }
    }
}

/// A kind has one price; which of two was meant nobody knows.
fn refuse_repeated(variables: &mut Variables, offers: &[(JobType, Amount)]) {
    let mut seen = BTreeSet::new();
    for (job_type, _) in offers {
        let name = job_type.as_str();
        if !seen.insert(name) {
            variables.refuse("JOB_TYPES", &format!("has {name} twice"), "each kind once");
        }
    }
}

impl Default for JobSettings {
    /// As with an empty environment.
    fn default() -> Self {
        Self::read(&mut Variables::new(std::collections::BTreeMap::new()))
    }
}
