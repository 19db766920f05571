//! Jobs: ordering and cancelling, claims and leases, files of results, rescue, and the workers of the program.

mod ahead;
mod completions;
mod events;
mod events_elsewhere;
mod events_end;
mod events_of_older_releases;
mod files;
mod floors;
mod killed;
mod leases;
mod looks;
mod old_events;
mod ordering;
mod races;
mod rescue;
mod statements;
mod waiting;
mod workers;

use std::sync::Arc;

use divine_whispers::config::JobSettings;
use divine_whispers::domain::users::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::api::TestUser;
use crate::support::{Api, Reply};

pub const JOBS: &str = "/api/v1/jobs";
pub const CLAIM: &str = "/api/v1/worker/jobs/claim";

/// An API with other settings of jobs than usual, an orderer with 100 points, and a worker's account.
pub async fn with_jobs(change: impl FnOnce(&mut JobSettings)) -> (Api, TestUser, TestUser) {
    let mut api = Api::start().await;
    let mut settings = JobSettings::clone(&api.app.jobs);
    change(&mut settings);
    api.app.jobs = Arc::new(settings);
    let app = api.app.clone();
    api.serve_also(app).await;
    let (user, service) = (api.register().await, api.with_role(Role::Service).await);
    (api, user, service)
}

/// Orders a job that costs 10 points; returns its number.
pub async fn order(api: &Api, user: &TestUser) -> i64 {
    let body = json!({"job_type": "daily_horoscope", "input": {"sign": "leo"}});
    let reply = api.post(user, JOBS, body).await.success();
    reply["job_id"].as_i64().unwrap()
}

/// Claims at most so many jobs without waiting.
pub async fn claim(api: &Api, service: &TestUser, count: i64) -> Vec<Value> {
    let body = json!({"job_types": ["daily_horoscope", "fortune_draw"], "count": count, "wait_seconds": 0});
    let reply = api.post(service, CLAIM, body).await.success();
    reply["jobs"].as_array().unwrap().clone()
}

/// Claims the one job that is due.
pub async fn claim_one(api: &Api, service: &TestUser) -> Value {
    let mut jobs = claim(api, service, 20).await;
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    jobs.remove(0)
}

/// Says something of a claimed job: heartbeat, complete or fail.
pub async fn say(api: &Api, service: &TestUser, job: &Value, verb: &str, body: Value) -> Reply {
    let mut body = body;
    body["lease_token"] = job["lease_token"].clone();
    let path = format!("/api/v1/worker/jobs/{}/{verb}", job["job_id"]);
    api.post(service, &path, body).await
}

pub async fn cancel(api: &Api, user: &TestUser, id: i64) -> Reply {
    let request = api.request(Method::DELETE, &format!("{JOBS}/{id}"));
    api.send(request.bearer_auth(&user.token)).await
}

/// The job as its owner sees it.
pub async fn look(api: &Api, user: &TestUser, id: i64) -> Value {
    api.get(user, &format!("{JOBS}/{id}")).await.success()
}

/// Lets the lease of a job run out.
pub async fn run_out(api: &Api, id: &Value) {
    let sql =
        format!("update jobs set lease_expires_at = now() - interval '1 second' where id = {id}");
    api.database.execute(&sql).await;
}

/// Makes every job that waits for a later time due.
pub async fn make_due(api: &Api) {
    let sql = "update jobs set scheduled_at = now() where status = 'queued'";
    api.database.execute(sql).await;
}

/// How many refunds there are for the end of a job.
pub async fn refunds_of(api: &Api, id: i64) -> i64 {
    let sql = format!("select count(*) from transactions where refunded_job_id = {id}");
    api.database.number(&sql).await
}
