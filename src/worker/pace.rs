//! How many jobs to claim at once: as many as workers are free, and more while jobs are so short that the claim would take
//! longer than they do. Who claims, and what becomes of those that are not begun soon, is in `runner.rs`.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Jobs are claimed ahead for so long.
const AHEAD: Duration = Duration::from_millis(20);
/// One claim takes no more than this, or the workers that are free.
const MAX_CLAIMED_JOBS: usize = 100;
/// After a job that was shorter than those before it, so much of the difference is forgotten: one part of this.
const MEMORY: u32 = 8;

/// How long jobs of these workers take.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<Option<Duration>>);

impl Pace {
    /// Notes how long a job took. A longer one counts at once, a shorter one by and by: waiting behind a long job is
    /// worse than a claim too many.
    pub(super) fn took(&self, duration: Duration) {
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
        free.saturating_mul(each).min(MAX_CLAIMED_JOBS.max(free))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_are_free_until_jobs_are_known_to_be_short() {
        let pace = Pace::default();
        assert_eq!(pace.jobs_for(3), 3);
        pace.took(Duration::from_millis(21));
        assert_eq!(pace.jobs_for(3), 3);
    }

    #[test]
    fn short_jobs_are_claimed_ahead_within_bounds() {
        let pace = Pace::default();
        pace.took(Duration::from_millis(4));
        assert_eq!(pace.jobs_for(3), 15);
        assert_eq!(pace.jobs_for(50), 100);
        assert_eq!(pace.jobs_for(101), 101);
        let pace = Pace::default();
        pace.took(Duration::ZERO);
        assert_eq!(pace.jobs_for(1), 100);
    }

    #[test]
    fn a_long_job_counts_at_once_and_is_forgotten_by_and_by() {
        let pace = Pace::default();
        pace.took(Duration::from_millis(1));
        pace.took(Duration::from_secs(1));
        assert_eq!(pace.jobs_for(2), 2);
        let short = std::iter::repeat_with(|| pace.took(Duration::from_millis(1)));
        let forgotten = short.take(100).position(|()| pace.jobs_for(2) > 2);
        assert!(
            forgotten.is_some_and(|jobs| (10..60).contains(&jobs)),
            "{forgotten:?}"
        );
    }
}
