//! Many at once: claims, cancellations, failures and rescues.

use std::collections::BTreeSet;

use divine_whispers::domain::jobs::rescue;
use divine_whispers::domain::users::Role;
use futures_util::future::join_all;
use serde_json::json;

use super::{cancel, claim, order, refunds_of, say, with_jobs};
use crate::ledger::assert_in_order;
use crate::needs_many_connections;

#[tokio::test(flavor = "multi_thread")]
async fn many_workers_take_each_job_once() {
    let (api, user, service) = with_jobs(|_| {}).await;
    needs_many_connections!(api.database);
    let admin = api.with_role(Role::Admin).await;
    api.deposit(&admin, &user, 500).await;
    let ordered = join_all((0..60).map(|_| order(&api, &user))).await;
    let taken = join_all((0..10).map(|_| async {
        let mut taken = Vec::new();
        loop {
            let jobs = claim(&api, &service, 3).await;
            if jobs.is_empty() {
                return taken;
            }
            for job in jobs {
                taken.push(job["job_id"].as_i64().unwrap());
                say(&api, &service, &job, "complete", json!({"output": 1}))
                    .await
                    .success();
            }
        }
    }))
    .await
    .concat();
    assert_eq!(taken.len(), 60, "each once");
    assert_eq!(
        taken.into_iter().collect::<BTreeSet<_>>(),
        ordered.into_iter().collect()
    );
    let attempts = "select coalesce(max(attempts), 0)::bigint from jobs where status = 'completed'";
    assert_eq!(api.database.number(attempts).await, 1);
    assert_in_order(&api.database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_claim_and_a_cancellation_at_once_one_wins() {
    let (api, user, service) = with_jobs(|_| {}).await;
    needs_many_connections!(api.database);
    let admin = api.with_role(Role::Admin).await;
    api.deposit(&admin, &user, 300).await;
    for _ in 0..30 {
        let id = order(&api, &user).await;
        let (claimed, cancelled) = tokio::join!(claim(&api, &service, 1), cancel(&api, &user, id));
        assert_eq!(
            claimed.len() + usize::from(cancelled.status.is_success()),
            1,
            "{claimed:?} {cancelled:?}"
        );
        assert_eq!(
            refunds_of(&api, id).await,
            i64::from(cancelled.status.is_success())
        );
        if !cancelled.status.is_success() {
            assert_eq!(cancelled.problem(), "JOB_NOT_CANCELLABLE");
        }
    }
    assert_in_order(&api.database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_refunded_once_though_its_worker_fails_it_while_others_rescue_it() {
    let (api, user, service) = with_jobs(|jobs| jobs.policy.max_attempts = 1).await;
    needs_many_connections!(api.database);
    let admin = api.with_role(Role::Admin).await;
    api.deposit(&admin, &user, 200).await;
    join_all((0..20).map(|_| order(&api, &user))).await;
    let jobs = claim(&api, &service, 20).await;
    // The leases run out one after the other, while all of this is under way.
    let soon =
        "update jobs set lease_expires_at = clock_timestamp() + (id % 20) * interval '20 ms'";
    api.database.execute(soon).await;
    let failing = join_all(jobs.iter().map(|job| async {
        for _ in 0..3 {
            let reply = say(&api, &service, job, "fail", json!({"error": "x"})).await;
            assert!(
                reply.status.is_success() || reply.problem() == "LEASE_LOST",
                "{reply:?}"
            );
        }
    }));
    let rescuing = join_all((0..4).map(|_| async {
        let open = "select count(*) from jobs where status = 'running'";
        while api.database.number(open).await > 0 {
            rescue::round(&api.app.db, &api.app.jobs.policy)
                .await
                .unwrap();
        }
    }));
    tokio::join!(failing, rescuing);
    let refunds = "select count(*) from transactions where type = 'refund'";
    assert_eq!(api.database.number(refunds).await, 20);
    assert_eq!(api.balance(&user).await, 300);
    assert_in_order(&api.database).await;
}
