//! The background task that passes on between processes that jobs were ordered and that jobs have new events, so that
//! nobody waits for the next look. One connection of the process listens for both.

use std::time::Duration;

use futures_util::future::join3;
use revisions::DatabaseUrl;
use tokio_util::sync::CancellationToken;

use crate::db::Database;
use crate::db::notices::{self, Notice};
use crate::domain::jobs::news::{Changed, JobNews};
use crate::domain::jobs::waiting::Arrivals;

/// The shortest time between two notices of the same kind; what happens meanwhile is announced together. A notice is sent
/// apart from the changes: the one queue of PostgreSQL's notices would have their commits wait for each other.
const BATCH: Duration = Duration::from_millis(50);
/// How long to leave the database alone when the connection ended.
const PAUSE: Duration = Duration::from_secs(5);

/// Announces what is ordered here, and wakes those who wait here for what is ordered elsewhere, until told to stop.
pub async fn pass_on(
    db: Database,
    url: DatabaseUrl,
    arrivals: Arrivals,
    shutdown: CancellationToken,
) {
    let news = db.job_news();
    let all = join3(
        announce(&db, &arrivals),
        announce_events(&db, news),
        listen(&db, &url, &arrivals),
    );
    shutdown.run_until_cancelled(all).await;
}

async fn announce(db: &Database, arrivals: &Arrivals) {
    loop {
        arrivals.ordered().await;
        // At once, since an idle worker elsewhere waits for it. What is ordered from here on is announced after the pause.
        if let Err(error) = db.announce_jobs().await {
            // Others find the jobs when they look.
            tracing::debug!(%error, "jobs were not announced");
        }
        tokio::time::sleep(BATCH).await;
    }
}

async fn announce_events(db: &Database, news: &JobNews) {
    loop {
        news.has_untold().await;
        tokio::time::sleep(BATCH).await;
        let changed = news.take_untold();
        if changed.is_nothing() {
            continue;
        }
        if let Err(error) = db.announce_job_events(&changed).await {
            // Others find the events when they look.
            tracing::debug!(%error, "events of jobs were not announced");
        }
    }
}

async fn listen(db: &Database, url: &DatabaseUrl, arrivals: &Arrivals) {
    let news = db.job_news();
    let heard = |notice| match notice {
        // What was announced before is looked for at once.
        Notice::Listening => {
            arrivals.wake();
            news.look();
        }
        Notice::JobsQueued => arrivals.wake(),
        Notice::JobEvents(Changed::Jobs(jobs)) => jobs.into_iter().for_each(|id| news.wake(id)),
        Notice::JobEvents(Changed::Many) => news.look(),
    };
    loop {
        if let Err(error) = notices::listen(url, db.notice_sender(), heard).await {
            tracing::debug!(%error, "notices of other processes are not heard right now");
        }
        tokio::time::sleep(PAUSE).await;
    }
}
