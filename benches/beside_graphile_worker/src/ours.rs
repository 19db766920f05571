//! Our side: orders that pay, workers of the program, and what has to be in the tables afterwards.

use std::sync::Arc;
use std::time::{Duration, Instant};

use divine_whispers::config::{JobSettings, StorageLocation, StorageSettings};
use divine_whispers::db::Database;
use divine_whispers::domain::audit::Origin;
use divine_whispers::domain::ids::UserId;
use divine_whispers::domain::jobs::files::Files;
use divine_whispers::domain::jobs::lease::{
    self, Care, Claim, ClaimRequest, ClaimedJob, Output, WorkerName,
};
use divine_whispers::domain::jobs::waiting::Arrivals;
use divine_whispers::domain::jobs::{self, Order, Priority};
use divine_whispers::domain::points::{Amount, SPEND_LIMITS};
use divine_whispers::domain::text::JobType;
use divine_whispers::storage::Storage;
use divine_whispers::worker::{self, Crew, Failure, Kind, Work};
use futures_util::future::{BoxFuture, try_join_all};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::CONCURRENCY;
use crate::scratch::Scratch;
use crate::tally::Tally;

const JOB_TYPE: &str = "nothing";
pub const WALLETS: i64 = 1000;

/// A process: a pool of its own, and a connection that listens.
pub struct Process {
    db: Database,
    arrivals: Arrivals,
    settings: Arc<JobSettings>,
    storage: TempDir,
    first_user: i64,
    stop: CancellationToken,
}

/// Workers that run.
pub struct Workers {
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Process {
    /// Opens the pool and listens.
    pub async fn start(scratch: &Scratch) -> anyhow::Result<Self> {
        let db = scratch.database(2 * CONCURRENCY)?;
        let first = "select min(user_id) from wallets";
        let first_user = scratch
            .connect()
            .await?
            .query_one(first, &[])
            .await?
            .try_get(0)?;
        let (arrivals, stop) = (Arrivals::default(), CancellationToken::new());
        tokio::spawn(worker::pass_on(
            db.clone(),
            scratch.url.clone(),
            arrivals.clone(),
            stop.clone(),
        ));
        Ok(Self {
            db,
            arrivals,
            settings: Arc::new(JobSettings {
                concurrency: CONCURRENCY,
                poll_interval: Duration::from_secs(1),
                ..JobSettings::default()
            }),
            storage: TempDir::new()?,
            first_user,
            stop,
        })
    }

    /// Orders so many jobs with as many clients as there are workers.
    pub async fn enqueue(&self, jobs: u64) -> anyhow::Result<()> {
        let clients = CONCURRENCY as u64;
        let orders = (0..clients).map(|client| {
            let mine = (client..jobs).step_by(CONCURRENCY);
            let order = self.order_of(0);
            let (db, arrivals, settings) = (
                self.db.clone(),
                self.arrivals.clone(),
                Arc::clone(&self.settings),
            );
            let first_user = self.first_user;
            let orders = tokio::spawn(async move {
                let mut order = order?;
                for number in mine {
                    order.user_id = UserId(first_user + number as i64 % WALLETS);
                    jobs::order(&db, &settings.policy, &order, None, &Origin::default()).await?;
                    arrivals.announce();
                }
                anyhow::Ok(())
            });
            async move { orders.await? }
        });
        try_join_all(orders).await.map(drop)
    }

    fn order_of(&self, number: i64) -> anyhow::Result<Order> {
        Ok(Order {
            user_id: UserId(self.first_user + number % WALLETS),
            session_id: None,
            job_type: JobType::parse(JOB_TYPE)?,
            price: Amount::within(1, SPEND_LIMITS)?,
            input: serde_json::from_value(json!({"number": 1}))?,
            priority: Priority::default(),
            scheduled_at: None,
        })
    }

    /// Sets workers to work.
    pub fn work(&self, tally: &Tally) -> anyhow::Result<Workers> {
        let stop = CancellationToken::new();
        let location = StorageLocation::Directory(self.storage.path().to_owned());
        let crew = Crew {
            work: Work {
                db: self.db.clone(),
                files: Files::new(
                    self.db.clone(),
                    Storage::open(&location)?,
                    StorageSettings::default().rules,
                ),
            },
            kinds: vec![Box::new(Nothing(tally.clone()))],
            settings: Arc::clone(&self.settings),
            arrivals: self.arrivals.clone(),
            shutdown: stop.clone(),
            grace: Duration::from_secs(60),
        };
        let running = tokio::spawn(worker::run(crew));
        Ok(Workers { stop, running })
    }

    /// How long each of so many claims of one job takes.
    pub async fn time_claims(&self, claims: usize) -> anyhow::Result<Vec<Duration>> {
        let request = ClaimRequest {
            job_types: vec![JobType::parse(JOB_TYPE)?],
            count: 1,
            worker_name: WorkerName::parse("benchmark")?,
        };
        let (policy, interval) = (&self.settings.policy, self.settings.poll_interval);
        let mut times = Vec::new();
        for _ in 0..claims {
            let started = Instant::now();
            let claim = lease::claim(&self.db, policy, &request, interval, Care::All).await?;
            times.push(started.elapsed());
            let Claim::Jobs(jobs) = claim else {
                anyhow::bail!("a claim found nothing");
            };
            for job in jobs {
                let output = Output::new(Some(json!(1)), None)?;
                lease::complete(&self.db, policy, job.lease, output, Default::default()).await?;
            }
        }
        Ok(times)
    }

    /// Ends it.
    pub fn end(self) {
        self.stop.cancel();
        self.db.close();
    }
}

impl Workers {
    /// Ends when all that was begun is recorded.
    pub async fn end(self) -> anyhow::Result<()> {
        self.stop.cancel();
        Ok(self.running.await?)
    }
}

/// A job that does nothing.
struct Nothing(Tally);

impl Kind for Nothing {
    fn job_type(&self) -> &'static str {
        JOB_TYPE
    }

    fn run<'a>(&'a self, _: &'a Work, _: &'a ClaimedJob) -> BoxFuture<'a, Result<Output, Failure>> {
        self.0.count();
        Box::pin(async {
            Output::new(Some(json!(1)), None).map_err(|error| Failure::for_good(error.to_string()))
        })
    }
}

/// Users with more points than anybody can spend here.
pub async fn open_wallets(client: &tokio_postgres::Client) -> anyhow::Result<()> {
    let sql = format!(
        "insert into users (email, password_hash)
             select 'user' || number || '@example.com', 'none' from generate_series(1, {WALLETS}) as number;
         insert into wallets (user_id, balance) select id, 1000000000000 from users order by id"
    );
    client.batch_execute(&sql).await?;
    Ok(client.batch_execute("vacuum analyze").await?)
}

/// Jobs that were done long ago, and the spends that paid for them.
pub async fn add_finished_jobs(client: &tokio_postgres::Client, jobs: u64) -> anyhow::Result<()> {
    // The links between the two are right, and checking them one by one would take minutes.
    let sql = format!(
        "set session_replication_role = replica;
         set statement_timeout = 0;
         with spends as (
             select number, nextval('transactions_id_seq') as transaction_id, nextval('jobs_id_seq') as job_id,
                    (select min(id) from wallets) + number % {WALLETS} as wallet_id
               from generate_series(1, {jobs}) as number
         ), ordered as (
             insert into jobs (id, user_id, transaction_id, job_type, status, attempts, progress_percent, created_at,
                               scheduled_at, started_at, finished_at)
             overriding system value
             select job_id, wallets.user_id, transaction_id, '{JOB_TYPE}', 'completed', 1, 100, moment, moment, moment, moment
               from spends
               join wallets on wallets.id = wallet_id,
                    lateral (select now() - (interval '1 second' * ({jobs} - number)) as moment) as moments
         )
         insert into transactions (id, wallet_id, type, amount, posting_number, balance_after, job_id, created_by,
                                   created_at, completed_at)
         overriding system value
         select transaction_id, wallet_id, 'spend', -1, 1000000 + number, 1, job_id, 1, now(), now()
           from spends;
         reset session_replication_role"
    );
    client.batch_execute(&sql).await?;
    Ok(client.batch_execute("vacuum analyze").await?)
}

/// How many are completed, each with a result, its events and its entries in the ledger and the audit log; an error if
/// any of that is missing.
pub async fn completed(client: &tokio_postgres::Client) -> anyhow::Result<i64> {
    let sql = "select count(*) filter (where jobs.status = 'completed'),
                      count(*) filter (where jobs.status <> 'completed'),
                      (select count(*) from job_results),
                      (select count(*) from job_events where kind = 'completed'),
                      (select count(*) from audit_logs where action = 'job.complete'),
                      (select count(*) from audit_logs where action = 'job.order')
                 from jobs
                where worker_name is not null or status <> 'completed'";
    let row = client.query_one(sql, &[]).await?;
    let counts: Vec<i64> = (0..6)
        .map(|place| row.try_get(place))
        .collect::<Result<_, _>>()?;
    let [done, undone, results, events, entries, orders] = counts[..] else {
        anyhow::bail!("six counts were asked for");
    };
    anyhow::ensure!(undone == 0, "{undone} jobs are not completed");
    anyhow::ensure!(
        [results, events, entries, orders] == [done; 4],
        "{done} jobs are completed, with {results} results, {events} events, {entries} and {orders} entries"
    );
    Ok(done)
}
