//! graphile_worker's side: jobs are added and worked on as its documentation shows.

use std::sync::Arc;

use futures_util::future::try_join_all;
use graphile_worker::tokio_postgres::TokioPostgresDatabase;
use graphile_worker::{
    IntoTaskHandlerResult, JobSpec, LocalQueueConfig, TaskHandler, Worker, WorkerContext,
    WorkerOptions,
};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use crate::CONCURRENCY;
use crate::tally::Tally;

/// A worker that is ready.
pub struct Process(Arc<Worker>);

/// One that runs.
pub struct Running {
    worker: Arc<Worker>,
    running: JoinHandle<anyhow::Result<()>>,
}

/// How it fetches jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetching {
    /// One by one.
    Single,
    /// A hundred at once, into a queue of its own: its fastest way.
    LocalQueue,
}

impl Process {
    /// Opens a pool, and makes the schema if there is none.
    pub async fn start(url: &str, fetching: Fetching, tally: &Tally) -> anyhow::Result<Self> {
        let options = WorkerOptions::default()
            .database(TokioPostgresDatabase::from_url(url, 2 * CONCURRENCY)?)
            .schema("graphile_worker")
            .concurrency(CONCURRENCY)
            .listen_os_shutdown_signals(false)
            .add_extension(tally.clone())
            .define_job::<Nothing>();
        let options = match fetching {
            Fetching::Single => options,
            Fetching::LocalQueue => options.local_queue(LocalQueueConfig::default().with_size(100)),
        };
        Ok(Self(Arc::new(options.init().await?)))
    }

    /// Adds so many jobs with as many clients as there are workers.
    pub async fn enqueue(&self, jobs: u64) -> anyhow::Result<()> {
        let clients = (0..CONCURRENCY as u64).map(|client| {
            let mine = (client..jobs).step_by(CONCURRENCY);
            let utils = self.0.create_utils();
            let added = tokio::spawn(async move {
                for number in mine {
                    utils
                        .add_job(Nothing { number }, JobSpec::default())
                        .await?;
                }
                anyhow::Ok(())
            });
            async move { added.await? }
        });
        try_join_all(clients).await.map(drop)
    }

    /// Does all that is there.
    pub async fn run_once(&self) -> anyhow::Result<()> {
        Ok(self.0.run_once().await?)
    }

    /// Works until it is told to stop.
    pub fn run(&self) -> Running {
        let worker = Arc::clone(&self.0);
        let running = tokio::spawn({
            let worker = Arc::clone(&worker);
            async move { Ok(worker.run().await?) }
        });
        Running { worker, running }
    }
}

impl Running {
    /// Ends when all that was begun is recorded.
    pub async fn end(self) -> anyhow::Result<()> {
        self.worker.request_shutdown();
        self.running.await?
    }
}

/// A job that does nothing.
#[derive(Debug, Serialize, Deserialize)]
struct Nothing {
    number: u64,
}

impl TaskHandler for Nothing {
    const IDENTIFIER: &'static str = "nothing";

    async fn run(self, context: WorkerContext) -> impl IntoTaskHandlerResult {
        if let Some(tally) = context.get_ext::<Tally>() {
            tally.count();
        }
        Ok::<(), String>(())
    }
}

/// How many are left: those that are done are deleted.
pub async fn left(client: &tokio_postgres::Client) -> anyhow::Result<i64> {
    let sql = "select count(*) from graphile_worker._private_jobs";
    Ok(client.query_one(sql, &[]).await?.try_get(0)?)
}
