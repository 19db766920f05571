//! Bad input of every kind on every route: a problem document with a 4xx, and nothing changed. The routes are here, what is
//! bad about a body is in `bodies.rs`, what is bad about the rest of a request in `requests.rs`.

use divine_whispers::domain::users::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::api::{PASSWORD, TestUser};
use crate::support::{Api, Reply};

mod bodies;
mod requests;

const LEASE_TOKEN: &str = "01a214de-b6cf-73f6-8720-9c8fe171e031";

/// Every route that takes a body, with a body that it would take.
fn bodies(user: &TestUser) -> Vec<(&'static str, Value)> {
    vec![
        (
            "/api/v1/auth/register",
            json!({
                "email": "new@example.com", "password": PASSWORD, "full_name": "Ada", "birth_date": "1990-12-10",
                "location": "London", "preferred_language": "en",
            }),
        ),
        (
            "/api/v1/auth/login",
            json!({"email": user.email, "password": PASSWORD}),
        ),
        (
            "/api/v1/auth/refresh",
            json!({"refresh_token": "A".repeat(43)}),
        ),
        (
            "/api/v1/auth/profile",
            json!({"full_name": "Ada", "birth_date": "1990-12-10", "location": "London", "preferred_language": "en"}),
        ),
        (
            "/api/v1/auth/password",
            json!({"current_password": PASSWORD, "new_password": "quite another password"}),
        ),
        (
            "/api/v1/wallet/spend",
            json!({"amount": 1, "job_type": "fortune_draw", "description": "d", "input": {"question": "when?"}}),
        ),
        (
            "/api/v1/wallet/transfers",
            json!({"to_user_id": 1, "amount": 1, "description": "d"}),
        ),
        (
            "/api/v1/admin/deposits",
            json!({
                "user_id": user.id, "amount": 1, "reference_id": "r", "payment_method": "card", "description": "d",
            }),
        ),
        (
            "/api/v1/admin/refunds",
            json!({"txn_id": 1, "amount": 1, "reason": "r"}),
        ),
        (
            "/api/v1/admin/adjustments",
            json!({"user_id": user.id, "amount": 1, "reason": "r"}),
        ),
        (
            "/api/v1/jobs",
            json!({"job_type": "fortune_draw", "input": {"question": "when?"}, "priority": 1}),
        ),
        (
            "/api/v1/admin/users/1/role",
            json!({"role": "moderator", "reason": "r"}),
        ),
        (
            "/api/v1/admin/users/1/status",
            json!({"status": "suspended", "reason": "r"}),
        ),
        (
            "/api/v1/worker/jobs/claim",
            json!({"job_types": ["fortune_draw"], "count": 1, "worker_name": "w", "wait_seconds": 0}),
        ),
        (
            "/api/v1/worker/jobs/1/heartbeat",
            json!({"lease_token": LEASE_TOKEN, "progress_percent": 1}),
        ),
        (
            "/api/v1/worker/jobs/1/complete",
            json!({"lease_token": LEASE_TOKEN, "output_text": "t"}),
        ),
        (
            "/api/v1/worker/jobs/1/fail",
            json!({"lease_token": LEASE_TOKEN, "error": "e", "retry": true}),
        ),
    ]
}

/// Routes that are only read.
const GETS: [&str; 17] = [
    "/api/v1/auth/me",
    "/api/v1/wallet",
    "/api/v1/wallet/transactions",
    "/api/v1/wallet/transactions/1",
    "/api/v1/wallet/statistics",
    "/api/v1/admin/users",
    "/api/v1/admin/users/1",
    "/api/v1/admin/audit-logs",
    "/api/v1/admin/audit-logs/export",
    "/api/v1/admin/ledger/verify",
    "/api/v1/admin/schema",
    "/api/v1/admin/schema/diagram.svg",
    "/api/v1/jobs",
    "/api/v1/jobs/1",
    "/api/v1/jobs/1/result",
    "/api/v1/jobs/1/events",
    "/api/v1/jobs/1/file",
];

fn is_open(path: &str) -> bool {
    ["register", "login", "refresh"]
        .iter()
        .any(|name| path.ends_with(name))
}

fn method(path: &str) -> Method {
    match path.rsplit('/').next() {
        Some("profile" | "password" | "role" | "status") => Method::PUT,
        _ => Method::POST,
    }
}

/// Routes that take an idempotency key.
fn moves_points(path: &str) -> bool {
    let ends = [
        "/wallet/spend",
        "/wallet/transfers",
        "/v1/jobs",
        "/admin/deposits",
        "/admin/refunds",
        "/admin/adjustments",
    ];
    ends.iter().any(|end| path.ends_with(end))
}

/// Those who may use the routes, so that it is the input that is refused.
struct Senders {
    admin: TestUser,
    worker: TestUser,
}

impl Senders {
    async fn of(api: &Api) -> Self {
        Self {
            admin: api.with_role(Role::Admin).await,
            worker: api.with_role(Role::Service).await,
        }
    }

    fn to(&self, path: &str) -> &TestUser {
        match path.starts_with("/api/v1/worker/") {
            true => &self.worker,
            false => &self.admin,
        }
    }
}

async fn send(api: &Api, user: &TestUser, path: &str, body: Value) -> Reply {
    let request = api.request(method(path), path).bearer_auth(&user.token);
    api.send(request.json(&body)).await
}

async fn send_raw(api: &Api, user: &TestUser, path: &str, body: Vec<u8>) -> Reply {
    let request = api.request(method(path), path).bearer_auth(&user.token);
    api.send(
        request
            .header("Content-Type", "application/json")
            .body(body),
    )
    .await
}

fn assert_refused(reply: &Reply, what: &str) {
    assert!(reply.status.is_client_error(), "{what}: {reply:?}");
    reply.problem();
}
