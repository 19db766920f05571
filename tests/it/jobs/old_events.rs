//! How long events are kept, and how they are removed: look by look, whatever waits in between.

use divine_whispers::domain::jobs::old_events::{Bounds, FoundBy, Looked, Place, remove};
use divine_whispers::domain::jobs::rescue;
use serde_json::json;

use super::{cancel, claim_one, order, say, with_jobs};
use crate::support::Api;
use crate::support::api::TestUser;
use crate::support::events::{EventStream, ask, kinds};

/// As if everything had happened long ago.
const LONG_AGO: &str = "update job_events set created_at = created_at - interval '8 days';
    update jobs set finished_at = finished_at - interval '8 days'";
/// The same, all in one moment.
const AT_ONCE: &str = "update job_events set created_at = now() - interval '8 days';
    update jobs set finished_at = finished_at - interval '8 days'";

fn looking_at(looked_at_jobs: i64) -> Bounds {
    Bounds {
        looked_at_jobs,
        ..Bounds::ROUND
    }
}

async fn events_of(api: &Api, id: i64) -> i64 {
    let count = format!("select count(*) from job_events where job_id = {id}");
    api.database.number(&count).await
}

async fn look(api: &Api, by: FoundBy, after: Place, bounds: Bounds) -> Looked {
    let retention = api.app.jobs.policy.event_retention;
    let db = &api.app.db;
    let looked = db.remove_old_job_events(by, retention, after, bounds).await;
    looked.unwrap()
}

/// An ended job with three events.
async fn end_one(api: &Api, user: &TestUser, service: &TestUser) -> i64 {
    let id = order(api, user).await;
    let job = claim_one(api, service).await;
    let done = say(api, service, &job, "complete", json!({"output": 1}));
    done.await.success();
    id
}

#[tokio::test]
async fn events_are_removed_some_time_after_the_end_and_never_before() {
    let (api, user, service) = with_jobs(|_| {}).await;
    let (ended, waiting) = (order(&api, &user).await, order(&api, &user).await);
    let job = claim_one_of(&api, &service, ended).await;
    say(&api, &service, &job, "complete", json!({"output": 1}))
        .await
        .success();
    let policy = &api.app.jobs.policy;
    let count = |id: i64| format!("select count(*) from job_events where job_id = {id}");
    let round = rescue::round(&api.app.db, policy).await.unwrap();
    assert_eq!(round.removed_events, 0, "it ended just now");
    api.database.execute(LONG_AGO).await;
    let round = rescue::round(&api.app.db, policy).await.unwrap();
    assert_eq!(round.removed_events, 3);
    assert_eq!(api.database.number(&count(ended)).await, 0);
    assert_eq!(
        api.database.number(&count(waiting)).await,
        1,
        "what has not ended is kept, however old"
    );
    // Who comes too late for them is told the end.
    let mut late = EventStream::open(&api, &user, ended, None).await;
    let late = late.rest().await;
    assert_eq!((kinds(&late), late[0].id), (vec!["completed"], 3));
    let again = ask(&api, &user, ended, Some("3")).await;
    assert_eq!(again.status().as_u16(), 204);
}

#[tokio::test]
async fn old_events_are_removed_in_batches_and_the_first_of_a_job_goes_last() {
    let (api, user, service) = with_jobs(|_| {}).await;
    let id = end_one(&api, &user, &service).await;
    api.database.execute(LONG_AGO).await;
    let retention = api.app.jobs.policy.event_retention;
    let left = format!("select coalesce(sum(event_number), 0) from job_events where job_id = {id}");
    let one_row = Bounds {
        rows: 1,
        ..Bounds::ROUND
    };
    for (removed, numbers_left) in [(1, 3), (1, 1), (1, 0), (0, 0)] {
        let found = remove(&api.app.db, retention, one_row).await.unwrap();
        assert_eq!(
            (found, api.database.number(&left).await),
            (removed, numbers_left)
        );
    }
}

#[tokio::test]
async fn a_look_is_at_so_many_jobs_and_the_next_one_goes_on_behind_them() {
    let (api, user, service) = with_jobs(|_| {}).await;
    let ended = end_one(&api, &user, &service).await;
    let mut waiting = Vec::new();
    for _ in 0..5 {
        waiting.push(order(&api, &user).await);
    }
    api.database.execute(LONG_AGO).await;
    // It was ordered first, and is looked at last: those that wait are older, in the end all of the same moment.
    for created_at in [
        "clock_timestamp() - interval '9 days'",
        "now() - interval '9 days'",
    ] {
        let older =
            format!("update job_events set created_at = {created_at} where job_id <> {ended}");
        api.database.execute(&older).await;
        let mut after = Place::BEGINNING;
        for reached in [waiting[1], waiting[3]] {
            let looked = look(&api, FoundBy::First, after, looking_at(2)).await;
            after = looked.reached.unwrap();
            assert_eq!((looked.removed, after.job_id.0), (0, reached));
            assert_eq!(events_of(&api, ended).await, 3);
        }
    }
    let retention = api.app.jobs.policy.event_retention;
    let mut removed = Vec::new();
    for _ in 0..7 {
        removed.push(remove(&api.app.db, retention, looking_at(2)).await.unwrap());
    }
    assert_eq!(removed, [0, 0, 3, 0, 0, 0, 0]);
    // Behind the end it begins anew: what has ended since then is found, wherever it is.
    for id in &waiting {
        cancel(&api, &user, *id).await.success();
    }
    api.database.execute(LONG_AGO).await;
    let mut removed = 0;
    for _ in 0..7 {
        removed += remove(&api.app.db, retention, looking_at(2)).await.unwrap();
    }
    assert_eq!(removed, 10);
    let left = "select count(*) from job_events";
    assert_eq!(api.database.number(left).await, 0);
}

#[tokio::test]
async fn a_look_that_is_cut_leaves_no_job_behind_it() {
    let (api, user, service) = with_jobs(|_| {}).await;
    for _ in 0..4 {
        end_one(&api, &user, &service).await;
    }
    let cuts = [
        (100, 4, [4, 4, 4, 0]),
        (100, 3, [3, 3, 3, 3]),
        (2, 1000, [6, 6, 0, 0]),
    ];
    let bounds = cuts.map(|(ended_jobs, rows, removed)| {
        let bounds = Bounds {
            ended_jobs,
            rows,
            ..Bounds::ROUND
        };
        (bounds, removed)
    });
    api.database
        .execute("create table copies as table job_events")
        .await;
    for (bounds, expected) in bounds {
        api.database
            .execute(
                "delete from job_events; insert into job_events table copies;
                 update jobs set finished_at = now()",
            )
            .await;
        api.database.execute(AT_ONCE).await;
        let mut after = Place::BEGINNING;
        for removed in expected {
            let looked = look(&api, FoundBy::First, after, bounds).await;
            assert_eq!(looked.removed, removed, "{bounds:?}");
            after = looked.reached.unwrap_or(after);
        }
        let left = "select count(*) from job_events";
        assert_eq!(api.database.number(left).await, 0, "{bounds:?}");
    }
}

#[tokio::test]
async fn what_the_release_before_has_half_removed_is_removed_and_nothing_else() {
    let (api, user, service) = with_jobs(|_| {}).await;
    let mut jobs = Vec::new();
    for _ in 0..4 {
        jobs.push(end_one(&api, &user, &service).await);
    }
    let recent = jobs.remove(0);
    let whole = jobs.remove(0);
    // It begins with the first event, and is killed before the last one.
    let half = format!(
        "delete from job_events where job_id <> {whole} and event_number = 1;
         update job_events set created_at = created_at - interval '8 days' where job_id <> {recent}"
    );
    api.database.execute(&half).await;
    let one_job = Bounds {
        looked_at_jobs: 1,
        rows: 1,
        ..Bounds::ROUND
    };
    let retention = api.app.jobs.policy.event_retention;
    for _ in 0..8 {
        remove(&api.app.db, retention, one_job).await.unwrap();
    }
    for id in &jobs {
        assert_eq!(events_of(&api, *id).await, 0);
    }
    assert_eq!(events_of(&api, recent).await, 2, "it ended just now");
    assert_eq!(
        events_of(&api, whole).await,
        3,
        "its job says when it ended, and it is found by its first event"
    );
}

/// Claims one of several jobs, which are claimed in their order.
async fn claim_one_of(api: &Api, service: &TestUser, id: i64) -> serde_json::Value {
    let mut jobs = super::claim(api, service, 1).await;
    assert_eq!(jobs[0]["job_id"], id);
    jobs.remove(0)
}
