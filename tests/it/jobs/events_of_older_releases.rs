//! Jobs that a release without events ended: it wrote none, and counted none.

use std::time::Duration;

use divine_whispers::domain::jobs::rescue;
use divine_whispers::server::job_events::look_for_events;
use serde_json::json;

use super::{cancel, claim_one, order, with_jobs};
use crate::needs_many_connections;
use crate::support::events::{EventStream, ask, kinds};

/// How such a release ends a job that is worked on.
async fn end(api: &crate::support::Api, id: i64, status: &str) {
    let sql = format!(
        "update jobs
            set status = '{status}', lease_token = null, lease_expires_at = null, finished_at = clock_timestamp(),
                last_error = case when '{status}' = 'completed' then null else 'no stars' end
          where id = {id}"
    );
    api.database.execute(&sql).await;
}

#[tokio::test]
async fn a_stream_ends_with_an_event_that_is_made_of_how_the_job_stands() {
    let (api, user, service) = with_jobs(|jobs| jobs.keep_alive = Duration::from_millis(50)).await;
    // A stream that asks this often never lets go of the only one.
    needs_many_connections!(api.database);
    let id = order(&api, &user).await;
    claim_one(&api, &service).await;
    // Watched before and after the end.
    let mut early = EventStream::open(&api, &user, id, None).await;
    assert_eq!(early.next().await.unwrap().kind, "queued");
    end(&api, id, "completed").await;
    assert_eq!(kinds(&early.rest().await), ["running", "completed"]);
    let mut late = EventStream::open(&api, &user, id, None).await;
    let events = late.rest().await;
    assert_eq!(kinds(&events), ["queued", "running", "completed"]);
    assert_eq!(events[2].id, 3);
    assert_eq!(
        (&events[2].data["status"], &events[2].data["attempt"]),
        (&json!("completed"), &json!(1))
    );
    let again = ask(&api, &user, id, Some("3")).await;
    assert_eq!(again.status().as_u16(), 204);
    let nonsense = ask(&api, &user, id, Some("4")).await;
    assert_eq!(nonsense.status().as_u16(), 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_nobody_told_of_is_found_by_looking() {
    let never = Duration::from_secs(3600);
    let (api, user, service) = with_jobs(|jobs| jobs.keep_alive = never).await;
    needs_many_connections!(api.database);
    let (db, shutdown) = (api.app.db.clone(), api.app.shutdown.clone());
    tokio::spawn(look_for_events(db, Duration::from_millis(50), shutdown));
    let id = order(&api, &user).await;
    claim_one(&api, &service).await;
    let mut stream = EventStream::open(&api, &user, id, Some(1)).await;
    assert_eq!(stream.next().await.unwrap().kind, "running");
    end(&api, id, "expired").await;
    assert_eq!(kinds(&stream.rest().await), ["expired"]);
}

#[tokio::test]
async fn a_job_from_before_events_has_its_end_alone() {
    let (api, user, service) = with_jobs(|_| {}).await;
    let id = order(&api, &user).await;
    claim_one(&api, &service).await;
    api.database
        .execute("delete from job_events; update jobs set event_count = 0")
        .await;
    end(&api, id, "failed").await;
    let mut stream = EventStream::open(&api, &user, id, None).await;
    let events = stream.rest().await;
    assert_eq!((kinds(&events), events[0].id), (vec!["failed"], 1));
    assert_eq!(events[0].data["error"], "no stars");
    assert_eq!(events[0].data["refunded_amount"], 0);
    let again = ask(&api, &user, id, Some("1")).await;
    assert_eq!(again.status().as_u16(), 204);
}

#[tokio::test]
async fn an_end_that_was_told_is_told_the_same_when_its_event_is_removed() {
    let (api, user, _) = with_jobs(|_| {}).await;
    let id = order(&api, &user).await;
    cancel(&api, &user, id).await.success();
    let read = async || {
        let mut stream = EventStream::open(&api, &user, id, Some(1)).await;
        stream.rest().await
    };
    let told = read().await;
    assert_eq!(kinds(&told), ["cancelled"]);
    api.database.execute("delete from job_events").await;
    let mut made = read().await;
    // The event was written a moment after the job.
    made[0].data["time"] = told[0].data["time"].clone();
    assert_eq!(made, told);
}

#[tokio::test]
async fn events_of_a_job_without_a_last_one_are_removed_like_others() {
    let (api, user, service) = with_jobs(|_| {}).await;
    let id = order(&api, &user).await;
    claim_one(&api, &service).await;
    end(&api, id, "completed").await;
    let policy = &api.app.jobs.policy;
    let old = "update job_events set created_at = created_at - interval '8 days'";
    api.database.execute(old).await;
    let round = rescue::round(&api.app.db, policy).await.unwrap();
    assert_eq!(round.removed_events, 0, "it ended just now");
    let old = "update jobs set finished_at = finished_at - interval '8 days'";
    api.database.execute(old).await;
    let round = rescue::round(&api.app.db, policy).await.unwrap();
    assert_eq!(round.removed_events, 2);
    // Who has seen the end that was made is not told that it was none.
    for last in ["2", "3"] {
        let again = ask(&api, &user, id, Some(last)).await;
        assert_eq!(again.status().as_u16(), 204, "{last}");
    }
}
