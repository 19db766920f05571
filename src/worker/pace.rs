//! How many jobs to claim at once: as many as workers are free, and more while jobs are so short that the claim would take
//! longer than they do. Who claims, and what becomes of those that are not begun soon, is in `runner.rs`.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Jobs are claimed ahead for so long.
const AHEAD: Duration = Duration::from_millis(20);
/// No more than this are claimed and not done, or the workers that there are.
const MAX_IN_HAND: usize = 100;
/// After a job that was shorter than those before it, so much of the difference is forgotten: one part of this.
const MEMORY: u32 = 8;

/// How long jobs of these workers take.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<Option<Duration>>);

impl Pace {
    /// Notes how long a job took. A longer one counts at once, a shorter one by and by: waiting behind a long job is
    /// worse than a claim too many. One that failed counts as no short one: a worker that fails fast must not draw the
    /// jobs that others could do.
    pub(super) fn took(&self, duration: Duration, has_succeeded: bool) {
        let duration = match has_succeeded {
            true => duration,
            false => duration.max(AHEAD),
        };
        let mut usual = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *usual = Some(match *usual {
            Some(usual) if duration < usual => usual - (usual - duration) / MEMORY,
            _ => duration,
        });
    }

    /// How many jobs to claim for so many free workers.
    pub(super) fn jobs_for(&self, free: usize) -> usize {
        let usual = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(usual) = usual else {
            return free;
        };
        let each = AHEAD.as_nanos() / usual.as_nanos().max(1);
        let each = usize::try_from(each).unwrap_or(usize::MAX).max(1);
        free.saturating_mul(each).min(MAX_IN_HAND.max(free))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_are_free_until_jobs_are_known_to_be_short() {
        let pace = Pace::default();
        assert_eq!(pace.jobs_for(3), 3);
        pace.took(Duration::from_millis(21), true);
        assert_eq!(pace.jobs_for(3), 3);
    }

    #[test]
    fn short_jobs_are_claimed_ahead_within_bounds() {
        let pace = Pace::default();
        pace.took(Duration::from_millis(4), true);
        assert_eq!(pace.jobs_for(3), 15);
        assert_eq!(pace.jobs_for(50), 100);
        assert_eq!(pace.jobs_for(101), 101);
        let pace = Pace::default();
        pace.took(Duration::ZERO, true);
        assert_eq!(pace.jobs_for(1), 100);
    }

    #[test]
    fn a_long_job_counts_at_once_and_is_forgotten_by_and_by() {
        let pace = Pace::default();
        pace.took(Duration::from_millis(1), true);
        pace.took(Duration::from_secs(1), true);
        assert_eq!(pace.jobs_for(2), 2);
        let short = std::iter::repeat_with(|| pace.took(Duration::from_millis(1), true));
        let forgotten = short.take(100).position(|()| pace.jobs_for(2) > 2);
        assert!(
            forgotten.is_some_and(|jobs| (10..60).contains(&jobs)),
            "{forgotten:?}"
        );
    }

    #[test]
    fn a_job_that_failed_is_no_reason_to_claim_more() {
        let pace = Pace::default();
        pace.took(Duration::from_millis(1), true);
        assert_eq!(pace.jobs_for(2), 40);
        pace.took(Duration::from_millis(1), false);
        assert_eq!(pace.jobs_for(2), 2);
    }
}
