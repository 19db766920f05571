//! Who waits for a job to be completed, in a line with a bound; and whose turn it is to run a statement. No SQL is here.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::db::DbError;
use crate::domain::ids::JobId;
use crate::domain::jobs::lease::{Actor, Lease, Output};

/// Jobs of one statement. What one of them has is at most a request's body, or what this program made itself.
const MAX_JOBS: usize = 100;
/// Statements at once, in a process: while the server works on one, the next is put together.
const MAX_STATEMENTS: usize = 2;
/// How many wait at most. Nobody waits longer than [`PATIENCE`] for a statement to begin.
const MAX_WAITING: usize = 500;
/// As long as a request lasts.
const PATIENCE: Duration = Duration::from_secs(10);

/// The line. Cheap to clone; clones share it.
#[derive(Debug, Clone, Default)]
pub(in crate::db) struct Line(Arc<Mutex<Waiting>>);

/// The right to run one statement at a time.
#[derive(Debug)]
pub(super) struct Turn {
    line: Line,
    /// The jobs of the statement that it runs.
    jobs: Vec<JobId>,
    has_ended: bool,
}

#[derive(Debug, Default)]
struct Waiting {
    jobs: VecDeque<Completion>,
    /// The jobs of the statements that run.
    under_way: HashSet<JobId>,
    statements: usize,
}

/// A job that was done, and who waits to hear whether that counts.
#[derive(Debug)]
pub(super) struct Completion {
    pub(super) lease: Lease,
    pub(super) output: Output,
    pub(super) retention: Duration,
    pub(super) actor: Actor,
    pub(super) tell: oneshot::Sender<Result<bool, DbError>>,
    pub(super) since: Instant,
}

impl Line {
    /// Has a job wait; the caller is to run statements if it is given a turn.
    ///
    /// # Errors
    /// [`DbError::Exhausted`] if too many wait.
    pub(super) fn add(&self, job: Completion) -> Result<Option<Turn>, DbError> {
        let mut waiting = self.lock();
        if waiting.jobs.len() >= MAX_WAITING {
            return Err(DbError::Exhausted);
        }
        waiting.jobs.push_back(job);
        if waiting.statements >= MAX_STATEMENTS {
            return Ok(None);
        }
        waiting.statements += 1;
        Ok(Some(Turn {
            line: self.clone(),
            jobs: Vec::new(),
            has_ended: false,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing in here panics half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// The jobs of the next statement. Of two words for one job the second goes with a later statement, which sees what
    /// the first has done. `None` ends the turn, under the lock that sees that nothing waits but for another turn.
    pub(super) fn take(&mut self) -> Option<Vec<Completion>> {
        let mut waiting = self.line.lock();
        waiting.have_ended(&self.jobs);
        let (mut jobs, mut later) = (Vec::new(), VecDeque::new());
        while jobs.len() < MAX_JOBS
            && let Some(job) = waiting.jobs.pop_front()
        {
            if job.tell.is_closed() {
                // Who asked has gone, and nothing was begun.
            } else if job.since.elapsed() > PATIENCE {
                job.answer(Err(DbError::Exhausted));
            } else if waiting.under_way.insert(job.lease.job_id) {
                jobs.push(job);
            } else {
                later.push_back(job);
            }
        }
        later.append(&mut waiting.jobs);
        waiting.jobs = later;
        self.jobs = jobs.iter().map(|job| job.lease.job_id).collect();
        if jobs.is_empty() {
            waiting.statements -= 1;
            self.has_ended = true;
            return None;
        }
        Some(jobs)
    }
}

impl Waiting {
    fn have_ended(&mut self, jobs: &[JobId]) {
        for job in jobs {
            self.under_way.remove(job);
        }
    }
}

impl Drop for Turn {
    /// After a panic: makes room for another turn, and leaves nobody waiting for this one.
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let mut waiting = self.line.lock();
        waiting.have_ended(&self.jobs);
        waiting.statements -= 1;
        if waiting.statements == 0 {
            waiting.jobs.clear();
        }
    }
}

impl Completion {
    pub(super) fn answer(self, answer: Result<bool, DbError>) {
        // Who has gone does not want to know.
        let _ = self.tell.send(answer);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::sync::oneshot::Receiver;
    use uuid::Uuid;

    use super::*;

    fn completion(job: i64) -> (Completion, Receiver<Result<bool, DbError>>) {
        let (tell, told) = oneshot::channel();
        let lease = Lease {
            job_id: JobId(job),
            token: Uuid::nil(),
        };
        let completion = Completion {
            lease,
            output: Output::new(Some(json!(1)), None).expect("an output"),
            retention: Duration::ZERO,
            actor: Actor::default(),
            tell,
            since: Instant::now(),
        };
        (completion, told)
    }

    fn numbers(jobs: Option<Vec<Completion>>) -> Vec<i64> {
        let jobs = jobs.unwrap_or_default();
        jobs.iter().map(|job| job.lease.job_id.0).collect()
    }

    #[test]
    fn two_statements_run_at_once_and_what_comes_meanwhile_shares_the_next() {
        let line = Line::default();
        let (jobs, _told): (Vec<_>, Vec<_>) = (1..=6).map(completion).unzip();
        let mut turns: Vec<Turn> = jobs
            .into_iter()
            .filter_map(|job| line.add(job).expect("room"))
            .collect();
        assert_eq!(turns.len(), 2);
        assert_eq!(numbers(turns[0].take()), [1, 2, 3, 4, 5, 6]);
        assert!(turns[1].take().is_none(), "the other turn ends");
        let (job, _other) = completion(7);
        assert!(line.add(job).expect("room").is_some(), "and makes room");
    }

    #[test]
    fn one_job_is_in_one_statement_at_a_time() {
        let line = Line::default();
        let (jobs, _told): (Vec<_>, Vec<_>) = [1, 2, 1, 3, 1].map(completion).into_iter().unzip();
        let mut jobs = jobs.into_iter();
        let first = jobs.next().expect("five");
        let mut turn = line.add(first).expect("room").expect("a turn");
        for job in jobs {
            line.add(job).expect("room");
        }
        assert_eq!(numbers(turn.take()), [1, 2, 3]);
        let (four, _four) = completion(4);
        let mut other = line.add(four).expect("room").expect("another turn");
        assert_eq!(numbers(other.take()), [4], "1 is under way");
        assert!(other.take().is_none(), "it is");
        assert_eq!(numbers(turn.take()), [1]);
        assert_eq!(numbers(turn.take()), [1]);
        assert!(turn.take().is_none());
    }

    #[test]
    fn who_comes_to_a_full_line_is_told_so_and_who_has_left_is_passed_over() {
        let line = Line::default();
        let (jobs, mut told): (Vec<_>, Vec<_>) = (1..=MAX_WAITING as i64).map(completion).unzip();
        let mut turn = None;
        for job in jobs {
            turn = turn.or(line.add(job).expect("room"));
        }
        let (one_more, _told) = completion(0);
        assert!(matches!(line.add(one_more), Err(DbError::Exhausted)));
        told.truncate(2);
        let mut turn = turn.expect("a turn");
        assert_eq!(numbers(turn.take()), [1, 2]);
        assert!(turn.take().is_none(), "the others have left");
    }

    #[test]
    fn who_waited_too_long_is_told_so() {
        let line = Line::default();
        let (mut job, mut told) = completion(1);
        job.since = Instant::now()
            .checked_sub(PATIENCE * 2)
            .expect("the clock began before");
        let mut turn = line.add(job).expect("room").expect("a turn");
        assert!(turn.take().is_none());
        assert!(matches!(told.try_recv(), Ok(Err(DbError::Exhausted))));
    }

    #[test]
    fn a_turn_that_ends_in_a_panic_leaves_nobody_waiting() {
        let line = Line::default();
        let (job, mut told) = completion(1);
        let turn = line.add(job).expect("room");
        drop(turn);
        assert!(
            told.try_recv()
                .is_err_and(|error| error == oneshot::error::TryRecvError::Closed)
        );
        let (job, _told) = completion(2);
        assert!(line.add(job).expect("room").is_some());
    }
}
