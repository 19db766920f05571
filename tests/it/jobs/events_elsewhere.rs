//! Events that happen at another server than the one where a job is watched, by notices and without.

use std::sync::Arc;
use std::time::Duration;

use divine_whispers::db::notices::{self, Notice};
use divine_whispers::domain::ids::JobId;
use divine_whispers::domain::jobs::news::Changed;
use divine_whispers::server::job_events::look_for_events;
use divine_whispers::worker;
use serde_json::json;

use super::{claim_one, order, say, with_jobs};
use crate::needs_many_connections;
use crate::support::api::second_server;
use crate::support::events::{EventStream, kinds};
use crate::support::{Api, eventually};

/// Longer than any test.
const NEVER: Duration = Duration::from_secs(3600);
const LISTENING: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and query like 'listen jobs_queued%' and state = 'idle'";

fn pass_on(api: &Api) {
    let (db, arrivals) = (api.app.db.clone(), api.app.arrivals.clone());
    let (url, shutdown) = (api.database.url.clone(), api.app.shutdown.clone());
    tokio::spawn(worker::pass_on(db, url, arrivals, shutdown));
}

fn look(api: &Api, interval: Duration) {
    let (db, shutdown) = (api.app.db.clone(), api.app.shutdown.clone());
    tokio::spawn(look_for_events(db, interval, shutdown));
}

/// The life of a job, all of it at the first server, watched at the second.
async fn watch_from_elsewhere(here: &Api, elsewhere: &Api) {
    let (user, service) = (
        here.register().await,
        here.with_role(divine_whispers::domain::users::Role::Service)
            .await,
    );
    let id = order(here, &user).await;
    let mut stream = EventStream::open(elsewhere, &user, id, None).await;
    assert_eq!(stream.next().await.unwrap().kind, "queued");
    let job = claim_one(here, &service).await;
    assert_eq!(stream.next().await.unwrap().kind, "running");
    let body = json!({"progress_percent": 50});
    say(here, &service, &job, "heartbeat", body).await.success();
    assert_eq!(stream.next().await.unwrap().data["progress_percent"], 50);
    say(here, &service, &job, "complete", json!({"output": 1}))
        .await
        .success();
    assert_eq!(kinds(&stream.rest().await), ["completed"]);
}

/// Two servers at which nobody looks unasked.
async fn two_servers() -> (Api, Api) {
    let (here, ..) = with_jobs(|jobs| jobs.keep_alive = NEVER).await;
    let elsewhere = second_server(&here).await;
    (here, elsewhere)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_wakes_who_watches_at_another_server() {
    let (here, elsewhere) = two_servers().await;
    needs_many_connections!(here.database);
    pass_on(&here);
    pass_on(&elsewhere);
    look(&elsewhere, NEVER);
    eventually("both listen, on a connection each", async || {
        here.database.number(LISTENING).await == 2
    })
    .await;
    watch_from_elsewhere(&here, &elsewhere).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_does_not_hear_itself() {
    let (here, elsewhere) = two_servers().await;
    needs_many_connections!(here.database);
    let (tell, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let (url, db) = (here.database.url.clone(), here.app.db.clone());
    tokio::spawn(async move {
        notices::listen(&url, db.notice_sender(), |notice| {
            tell.send(notice).unwrap()
        })
        .await
    });
    assert_eq!(heard.recv().await, Some(Notice::Listening));
    let changed = |id| Changed::Jobs([JobId(id)].into());
    for (api, id) in [(&here, 1), (&elsewhere, 2)] {
        api.app.db.announce_jobs().await.unwrap();
        api.app.db.announce_job_events(&changed(id)).await.unwrap();
    }
    // An older release does not say who it is.
    here.database
        .execute("notify jobs_queued; notify job_events, '3'")
        .await;
    for expected in [
        Notice::JobsQueued,
        Notice::JobEvents(changed(2)),
        Notice::JobsQueued,
        Notice::JobEvents(changed(3)),
    ] {
        assert_eq!(heard.recv().await, Some(expected));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_notices_looking_now_and_then_is_enough() {
    let (here, elsewhere) = two_servers().await;
    needs_many_connections!(here.database);
    look(&elsewhere, Duration::from_millis(50));
    watch_from_elsewhere(&here, &elsewhere).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_while_nobody_listened_is_read_when_listening_begins_again() {
    let (here, elsewhere) = two_servers().await;
    needs_many_connections!(here.database);
    let user = here.register().await;
    let service = here
        .with_role(divine_whispers::domain::users::Role::Service)
        .await;
    pass_on(&elsewhere);
    look(&elsewhere, NEVER);
    eventually("it listens", async || {
        here.database.number(LISTENING).await == 1
    })
    .await;
    let id = order(&here, &user).await;
    let mut stream = EventStream::open(&elsewhere, &user, id, None).await;
    assert_eq!(stream.next().await.unwrap().kind, "queued");
    let cut = "select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and query like 'listen jobs_queued%'";
    here.database.execute(cut).await;
    eventually("nobody listens", async || {
        here.database.number(LISTENING).await == 0
    })
    .await;
    // Nobody passes this on: the server here has no such task.
    claim_one(&here, &service).await;
    assert_eq!(stream.next().await.unwrap().kind, "running");
    assert_eq!(here.database.number(LISTENING).await, 1);
}

#[tokio::test]
async fn a_server_that_was_started_anew_goes_on_where_the_old_one_was() {
    let (old, user, service) = with_jobs(|jobs| jobs.keep_alive = NEVER).await;
    let id = order(&old, &user).await;
    let job = claim_one(&old, &service).await;
    let mut stream = EventStream::open(&old, &user, id, None).await;
    assert_eq!(stream.next().await.unwrap().id, 1);
    assert_eq!(stream.next().await.unwrap().id, 2);
    let body = json!({"progress_percent": 10});
    say(&old, &service, &job, "heartbeat", body).await.success();
    old.app.shutdown.cancel();
    // What was on its way when the end began may still come.
    let last = stream.rest().await.last().map_or(2, |event| event.id);
    old.app.db.close();

    let new = second_server(&old).await;
    let app = divine_whispers::http::App {
        shutdown: Default::default(),
        jobs: Arc::clone(&old.app.jobs),
        ..new.app.clone()
    };
    let mut new = new;
    new.serve_also(app).await;
    let mut stream = EventStream::open(&new, &user, id, Some(last)).await;
    say(&new, &service, &job, "complete", json!({"output": 1}))
        .await
        .success();
    let numbers: Vec<i32> = stream.rest().await.iter().map(|event| event.id).collect();
    assert_eq!(numbers, (last + 1..=4).collect::<Vec<_>>());
}
