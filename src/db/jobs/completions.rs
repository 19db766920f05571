//! Completing jobs, many with one statement: what arrives while a statement is under way goes with the next one. A job
//! that arrives alone does not wait. Whether a worker's word counts is decided by the statement, for each job by itself.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::db::queries::client::Params as _;
use crate::db::queries::jobs as sql;
use crate::db::{Database, DbError, Retry};
use crate::domain::audit::Origin;
use crate::domain::ids::JobId;
use crate::domain::jobs::files::FileId;
use crate::domain::jobs::lease::{Actor, Lease, Output};
use crate::metrics::jobs::JobChange;

/// Jobs of one statement. What one of them has is at most a request's body, or what this program made itself.
const MAX_JOBS: usize = 100;
/// Statements at once, in a process: while the server works on one, the next is put together.
const MAX_STATEMENTS: usize = 2;

/// What waits to be completed. Cheap to clone; clones share it.
#[derive(Debug, Clone, Default)]
pub(in crate::db) struct Completions(Arc<Mutex<Waiting>>);

/// The right to run one statement at a time.
#[derive(Debug)]
struct Turn {
    completions: Completions,
    has_ended: bool,
}

#[derive(Debug, Default)]
struct Waiting {
    jobs: VecDeque<Completion>,
    statements: usize,
}

/// A job that was done, and who waits to hear whether that counts.
#[derive(Debug)]
struct Completion {
    lease: Lease,
    output: Output,
    retention: Duration,
    actor: Actor,
    tell: oneshot::Sender<Result<bool, DbError>>,
}

impl Database {
    /// Completes a job and keeps its result; `false` when the lease is lost, or has no such file. It goes on when nobody
    /// waits for it any more.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn complete_job(
        &self,
        lease: Lease,
        output: Output,
        retention: Duration,
        actor: Actor,
    ) -> Result<bool, DbError> {
        let (tell, told) = oneshot::channel();
        let turn = self.completions.add(Completion {
            lease,
            output,
            retention,
            actor,
            tell,
        });
        if let Some(turn) = turn {
            tokio::spawn(self.clone().complete_all(turn));
        }
        told.await.unwrap_or_else(|_| {
            Err(DbError::Lost {
                reason: "the task that completes jobs has ended".to_owned(),
            })
        })
    }

    /// Runs one statement after the other until nothing waits.
    async fn complete_all(self, mut turn: Turn) {
        while let Some(jobs) = turn.take() {
            match self.complete_at_once(&jobs).await {
                // One that cannot be stored, or violates something, takes no other with it.
                Err(error) if jobs.len() > 1 && error.is_of_one_row() => {
                    for job in jobs {
                        let completed = self.complete_at_once(std::slice::from_ref(&job)).await;
                        self.tell(job, completed);
                    }
                }
                completed => {
                    for job in jobs {
                        self.tell(job, completed.clone());
                    }
                }
            }
        }
    }

    /// Returns the jobs that are completed.
    async fn complete_at_once(&self, jobs: &[Completion]) -> Result<Vec<i64>, DbError> {
        let columns = Columns::of(jobs);
        let parameters = &sql::CompleteJobsParams {
            job_ids: columns.job_ids.as_slice(),
            lease_tokens: columns.lease_tokens.as_slice(),
            outputs: columns.outputs.as_slice(),
            output_texts: columns.output_texts.as_slice(),
            file_paths: columns.file_paths.as_slice(),
            retentions_seconds: columns.retentions_seconds.as_slice(),
            actor_user_ids: columns.actor_user_ids.as_slice(),
            ip_addresses: columns.ip_addresses.as_slice(),
            user_agents: columns.user_agents.as_slice(),
            request_ids: columns.request_ids.as_slice(),
        };
        // A second attempt finds by the token what the first one did.
        self.statement("complete_jobs", Retry::Repeatable, |client| async move {
            sql::complete_jobs()
                .params(&**client, parameters)
                .all()
                .await
        })
        .await
    }

    fn tell(&self, job: Completion, completed: Result<Vec<i64>, DbError>) {
        let JobId(id) = job.lease.job_id;
        let told = completed
            .map(|jobs| self.told_if(jobs.contains(&id), job.lease.job_id, JobChange::Completed));
        // Who has gone does not want to know.
        let _ = job.tell.send(told);
    }
}

impl Completions {
    /// Has a job wait; the caller is to run statements if it is given a turn.
    fn add(&self, job: Completion) -> Option<Turn> {
        let mut waiting = self.lock();
        waiting.jobs.push_back(job);
        if waiting.statements >= MAX_STATEMENTS {
            return None;
        }
        waiting.statements += 1;
        Some(Turn {
            completions: self.clone(),
            has_ended: false,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing in here panics half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// The jobs of the next statement. `None` ends the turn, under the lock that sees that nothing waits.
    fn take(&mut self) -> Option<Vec<Completion>> {
        let mut waiting = self.completions.lock();
        let count = waiting.jobs.len().min(MAX_JOBS);
        if count == 0 {
            waiting.statements -= 1;
            self.has_ended = true;
            return None;
        }
        Some(waiting.jobs.drain(..count).collect())
    }
}

impl Drop for Turn {
    /// Makes room for another one after a panic.
    fn drop(&mut self) {
        if !self.has_ended {
            self.completions.lock().statements -= 1;
        }
    }
}

/// The jobs of a statement, as it takes them.
struct Columns<'a> {
    job_ids: Vec<i64>,
    lease_tokens: Vec<Uuid>,
    outputs: Vec<Option<&'a Value>>,
    output_texts: Vec<Option<&'a str>>,
    file_paths: Vec<Option<String>>,
    retentions_seconds: Vec<f64>,
    actor_user_ids: Vec<Option<i64>>,
    ip_addresses: Vec<Option<String>>,
    user_agents: Vec<Option<&'a str>>,
    request_ids: Vec<Option<&'a str>>,
}

impl<'a> Columns<'a> {
    fn of(jobs: &'a [Completion]) -> Self {
        let origins = || jobs.iter().map(|job| &job.actor.origin);
        let outputs = || jobs.iter().map(|job| &job.output);
        // As text: the embedded engine numbers the families of addresses in its own way.
        let address = |origin: &Origin| origin.ip_address.map(|address| address.to_string());
        Self {
            job_ids: jobs.iter().map(|job| job.lease.job_id.0).collect(),
            lease_tokens: jobs.iter().map(|job| job.lease.token).collect(),
            outputs: outputs().map(Output::json).collect(),
            output_texts: outputs().map(Output::text).collect(),
            file_paths: outputs()
                .map(|output| output.file().map(FileId::path))
                .collect(),
            retentions_seconds: jobs.iter().map(|job| job.retention.as_secs_f64()).collect(),
            actor_user_ids: jobs
                .iter()
                .map(|job| job.actor.user_id.map(|user| user.0))
                .collect(),
            ip_addresses: origins().map(address).collect(),
            user_agents: origins().map(Origin::user_agent).collect(),
            request_ids: origins()
                .map(|origin| origin.request_id.as_deref())
                .collect(),
        }
    }
}
