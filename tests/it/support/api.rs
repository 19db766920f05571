//! The API, served on a port of its own, and a client that speaks to it as users do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use divine_whispers::config::{DatabaseSettings, JobSettings, StorageLocation, StorageSettings};
use divine_whispers::db::Database;
use divine_whispers::domain::audit::Origin;
use divine_whispers::domain::ids::{SessionId, UserId};
use divine_whispers::domain::jobs::files::{FileRules, Files};
use divine_whispers::domain::jobs::waiting::Arrivals;
use divine_whispers::domain::login_limits::LoginLimits;
use divine_whispers::domain::passwords::{Hasher, Password};
use divine_whispers::domain::sessions::{Session, SessionRules};
use divine_whispers::domain::sign_in::Desk;
use divine_whispers::domain::users::{Email, Role, create_with_role};
use divine_whispers::http::{App, TokenSigner, router};
use divine_whispers::migrations::REVISIONS;
use divine_whispers::server::connections;
use divine_whispers::storage::Storage;
use reqwest::Method;
use revisions::Revisions;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{Reply, TestDatabase};

pub const PASSWORD: &str = "correct horse battery staple";
pub const SECRET_KEY: &str = "a secret key of the tests, long enough";

/// As the settings have it when nothing is said.
pub const SESSION_RULES: SessionRules = SessionRules {
    refresh_token_lifetime: Duration::from_secs(30 * 86_400),
    login_limits: LoginLimits {
        per_account: 10,
        per_address: 100,
        window: Duration::from_secs(900),
    },
};

/// A served API, and its database.
pub struct Api {
    pub database: TestDatabase,
    pub app: App,
    pub address: SocketAddr,
    /// The directory of the files of results.
    pub storage: Arc<TempDir>,
    client: reqwest::Client,
    emails: AtomicU32,
}

/// A user with an access token.
#[derive(Debug, Clone)]
pub struct TestUser {
    pub id: i64,
    pub email: String,
    pub token: String,
}

/// A session of a user that the database knows nothing of.
pub fn unknown_session(user_id: i64) -> Session {
    Session {
        id: SessionId::new(),
        user_id: UserId(user_id),
    }
}

impl Api {
    /// Serves on a migrated database of its own.
    pub async fn start() -> Self {
        Self::start_with(TestDatabase::migrated().await, |settings| settings).await
    }

    /// Serves a database with other settings than usual.
    pub async fn start_with(
        database: TestDatabase,
        change: impl FnOnce(DatabaseSettings) -> DatabaseSettings,
    ) -> Self {
        let settings = change(DatabaseSettings {
            url: None,
            pool_size: 10,
            pool_timeout: Duration::from_secs(20),
            statement_timeout: Duration::from_secs(20),
        });
        let db = Database::new(&database.url, &settings, database.budget()).unwrap();
        let storage = Arc::new(TempDir::new().unwrap());
        let location = StorageLocation::Directory(storage.path().to_owned());
        let app = App {
            files: Files::new(
                db.clone(),
                Storage::open(&location).unwrap(),
                StorageSettings::default().rules,
            ),
            db,
            hasher: Hasher::default(),
            tokens: TokenSigner::new(&SECRET_KEY.into(), Duration::from_secs(1800)),
            sessions: SESSION_RULES,
            welcome_points: 100,
            jobs: Arc::new(JobSettings {
                poll_interval: Duration::from_millis(100),
                ..JobSettings::default()
            }),
            arrivals: Arrivals::default(),
            trusted_proxies: 0,
            revision_ids: Revisions::embedded(REVISIONS)
                .unwrap()
                .iter()
                .map(|revision| revision.id())
                .collect(),
            shutdown: CancellationToken::new(),
        };
        let address = serve(app.clone()).await;
        Self {
            database,
            app,
            address,
            storage,
            client: super::client(),
            emails: AtomicU32::new(0),
        }
    }

    /// Serves another application as well, and speaks to that one from now on.
    pub async fn serve_also(&mut self, app: App) {
        self.address = serve(app).await;
    }

    /// A request that a test finishes itself.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client
            .request(method, format!("http://{}{path}", self.address))
    }

    pub async fn get(&self, user: &TestUser, path: &str) -> Reply {
        self.send(self.request(Method::GET, path).bearer_auth(&user.token))
            .await
    }

    pub async fn post(&self, user: &TestUser, path: &str, body: Value) -> Reply {
        self.send(
            self.request(Method::POST, path)
                .bearer_auth(&user.token)
                .json(&body),
        )
        .await
    }

    pub async fn put(&self, user: &TestUser, path: &str, body: Value) -> Reply {
        self.send(
            self.request(Method::PUT, path)
                .bearer_auth(&user.token)
                .json(&body),
        )
        .await
    }

    pub async fn post_with_key(
        &self,
        user: &TestUser,
        path: &str,
        key: &str,
        body: Value,
    ) -> Reply {
        let request = self.request(Method::POST, path).bearer_auth(&user.token);
        self.send(request.header("Idempotency-Key", key).json(&body))
            .await
    }

    pub async fn post_anonymously(&self, path: &str, body: Value) -> Reply {
        self.send(self.request(Method::POST, path).json(&body))
            .await
    }

    /// Registers a user, who has 100 points then.
    pub async fn register(&self) -> TestUser {
        let email = self.next_email("user");
        let reply = self
            .post_anonymously(
                "/api/v1/auth/register",
                json!({"email": email, "password": PASSWORD}),
            )
            .await;
        let body = reply.success();
        TestUser {
            id: body["user"]["id"].as_i64().unwrap(),
            email,
            token: body["tokens"]["access_token"].as_str().unwrap().to_owned(),
        }
    }

    /// A user of another role, without points, as `user create` makes one.
    pub async fn with_role(&self, role: Role) -> TestUser {
        let email = self.next_email(role.name());
        let address = Email::parse(&email).unwrap();
        let password = Password::parse(PASSWORD.into(), &address).unwrap();
        let user = create_with_role(&self.app.db, &self.app.hasher, &address, &password, role)
            .await
            .unwrap();
        let desk = Desk {
            db: &self.app.db,
            hasher: &self.app.hasher,
            rules: &self.app.sessions,
            origin: &Origin::default(),
        };
        let opened = desk.log_in(&email, PASSWORD.into()).await.unwrap();
        TestUser {
            id: user.id.0,
            email,
            token: self.app.tokens.sign(opened.continued.session).unwrap(),
        }
    }

    /// Gives a user points, as the payment service does.
    pub async fn deposit(&self, admin: &TestUser, user: &TestUser, amount: i64) {
        let reference_id = format!("payment-{}", self.emails.fetch_add(1, Ordering::Relaxed));
        let body = json!({"user_id": user.id, "amount": amount, "reference_id": reference_id});
        self.post(admin, "/api/v1/admin/deposits", body)
            .await
            .success();
    }

    pub async fn balance(&self, user: &TestUser) -> i64 {
        self.get(user, "/api/v1/wallet").await.success()["balance"]
            .as_i64()
            .unwrap()
    }

    fn next_email(&self, name: &str) -> String {
        format!(
            "{name}{}@example.com",
            self.emails.fetch_add(1, Ordering::Relaxed)
        )
    }
}

/// A second server on the database of the first, with a pool of its own.
pub async fn second_server(first: &Api) -> Api {
    let settings = DatabaseSettings {
        url: None,
        pool_size: 10,
        pool_timeout: Duration::from_secs(20),
        statement_timeout: Duration::from_secs(20),
    };
    let database = first.database.same();
    let db = Database::new(&database.url, &settings, database.budget()).unwrap();
    let files = &first.app.files;
    let files = Files::new(
        db.clone(),
        files.storage.clone(),
        FileRules::clone(&files.rules),
    );
    let app = App {
        db,
        files,
        arrivals: Arrivals::default(),
        ..first.app.clone()
    };
    Api {
        database,
        address: serve(app.clone()).await,
        storage: Arc::clone(&first.storage),
        app,
        client: super::client(),
        // Addresses that the first server has not used.
        emails: AtomicU32::new(1_000_000),
    }
}

async fn serve(app: App) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        // For as long as the test's runtime: `shutdown` of a test only says that the end has begun.
        let idle_timeout = app.files.rules.idle_timeout;
        let router = router(app, &[]);
        connections::serve(listener, router, idle_timeout, &CancellationToken::new()).await;
    });
    address
}
