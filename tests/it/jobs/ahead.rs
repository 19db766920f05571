//! Jobs that the workers of the program claim ahead: while jobs are short, and not for long.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use divine_whispers::config::JobSettings;
use divine_whispers::domain::jobs::lease::{ClaimedJob, Output};
use divine_whispers::domain::users::Role;
use divine_whispers::worker::{self, Failure, Kind, Work};
use futures_util::future::{BoxFuture, join_all};
use serde_json::json;
use tokio::sync::Notify;

use super::workers::crew;
use super::{order, with_jobs};
use crate::ledger::assert_in_order;
use crate::needs_many_connections;
use crate::support::eventually;

/// Is done with the first jobs at once, and with each of the others when it is told.
struct ShortAtFirst {
    short: u32,
    begun: AtomicU32,
    go: Arc<Notify>,
}

impl Kind for ShortAtFirst {
    fn job_type(&self) -> &'static str {
        "daily_horoscope"
    }

    fn run<'a>(&'a self, _: &'a Work, _: &'a ClaimedJob) -> BoxFuture<'a, Result<Output, Failure>> {
        Box::pin(async move {
            if self.begun.fetch_add(1, Ordering::Relaxed) >= self.short {
                self.go.notified().await;
            }
            Ok(Output::new(Some(json!(1)), None).unwrap())
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_claimed_ahead_of_a_long_job_is_given_back_and_not_claimed_again_meanwhile() {
    let settings = |jobs: &mut JobSettings| {
        jobs.concurrency = 1;
        jobs.policy.lease = Duration::from_secs(3);
    };
    let (api, user, _) = with_jobs(settings).await;
    needs_many_connections!(api.database);
    let admin = api.with_role(Role::Admin).await;
    // More than are claimed at once: there are always more.
    api.deposit(&admin, &user, 3000).await;
    join_all((0..250).map(|_| order(&api, &user))).await;
    let go = Arc::new(Notify::new());
    let kind = ShortAtFirst {
        short: 30,
        begun: AtomicU32::new(0),
        go: Arc::clone(&go),
    };
    let (crew, shutdown) = crew(&api, vec![Box::new(kind)], Duration::from_secs(600));
    let running = tokio::spawn(worker::run(crew));
    let count = async |what: &str| {
        let sql = format!("select count(*) from jobs where {what}");
        api.database.number(&sql).await
    };
    eventually(
        "the short ones are done, and those behind the long one are given back",
        async || {
            count("status = 'completed'").await == 30 && count("status = 'running'").await == 1
        },
    )
    .await;
    let claims = "select count(*) from job_events where kind = 'running'";
    let before = api.database.number(claims).await;
    assert!(before > 40, "{before}: some were claimed ahead");
    let extended = "status = 'running' and lease_expires_at > started_at + interval '5 seconds'";
    eventually("the lease of the long one is extended", async || {
        count(extended).await == 1
    })
    .await;
    assert_eq!(api.database.number(claims).await, before);
    shutdown.cancel();
    go.notify_one();
    running.await.unwrap();
    assert_eq!(
        (
            count("status = 'completed'").await,
            count("status = 'queued' and attempts = 0").await
        ),
        (31, 219)
    );
    assert_in_order(&api.database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_told_to_stop_gives_back_what_it_claimed_ahead() {
    let (api, user, _) = with_jobs(|jobs| jobs.concurrency = 1).await;
    needs_many_connections!(api.database);
    let go = Arc::new(Notify::new());
    let kind = ShortAtFirst {
        short: 1,
        begun: AtomicU32::new(0),
        go: Arc::clone(&go),
    };
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(order(&api, &user).await);
    }
    let (crew, shutdown) = crew(&api, vec![Box::new(kind)], Duration::from_secs(600));
    let running = tokio::spawn(worker::run(crew));
    let claimed = "select count(*) from job_events where kind = 'running'";
    eventually("all are claimed", async || {
        api.database.number(claimed).await == 5
    })
    .await;
    shutdown.cancel();
    go.notify_one();
    running.await.unwrap();
    let left = "select count(*) from jobs where status = 'queued' and attempts = 0";
    let done = "select count(*) from jobs where status = 'completed'";
    assert_eq!(
        (
            api.database.number(done).await,
            api.database.number(left).await
        ),
        (2, 3)
    );
}
