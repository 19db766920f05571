//! A database for each test: a copy of a migrated template on a shared server, or an engine of its own where
//! only the embedded one is to be had, which takes one connection.

use std::future::Future;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use divine_whispers::db::ConnectionBudget;
use divine_whispers::migrations::REVISIONS;
use revisions::{DatabaseUrl, Migrator, Revisions};
use scratch_postgres::{Builder, Server};
use tokio_postgres::Client;

const TEMPLATE: &str = "template_migrated";
static SHARED: OnceLock<Server> = OnceLock::new();
static TEMPLATE_READY: OnceLock<()> = OnceLock::new();
static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A database that one test has for itself.
pub struct TestDatabase {
    pub url: DatabaseUrl,
    text: String,
    own_server: Option<Server>,
}

impl TestDatabase {
    /// An empty database.
    pub async fn empty() -> Self {
        tokio::task::spawn_blocking(|| Self::make(None))
            .await
            .unwrap()
    }

    /// A database with the schema of this program.
    pub async fn migrated() -> Self {
        tokio::task::spawn_blocking(|| Self::make(Some(TEMPLATE)))
            .await
            .unwrap()
    }

    fn make(template: Option<&str>) -> Self {
        let shared = SHARED.get_or_init(|| Builder::new().start().unwrap());
        if shared.max_connections() == 1 {
            let server = Builder::new().start().unwrap();
            let text = server.url();
            let url = DatabaseUrl::parse(&text).unwrap();
            if template.is_some() {
                on_own_thread(migrate(url.clone()));
            }
            return Self {
                url,
                text,
                own_server: Some(server),
            };
        }
        if template.is_some() {
            TEMPLATE_READY.get_or_init(|| {
                create_database(shared, TEMPLATE, None);
                on_own_thread(migrate(
                    DatabaseUrl::parse(&shared.database_url(TEMPLATE)).unwrap(),
                ));
            });
        }
        let name = format!("test_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        create_database(shared, &name, template);
        let text = shared.database_url(&name);
        Self {
            url: DatabaseUrl::parse(&text).unwrap(),
            text,
            own_server: None,
        }
    }

    /// The same database, for a second server. The first one keeps it.
    pub fn same(&self) -> Self {
        Self {
            url: self.url.clone(),
            text: self.text.clone(),
            own_server: None,
        }
    }

    /// The URL as a user writes it.
    pub fn connection_url(&self) -> String {
        self.text.clone()
    }

    /// Whether a second connection would have to wait for the first to end.
    pub fn has_one_connection(&self) -> bool {
        self.own_server.is_some()
    }

    pub fn budget(&self) -> ConnectionBudget {
        if self.has_one_connection() {
            ConnectionBudget::OneShared
        } else {
            ConnectionBudget::AsConfigured
        }
    }

    /// A connection beside those of the program. With one connection in all, let go of it soon.
    pub async fn connect(&self) -> Client {
        self.url.connect("test").await.unwrap()
    }

    /// One number that a statement returns.
    pub async fn number(&self, sql: &str) -> i64 {
        self.connect()
            .await
            .query_one(sql, &[])
            .await
            .unwrap()
            .get(0)
    }

    /// A digest of everything in the tables of the application, to see that nothing changed: but for the audit log, where
    /// a refusal writes its entry, and the counts of those who try passwords.
    pub async fn fingerprint(&self) -> String {
        let tables = [
            "users",
            "wallets",
            "transactions",
            "jobs",
            "job_files",
            "job_results",
            "job_events",
            "sessions",
            "refresh_tokens",
        ];
        let digests = tables.map(|table| {
            format!("(select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from {table} t)")
        });
        let sql = format!("select {}", digests.join(" || '/' || "));
        self.connect()
            .await
            .query_one(&sql, &[])
            .await
            .unwrap()
            .get(0)
    }

    /// Runs statements.
    pub async fn execute(&self, sql: &str) {
        self.connect().await.batch_execute(sql).await.unwrap();
    }
}

fn create_database(server: &Server, name: &str, template: Option<&str>) {
    let url = DatabaseUrl::parse(&server.url()).unwrap();
    let template = template.map_or(String::new(), |template| format!(" template {template}"));
    let sql = format!("create database {name}{template}");
    on_own_thread(async move {
        url.connect("test")
            .await
            .unwrap()
            .batch_execute(&sql)
            .await
            .unwrap()
    });
}

async fn migrate(url: DatabaseUrl) {
    let revisions = Revisions::embedded(REVISIONS).unwrap();
    let mut client = url.connect("test").await.unwrap();
    Migrator::new(&mut client, &revisions)
        .upgrade("head")
        .await
        .unwrap();
}

/// The tests' runtimes come and go; what outlives a test must not hang on one.
fn on_own_thread<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    std::thread::spawn(move || runtime.block_on(work))
        .join()
        .unwrap()
}
