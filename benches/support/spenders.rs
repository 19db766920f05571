//! The three who spend: the domain, tokio-postgres alone, and pgbench. Each is given a number of clients and a slice
//! of time, and returns its spends per second, after they have been found in the ledger.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use divine_whispers::db::{Database, Retry};
use divine_whispers::domain::audit::Origin;
use divine_whispers::domain::ids::UserId;
use divine_whispers::domain::points::{Amount, SPEND_LIMITS};
use divine_whispers::domain::text::{Description, JobType};
use divine_whispers::domain::transactions::{self, Spend};
use futures_util::future::try_join_all;
use rand::RngExt as _;
use serde_json::{Map, Value};
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

use crate::crowd::{Shift, at_once};
use crate::pgbench;
use crate::scratch::Scratch;
use crate::statement::NamedStatement;

const AMOUNT: i64 = 1;
const JOB_TYPE: &str = "fortune_draw";
const DESCRIPTION: &str = "a reading";
const INPUT: &str = r#"{"question": "what will the year bring?"}"#;

/// The users whose wallets are spent from, by the first and the last id; there is no gap.
#[derive(Debug, Clone, Copy)]
pub struct Users {
    pub first: i64,
    pub last: i64,
}

impl Users {
    /// How many there are.
    pub fn count(self) -> i64 {
        self.last - self.first + 1
    }

    fn any(self) -> i64 {
        rand::rng().random_range(self.first..=self.last)
    }
}

/// All that the three need.
pub struct Spenders {
    scratch: Scratch,
    statement: Arc<NamedStatement>,
}

impl Spenders {
    /// Reads the statement.
    ///
    /// # Errors
    /// If it is not in its file any more.
    pub fn new(scratch: Scratch) -> anyhow::Result<Self> {
        let file = include_str!("../../queries/transactions.sql");
        Ok(Self {
            scratch,
            statement: Arc::new(NamedStatement::find(file, "spend")?),
        })
    }

    /// The domain, on a pool with a connection for every client.
    ///
    /// # Errors
    /// If a spend fails or is not in the ledger.
    pub async fn domain(
        &self,
        clients: usize,
        users: Users,
        slice: Duration,
    ) -> anyhow::Result<f64> {
        let database = self.scratch.database(clients)?;
        open_connections(&database, clients).await?;
        let input: Map<String, Value> = serde_json::from_str(INPUT)?;
        let spend = Spend {
            user_id: UserId(users.first),
            session_id: None,
            amount: Amount::within(AMOUNT, SPEND_LIMITS)?,
            job_type: JobType::parse(JOB_TYPE)?,
            input,
            description: Some(Description::parse(DESCRIPTION)?),
        };
        let before = self.count_spends().await?;
        let (done, rate) = at_once(clients, slice, |mut shift| {
            let (database, mut spend) = (database.clone(), spend.clone());
            async move {
                shift.begin().await;
                while shift.lasts() {
                    spend.user_id = UserId(users.any());
                    transactions::spend(&database, &spend, None, &Origin::default()).await?;
                    shift.count();
                }
                Ok(shift)
            }
        })
        .await?;
        database.close();
        self.audit("the domain", before, done).await?;
        Ok(rate)
    }

    /// tokio-postgres, with a connection for every client.
    ///
    /// # Errors
    /// If a spend fails or is not in the ledger.
    pub async fn driver(
        &self,
        clients: usize,
        users: Users,
        slice: Duration,
    ) -> anyhow::Result<f64> {
        let mut connections = try_join_all((0..clients).map(|_| self.scratch.connect()))
            .await?
            .into_iter();
        let input: Value = serde_json::from_str(INPUT)?;
        let before = self.count_spends().await?;
        let (done, rate) = at_once(clients, slice, |shift| {
            let (connection, statement) = (connections.next(), Arc::clone(&self.statement));
            let input = input.clone();
            async move {
                let connection = connection.context("a client has no connection")?;
                spend_on(&connection, &statement, users, &input, shift).await
            }
        })
        .await?;
        self.audit("the driver", before, done).await?;
        Ok(rate)
    }

    /// pgbench, by its own figure, which leaves out the opening of the connections; nothing where there is none.
    ///
    /// # Errors
    /// If a spend fails or is not in the ledger.
    pub async fn pgbench(
        &self,
        clients: usize,
        users: Users,
        slice: Duration,
    ) -> anyhow::Result<Option<f64>> {
        let Some(program) = self.scratch.tool("pgbench") else {
            return Ok(None);
        };
        let job = pgbench::Job {
            program,
            url: self.scratch.url.expose().to_owned(),
            script: self.pgbench_script(users).await?,
            texts: vec![
                ("job_type", JOB_TYPE),
                ("input", INPUT),
                ("description", DESCRIPTION),
            ],
            clients,
            seconds: slice.as_secs(),
        };
        let before = self.count_spends().await?;
        let run = tokio::task::spawn_blocking(move || job.run()).await??;
        self.audit("pgbench", before, run.transactions).await?;
        Ok(Some(run.transactions_per_second))
    }

    /// Whether there is a pgbench.
    pub fn have_pgbench(&self) -> bool {
        self.scratch.tool("pgbench").is_some()
    }

    async fn pgbench_script(&self, users: Users) -> anyhow::Result<String> {
        let client = self.scratch.connect().await?;
        let prepared = client.prepare(&self.statement.numbered()).await?;
        let names = self.statement.parameters();
        let sql = self.statement.with(|name| {
            let type_name = names
                .iter()
                .zip(prepared.params())
                .find(|(known, _)| **known == name)
                .map_or("unknown", |(_, parameter)| parameter.name());
            match name {
                "session_id"
                | "idempotency_key"
                | "request_fingerprint"
                | "ip_address"
                | "user_agent"
                | "request_id" => format!("null::{type_name}"),
                _ => format!(":{name}::{type_name}"),
            }
        });
        let Users { first, last } = users;
        Ok(format!(
            "\\set amount {AMOUNT}\n\\set user_id random({first}, {last})\n{sql};\n"
        ))
    }

    async fn count_spends(&self) -> anyhow::Result<u64> {
        let client = self.scratch.connect().await?;
        let sql = "select count(*) from transactions where type = 'spend'";
        let count: i64 = client.query_one(sql, &[]).await?.try_get(0)?;
        Ok(count.try_into()?)
    }

    async fn audit(&self, who: &str, before: u64, claimed: u64) -> anyhow::Result<()> {
        let recorded = self.count_spends().await? - before;
        anyhow::ensure!(
            recorded == claimed && claimed > 0,
            "{who} claims {claimed} spends, the ledger has {recorded} more"
        );
        Ok(())
    }
}

/// One client of the driver.
async fn spend_on(
    connection: &Client,
    statement: &NamedStatement,
    users: Users,
    input: &Value,
    mut shift: Shift,
) -> anyhow::Result<Shift> {
    let (sql, names) = (statement.numbered(), statement.parameters());
    shift.begin().await;
    let prepared = connection.prepare(&sql).await?;
    while shift.lasts() {
        let user_id = users.any();
        let value = |name: &&str| -> anyhow::Result<&(dyn ToSql + Sync)> {
            Ok(match *name {
                "amount" => &AMOUNT,
                "user_id" => &user_id,
                "description" => &DESCRIPTION,
                "job_type" => &JOB_TYPE,
                "input" => input,
                "idempotency_key" | "ip_address" | "user_agent" | "request_id" => &None::<&str>,
                "session_id" => &None::<uuid::Uuid>,
                "request_fingerprint" => &None::<&[u8]>,
                other => anyhow::bail!("the statement has a new parameter: {other}"),
            })
        };
        let values: Vec<_> = names.iter().map(value).collect::<anyhow::Result<_>>()?;
        let row = connection.query_opt(&prepared, &values).await?;
        row.context("a spend of the driver was refused")?;
        shift.count();
    }
    Ok(shift)
}

/// Makes the pool open all of its connections: it does when all are in use at once.
async fn open_connections(database: &Database, clients: usize) -> anyhow::Result<()> {
    let held = (0..clients).map(|_| {
        database.statement("open", Retry::Repeatable, |client| async move {
            client.batch_execute("select pg_sleep(0.1)").await
        })
    });
    try_join_all(held).await?;
    Ok(())
}
