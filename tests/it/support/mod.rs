//! What tests share: a PostgreSQL, a database for each test, a served API and a client for it, the program.

use std::io::Write as _;

pub mod api;
pub mod contract;
pub mod database;
pub mod events;
pub mod program;
mod reply;
#[allow(dead_code)] // pgbench uses the rest.
#[path = "../../../benches/support/statement.rs"]
pub mod statement;

pub use api::Api;
pub use database::TestDatabase;
pub use reply::Reply;

/// Leaves a test that needs many connections when the PostgreSQL at hand has one, and says so.
#[macro_export]
macro_rules! needs_many_connections {
    ($database:expr) => {
        if $database.has_one_connection() {
            $crate::support::say_skipped();
            return;
        }
    };
}

/// A client of HTTP. With the feature `s3`, it has the TLS of the program, which wants to be told whose cryptography to use.
pub fn client() -> reqwest::Client {
    #[cfg(feature = "s3")]
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

/// Waits until a condition holds; fails after a time that no healthy machine needs.
pub async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    for _ in 0..1200 {
        if condition().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it did not come to pass within a minute: {what}");
}

/// Asks who a token is until it is refused: tokens end on a full second.
pub async fn eventually_refused(api: &Api, token: &str) -> Reply {
    let user = api::TestUser {
        id: 0,
        email: String::new(),
        token: token.to_owned(),
    };
    let mut last = None;
    eventually("the token ends", async || {
        let reply = api.get(&user, "/api/v1/auth/me").await;
        let refused = reply.status.as_u16() == 401;
        last = Some(reply);
        refused
    })
    .await;
    last.unwrap()
}

/// Says that this test is skipped. Not by `eprintln!`, which the test harness keeps for itself when a test passes.
pub fn say_skipped() {
    let thread = std::thread::current();
    let line = format!(
        "skipped: {} needs many connections at once, and the embedded PostgreSQL has one; install PostgreSQL, or point \
         SCRATCH_POSTGRES to one\n",
        thread.name().unwrap_or("a test")
    );
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// Says that this test is skipped because a program is missing.
pub fn say_skipped_for_want_of(program: &str) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("a test");
    let line = format!("skipped: {name} needs {program}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
