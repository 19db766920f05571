//! Each route with each role: allowed or refused as the table of permissions says, which the README shows.

use divine_whispers::domain::permissions::{GRANTS, Permission};
use divine_whispers::domain::users::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Api;
use crate::support::api::TestUser;

/// Every route that takes a permission, with a request that it would serve.
fn routes(
    user: &TestUser,
    txn_id: i64,
    reference: &str,
) -> Vec<(Permission, Method, String, Value)> {
    let get = |permission, path: &str| {
        let path = format!("/api/v1/admin/{path}");
        (permission, Method::GET, path, Value::Null)
    };
    let send = |permission, method, path: &str, body| {
        (permission, method, format!("/api/v1/admin/{path}"), body)
    };
    let id = user.id;
    vec![
        send(
            Permission::RecordDeposits,
            Method::POST,
            "deposits",
            json!({"user_id": id, "amount": 1, "reference_id": reference}),
        ),
        send(
            Permission::RefundSpends,
            Method::POST,
            "refunds",
            json!({"txn_id": txn_id, "amount": 1, "reason": "a test"}),
        ),
        send(
            Permission::AdjustBalances,
            Method::POST,
            "adjustments",
            json!({"user_id": id, "amount": 1, "reason": "a test"}),
        ),
        get(Permission::ReadUsers, "users"),
        get(Permission::ReadUsers, &format!("users/{id}")),
        send(
            Permission::ChangeUsers,
            Method::PUT,
            &format!("users/{id}/role"),
            json!({"role": "user"}),
        ),
        send(
            Permission::ChangeUsers,
            Method::PUT,
            &format!("users/{id}/status"),
            json!({"status": "active"}),
        ),
        get(Permission::ReadAuditLog, "audit-logs"),
        get(Permission::ReadAuditLog, "audit-logs/export"),
        get(Permission::VerifyLedger, "ledger/verify"),
        get(Permission::ReadSchema, "schema"),
        get(Permission::ReadSchema, "schema/diagram.svg"),
        (
            Permission::WorkOnJobs,
            Method::POST,
            "/api/v1/worker/jobs/claim".to_owned(),
            json!({"job_types": ["daily_horoscope"], "wait_seconds": 0}),
        ),
    ]
}

async fn ask(
    api: &Api,
    actor: Option<&TestUser>,
    method: Method,
    path: &str,
    body: &Value,
) -> (u16, String) {
    let mut request = api.request(method, path);
    if let Some(actor) = actor {
        request = request.bearer_auth(&actor.token);
    }
    if !body.is_null() {
        request = request.json(body);
    }
    let (status, _, text) = api.exchange(request).await;
    (status.as_u16(), text)
}

#[tokio::test]
async fn every_route_is_open_to_the_roles_of_its_permission_and_to_nobody_else() {
    let api = Api::start().await;
    let user = api.register().await;
    let spend = json!({"amount": 10, "job_type": "fortune_draw"});
    let spent = api
        .post(&user, "/api/v1/wallet/spend", spend)
        .await
        .success();
    let txn_id = spent["transaction"]["txn_id"].as_i64().unwrap();
    for (permission, method, path, body) in routes(&user, txn_id, "nobody") {
        let (status, text) = ask(&api, None, method, &path, &body).await;
        assert_eq!(status, 401, "{permission:?} {path}: {text}");
    }
    for (name, role) in Role::NAMES {
        let actor = api.with_role(role).await;
        for (permission, method, path, body) in routes(&user, txn_id, name) {
            let before = api.database.fingerprint().await;
            let (status, text) = ask(&api, Some(&actor), method, &path, &body).await;
            if permission.is_granted_to(role) {
                assert!((200..300).contains(&status), "{name} {path}: {text}");
            } else {
                assert_eq!(status, 403, "{name} {path}: {text}");
                assert!(text.contains("FORBIDDEN"), "{text}");
                assert_eq!(api.database.fingerprint().await, before, "{name} {path}");
            }
        }
    }
}

#[test]
fn every_permission_has_a_route() {
    let user = TestUser {
        id: 1,
        email: String::new(),
        token: String::new(),
    };
    let routes = routes(&user, 1, "");
    for (permission, name, ..) in GRANTS {
        assert!(
            routes.iter().any(|(used, ..)| *used == permission),
            "{name}"
        );
    }
}

#[tokio::test]
async fn what_belongs_to_another_looks_as_if_it_were_not_there_whatever_the_role() {
    let api = Api::start().await;
    let owner = api.register().await;
    let spend = json!({"amount": 10, "job_type": "fortune_draw"});
    let spent = api
        .post(&owner, "/api/v1/wallet/spend", spend)
        .await
        .success();
    let path = format!(
        "/api/v1/wallet/transactions/{}",
        spent["transaction"]["txn_id"]
    );
    api.get(&owner, &path).await.success();
    for (name, role) in Role::NAMES {
        let other = api.with_role(role).await;
        let theirs = api.get(&other, &path).await;
        let nothing = api.get(&other, "/api/v1/wallet/transactions/999999").await;
        assert_eq!(theirs.status.as_u16(), 404, "{name}");
        assert_eq!(theirs.body["detail"], nothing.body["detail"], "{name}");
        // Of the sums, the own.
        let sums = api.get(&other, "/api/v1/wallet/statistics").await.success();
        assert_eq!(sums["days"], json!([]), "{name}");
    }
}

#[test]
fn the_readme_shows_the_table_of_permissions() {
    let roles = Role::NAMES.map(|(name, _)| name).join(" | ");
    let mut table = format!("| may | {roles} |\n| --- | --- | --- | --- | --- |\n");
    for (permission, _, what, _) in GRANTS {
        let cells = Role::NAMES.map(|(_, role)| match permission.is_granted_to(role) {
            true => "yes",
            false => "",
        });
        let cells: String = cells.iter().map(|cell| format!(" {cell} |")).collect();
        table.push_str(&format!("| {what} |{}\n", cells.replace("  |", " |")));
    }
    let readme = include_str!("../../../README.md");
    assert!(readme.contains(&table), "the README lacks:\n{table}");
}
