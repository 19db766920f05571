//! Making the pool: size, time limits, TLS, and what every new connection is told.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Pool, QueueMode, RecyclingMethod, Runtime,
};
use revisions::DatabaseUrl;
use uuid::Uuid;

use super::jobs::Completions;
use super::queries::client::Params as _;
use super::{Database, queries};
use crate::config::DatabaseSettings;
use crate::domain::jobs::floors::Floors;
use crate::domain::jobs::news::JobNews;
use crate::domain::jobs::old_events::Progress;
use crate::metrics::Metrics;

/// How many connections the server has for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionBudget {
    /// As many as the settings ask for.
    AsConfigured,
    /// One, shared with whoever else comes: the embedded engine. It is given back when it is idle.
    OneShared,
}

/// How long a statement waits for a row or table that another one holds.
const LOCK_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the one shared connection is kept when nobody uses it.
const SHARED_IDLE: Duration = Duration::from_millis(300);

impl Database {
    /// Prepares a pool; connections are opened when they are needed.
    ///
    /// Call it on the runtime that will use it.
    ///
    /// # Errors
    /// If the URL asks for TLS that cannot be set up.
    pub fn new(
        url: &DatabaseUrl,
        settings: &DatabaseSettings,
        budget: ConnectionBudget,
    ) -> anyhow::Result<Self> {
        let mut config = url.config().clone();
        config.application_name("divine-whispers");
        // A server that vanished without a word is noticed after this, not after two hours.
        config.keepalives_idle(Duration::from_secs(30));
        config.tcp_user_timeout(Duration::from_secs(30));
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let manager = Manager::from_config(config, url.tls()?, recycling);
        let size = match budget {
            ConnectionBudget::AsConfigured => settings.pool_size,
            ConnectionBudget::OneShared => 1,
        };
        let pool = Pool::builder(manager)
            .max_size(size)
            // The one that was used last: its server process has everything at hand, and has planned what it is asked.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(settings.pool_timeout))
            .create_timeout(Some(settings.pool_timeout))
            .recycle_timeout(Some(settings.pool_timeout))
            .post_create(limit_statements(settings.statement_timeout, budget))
            .build()?;
        tokio::spawn(keep_a_timer_pending(pool.clone()));
        if budget == ConnectionBudget::OneShared {
            tokio::spawn(release_when_idle(pool.clone()));
        }
        Ok(Self {
            pool,
            statement_timeout: settings.statement_timeout,
            job_news: JobNews::default(),
            notice_sender: Uuid::now_v7().to_string().into(),
            job_floors: Floors::default(),
            old_events_progress: Progress::default(),
            completions: Completions::default(),
            metrics: Metrics::default(),
        })
    }
}

/// What every connection is told before it is used.
fn limit_statements(timeout: Duration, budget: ConnectionBudget) -> Hook {
    let limits = Arc::new((
        format!("{}ms", timeout.as_millis()),
        format!("{}ms", LOCK_TIMEOUT.min(timeout).as_millis()),
        match budget {
            // A statement whose client hung up must not go on: the pool would no longer bound what the server does.
            ConnectionBudget::AsConfigured if cfg!(target_os = "linux") => "1s",
            // Not every system can tell, and the setting is refused there.
            _ => "0",
        },
    ));
    Hook::async_fn(move |client, _| {
        let limits = Arc::clone(&limits);
        Box::pin(async move {
            let parameters = &queries::session::LimitStatementsParams {
                statement_timeout: limits.0.as_str(),
                lock_timeout: limits.1.as_str(),
                hang_up_check_interval: limits.2,
            };
            let limited = queries::session::limit_statements()
                .params(&**client, parameters)
                .one()
                .await;
            limited.map(drop).map_err(HookError::Backend)
        })
    })
}

async fn release_when_idle(pool: Pool) {
    let mut every = tokio::time::interval(SHARED_IDLE);
    while !pool.is_closed() {
        every.tick().await;
        pool.retain(|_, metrics| metrics.last_used() < SHARED_IDLE);
    }
}

/// A time limit that ends later than another timer costs nothing; the only one wakes the runtime to tell it, which is half
/// of what a statement costs above the same written by hand (`benches/typed_query.rs`).
async fn keep_a_timer_pending(pool: Pool) {
    let mut every = tokio::time::interval(Duration::from_secs(1));
    while !pool.is_closed() {
        every.tick().await;
    }
}
