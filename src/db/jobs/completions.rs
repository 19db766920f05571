//! Completing jobs, many with one statement: what arrives while a statement is under way goes with the next one. A job
//! that arrives alone does not wait. Whether a worker's word counts is decided by the statement, for each job by itself.

mod line;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::oneshot;
use uuid::Uuid;

use self::line::{Completion, Turn};
use crate::db::queries::client::Params as _;
use crate::db::queries::jobs as sql;
use crate::db::{Database, DbError, Retry};
use crate::domain::audit::Origin;
use crate::domain::jobs::files::FileId;
use crate::domain::jobs::lease::{Actor, Lease, Output};
use crate::metrics::jobs::JobChange;

pub(in crate::db) use self::line::Line as Completions;

impl Database {
    /// Completes a job and keeps its result; `false` when the lease is lost, or has no such file. Once a statement has
    /// begun it goes on, also when nobody waits for it any more.
    ///
    /// # Errors
    /// If the database fails, or too many wait for it.
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
            since: Instant::now(),
        })?;
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
            self.complete_some(jobs).await;
        }
    }

    /// Of several, one that cannot be stored takes no other with it: they are halved until it is alone.
    async fn complete_some(&self, jobs: Vec<Completion>) {
        let mut parts = vec![jobs];
        while let Some(mut jobs) = parts.pop() {
            match self.complete_at_once(&jobs).await {
                Ok(completed) => self.tell(jobs, &completed),
                Err(error) if jobs.len() > 1 && error.is_of_one_row() => {
                    let rest = jobs.split_off(jobs.len() / 2);
                    parts.extend([rest, jobs]);
                }
                Err(error) => {
                    // What is not of one row, the others would only run into as well.
                    let others = match error.is_of_one_row() {
                        true => Vec::new(),
                        false => std::mem::take(&mut parts),
                    };
                    for job in jobs.into_iter().chain(others.into_iter().flatten()) {
                        job.answer(Err(error.clone()));
                    }
                }
            }
        }
    }

    /// Tells who waits. Of several, one that is not completed is either held by somebody, or its lease is lost: a
    /// statement of its own waits and finds out, while the others go on.
    fn tell(&self, jobs: Vec<Completion>, completed: &Completed) {
        let is_alone = jobs.len() == 1;
        for job in jobs {
            let id = job.lease.job_id;
            match completed.get(&id.0) {
                Some(Whose::OfThisStatement) => self.told(id, JobChange::Completed),
                // Its answer was lost, and it has been counted if it was another's.
                Some(Whose::OfAnEarlierOne) => self.job_news.changed(id),
                None if !is_alone => {
                    let db = self.clone();
                    tokio::spawn(async move { db.complete_some(vec![job]).await });
                    continue;
                }
                None => {
                    job.answer(Ok(false));
                    continue;
                }
            }
            job.answer(Ok(true));
        }
    }

    async fn complete_at_once(&self, jobs: &[Completion]) -> Result<Completed, DbError> {
        let columns = Columns::of(jobs);
        let parameters = &sql::CompleteJobsParams {
            waits: jobs.len() == 1,
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
        let completed = self.statement("complete_jobs", Retry::Repeatable, |client| async move {
            sql::complete_jobs()
                .params(&**client, parameters)
                .all()
                .await
        });
        let completed = completed.await?.into_iter().map(|row| {
            let whose = match row.is_new {
                true => Whose::OfThisStatement,
                false => Whose::OfAnEarlierOne,
            };
            (row.job_id, whose)
        });
        Ok(completed.collect())
    }
}

/// The jobs that are completed, by their numbers.
type Completed = HashMap<i64, Whose>;

/// Which statement completed a job under the lease in question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    OfThisStatement,
    OfAnEarlierOne,
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
