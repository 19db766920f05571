//! The database goes away and comes back: 503 in between, and recovery by itself.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use divine_whispers::db::Database;
use reqwest::Method;
use revisions::DatabaseUrl;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream, UnixStream};

use crate::needs_many_connections;
use crate::support::{Api, TestDatabase, eventually};

/// A door before a database that can be shut: connections are cut, and new ones are turned away.
struct Door {
    address: SocketAddr,
    open: Arc<AtomicBool>,
    /// Connections that pass through it.
    passing: Arc<AtomicUsize>,
}

impl Door {
    async fn before(database: &TestDatabase) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (open, passing) = (
            Arc::new(AtomicBool::new(true)),
            Arc::new(AtomicUsize::new(0)),
        );
        let count = Arc::clone(&passing);
        let (config, is_open) = (database.url.config().clone(), Arc::clone(&open));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if is_open.load(Ordering::Relaxed) {
                    let through = pass_through(client, config.clone(), Arc::clone(&is_open));
                    let count = Arc::clone(&count);
                    count.fetch_add(1, Ordering::Relaxed);
                    tokio::spawn(async move {
                        through.await;
                        count.fetch_sub(1, Ordering::Relaxed);
                    });
                }
            }
        });
        Self {
            address,
            open,
            passing,
        }
    }

    /// Shuts it, and waits until every connection is cut.
    async fn shut(&self) {
        self.open.store(false, Ordering::Relaxed);
        eventually("every connection is cut", async || {
            self.passing.load(Ordering::Relaxed) == 0
        })
        .await;
    }

    fn url(&self, database: &TestDatabase) -> DatabaseUrl {
        let config = database.url.config();
        let user = config.get_user().unwrap_or("postgres");
        let password =
            String::from_utf8(config.get_password().unwrap_or_default().to_vec()).unwrap();
        let name = config.get_dbname().unwrap();
        DatabaseUrl::parse(&format!(
            "postgres://{user}:{password}@{}/{name}?sslmode=disable",
            self.address
        ))
        .unwrap()
    }
}

async fn pass_through(
    mut client: TcpStream,
    config: tokio_postgres::Config,
    open: Arc<AtomicBool>,
) {
    let shut = async {
        while open.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let pass = async {
        match &config.get_hosts()[0] {
            tokio_postgres::config::Host::Unix(directory) => {
                let path = directory.join(format!(".s.PGSQL.{port}"));
                let mut server = UnixStream::connect(path).await.unwrap();
                drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
            }
            tokio_postgres::config::Host::Tcp(host) => {
                let mut server = TcpStream::connect((host.as_str(), port)).await.unwrap();
                drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
            }
        }
    };
    tokio::select! {
        () = shut => {}
        () = pass => {}
    }
}

#[tokio::test]
async fn without_the_database_every_answer_is_503_and_with_it_all_goes_on() {
    let mut api = Api::start().await;
    needs_many_connections!(api.database);
    let door = Door::before(&api.database).await;
    let settings = divine_whispers::config::DatabaseSettings {
        url: None,
        pool_size: 4,
        pool_timeout: Duration::from_secs(2),
        statement_timeout: Duration::from_secs(5),
    };
    let db = Database::new(&door.url(&api.database), &settings, api.database.budget()).unwrap();
    api.serve_also(divine_whispers::http::App {
        db,
        ..api.app.clone()
    })
    .await;
    let user = api.register().await;
    let spend = json!({"amount": 1, "job_type": "fortune_draw"});
    api.post(&user, "/api/v1/wallet/spend", spend.clone())
        .await
        .success();

    door.shut().await;
    for path in ["/api/v1/wallet", "/api/v1/auth/me", "/ready"] {
        let reply = api.get(&user, path).await;
        assert_eq!(
            (reply.status.as_u16(), reply.problem()),
            (503, "SERVICE_UNAVAILABLE"),
            "{path}"
        );
        assert_eq!(reply.headers["retry-after"], "1");
    }
    let reply = api.post(&user, "/api/v1/wallet/spend", spend.clone()).await;
    assert_eq!(reply.status.as_u16(), 503);
    assert!(
        !reply.body.to_string().to_lowercase().contains("connection"),
        "the inside is not shown: {reply:?}"
    );
    api.send(api.request(Method::GET, "/health"))
        .await
        .success();

    let metrics = api.open(api.request(Method::GET, "/metrics")).await;
    assert_eq!(metrics.status().as_u16(), 200);
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains("\ndivine_whispers_db_up 0\n"), "{metrics}");
    assert!(
        metrics.contains(r#"db_statement_retries_total{statement="spend",outcome="unreachable"}"#),
        "{metrics}"
    );

    door.open.store(true, Ordering::Relaxed);
    eventually("it is ready again", async || {
        api.get(&user, "/ready").await.status.is_success()
    })
    .await;
    api.post(&user, "/api/v1/wallet/spend", spend)
        .await
        .success();
}

#[tokio::test]
async fn terminated_backends_are_replaced_without_a_word_to_readers() {
    let api = Api::start().await;
    needs_many_connections!(api.database);
    let user = api.register().await;
    for _ in 0..5 {
        api.database
            .execute(
                "select pg_terminate_backend(pid) from pg_stat_activity
                 where datname = current_database() and application_name = 'divine-whispers'",
            )
            .await;
        assert_eq!(api.balance(&user).await, 100);
    }
}
