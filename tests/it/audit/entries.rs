//! What is written, and that it is written with what it records or not at all.

use divine_whispers::domain::audit::{MAX_USER_AGENT_CHARACTERS, Origin};
use divine_whispers::domain::users::Role;
use reqwest::Method;
use serde_json::{Value, json};

use super::{break_the_log, count, entries, mend};
use crate::support::Api;
use crate::support::api::TestUser;

async fn post_as_browser(api: &Api, user: &TestUser, path: &str, body: Value) -> Value {
    let request = api
        .request(Method::POST, path)
        .bearer_auth(&user.token)
        .header("User-Agent", "a browser")
        .header("X-Request-Id", "request-1")
        .json(&body);
    api.send(request).await.success()
}

#[tokio::test]
async fn what_moves_points_says_who_did_it_to_what_and_from_where() {
    let api = Api::start().await;
    let (admin, ada, grace) = (
        api.with_role(Role::Admin).await,
        api.register().await,
        api.register().await,
    );
    let spend = json!({"amount": 30, "job_type": "fortune_draw", "input": {"question": "secret"}});
    let spend = post_as_browser(&api, &ada, "/api/v1/wallet/spend", spend).await;
    let spend_id = &spend["transaction"]["txn_id"];
    let transfer = json!({"to_user_id": grace.id, "amount": 5, "description": "a gift"});
    post_as_browser(&api, &ada, "/api/v1/wallet/transfers", transfer).await;
    let deposit = json!({"user_id": ada.id, "amount": 50, "reference_id": "payment-1"});
    post_as_browser(&api, &admin, "/api/v1/admin/deposits", deposit).await;
    let refund = json!({"txn_id": spend_id, "amount": 10, "reason": "it rained"});
    post_as_browser(&api, &admin, "/api/v1/admin/refunds", refund).await;
    let adjust = json!({"user_id": ada.id, "amount": -1, "reason": "a slip"});
    post_as_browser(&api, &admin, "/api/v1/admin/adjustments", adjust).await;

    let wallet = api.get(&ada, "/api/v1/wallet").await.success()["wallet_id"].to_string();
    for (action, actor, amount) in [
        ("wallet.spend", &ada, -30),
        ("wallet.transfer", &ada, -5),
        ("wallet.deposit", &admin, 50),
        ("wallet.refund", &admin, 10),
        ("wallet.adjust", &admin, -1),
    ] {
        let found = entries(&api.database, action).await;
        let [entry] = found.as_slice() else {
            panic!("{action}: {found:?}")
        };
        assert_eq!(entry["actor_user_id"], actor.id, "{entry}");
        assert_eq!(entry["resource_type"], "wallet", "{entry}");
        assert_eq!(entry["resource_id"], wallet.as_str(), "{entry}");
        assert_eq!(entry["outcome"], "success", "{entry}");
        assert_eq!(entry["ip_address"], "127.0.0.1", "{entry}");
        assert_eq!(entry["user_agent"], "a browser", "{entry}");
        assert_eq!(entry["request_id"], "request-1", "{entry}");
        assert_eq!(entry["details"]["amount"], amount, "{entry}");
        let sql = format!(
            "select count(*) from transactions where id = {} and amount = {amount}",
            entry["details"]["transaction_id"]
        );
        assert_eq!(api.database.number(&sql).await, 1, "{entry}");
        assert!(!entry.to_string().contains("secret"), "{entry}");
    }
}

#[tokio::test]
async fn what_is_refused_has_an_entry_with_the_reason_and_changes_nothing_else() {
    let api = Api::start().await;
    let (admin, ada) = (api.with_role(Role::Admin).await, api.register().await);
    let spend = json!({"amount": 101, "job_type": "fortune_draw"});
    let refused = api.post(&ada, "/api/v1/wallet/spend", spend).await;
    assert_eq!(refused.problem(), "INSUFFICIENT_BALANCE");
    let itself = json!({"to_user_id": ada.id, "amount": 5, "description": "to myself"});
    let refused = api.post(&ada, "/api/v1/wallet/transfers", itself).await;
    assert_eq!(refused.problem(), "VALIDATION_FAILED");
    let nobody = json!({"user_id": 999_999, "amount": 5, "reference_id": "payment-1"});
    let refused = api.post(&admin, "/api/v1/admin/deposits", nobody).await;
    assert_eq!(refused.problem(), "NOT_FOUND");
    let refund = json!({"txn_id": 999_999, "reason": "none"});
    let refused = api.post(&admin, "/api/v1/admin/refunds", refund).await;
    assert_eq!(refused.problem(), "NOT_FOUND");
    let adjust = json!({"user_id": ada.id, "amount": -101, "reason": "too much"});
    let refused = api.post(&admin, "/api/v1/admin/adjustments", adjust).await;
    assert_eq!(refused.problem(), "INSUFFICIENT_BALANCE");

    for (action, actor, reason) in [
        ("wallet.spend", &ada, "insufficient_balance"),
        ("wallet.transfer", &ada, "self_transfer"),
        ("wallet.deposit", &admin, "no_such_user"),
        ("wallet.refund", &admin, "no_such_spend"),
        ("wallet.adjust", &admin, "insufficient_balance"),
    ] {
        let found = entries(&api.database, action).await;
        let [entry] = found.as_slice() else {
            panic!("{action}: {found:?}")
        };
        assert_eq!(entry["outcome"], "refused", "{entry}");
        assert_eq!(entry["actor_user_id"], actor.id, "{entry}");
        assert_eq!(entry["details"]["reason"], reason, "{entry}");
        assert_eq!(entry["ip_address"], "127.0.0.1", "{entry}");
    }
    // The wallet of a refusal is found although the request did not name it.
    let wallet = api.get(&ada, "/api/v1/wallet").await.success()["wallet_id"].to_string();
    let spend = &entries(&api.database, "wallet.spend").await[0];
    assert_eq!(spend["resource_id"], wallet.as_str());
    assert_eq!(api.balance(&ada).await, 100);
}

#[tokio::test]
async fn a_role_that_does_not_permit_it_is_in_the_log_with_its_route() {
    let api = Api::start().await;
    let (user, admin) = (api.register().await, api.with_role(Role::Admin).await);
    let body = json!({"user_id": user.id, "amount": 5, "reference_id": "mine"});
    let path = "/api/v1/admin/deposits";
    let refused = api.post(&user, path, body.clone()).await;
    assert_eq!(refused.problem(), "FORBIDDEN");
    let ban = format!("update users set status = 'banned' where id = {}", admin.id);
    api.database.execute(&ban).await;
    let refused = api.post(&admin, path, body).await;
    assert_eq!(refused.problem(), "ACCOUNT_NOT_ACTIVE");
    let found = entries(&api.database, "access").await;
    let [first, second] = found.as_slice() else {
        panic!("{found:?}")
    };
    for (entry, actor, reason) in [
        (first, &user, "forbidden"),
        (second, &admin, "account_not_active"),
    ] {
        assert_eq!(entry["actor_user_id"], actor.id);
        assert_eq!(entry["outcome"], "refused");
        assert_eq!(entry["resource_type"], "permission");
        assert_eq!(entry["resource_id"], "record_deposits");
        assert_eq!(entry["details"]["route"], "POST /api/v1/admin/deposits");
        assert_eq!(entry["details"]["reason"], reason);
    }
}

#[tokio::test]
async fn a_repeated_request_that_is_answered_again_writes_no_second_entry() {
    let api = Api::start().await;
    let user = api.register().await;
    let body = json!({"amount": 30, "job_type": "fortune_draw"});
    let path = "/api/v1/wallet/spend";
    api.post_with_key(&user, path, "key", body.clone())
        .await
        .success();
    let before = count(&api).await;
    let again = api.post_with_key(&user, path, "key", body).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(count(&api).await, before);
    // Another request with the key is a refusal, and has one.
    let other = json!({"amount": 31, "job_type": "fortune_draw"});
    let refused = api.post_with_key(&user, path, "key", other).await;
    assert_eq!(refused.problem(), "DUPLICATE_TRANSACTION");
    let found = entries(&api.database, "wallet.spend").await;
    assert_eq!(found.len(), 2);
    assert_eq!(found[1]["details"]["reason"], "duplicate");
}

#[tokio::test]
async fn a_change_whose_entry_cannot_be_written_is_rolled_back() {
    let api = Api::start().await;
    let (admin, ada, grace) = (
        api.with_role(Role::Admin).await,
        api.register().await,
        api.register().await,
    );
    let spend = json!({"amount": 10, "job_type": "fortune_draw"});
    let spent = api
        .post(&ada, "/api/v1/wallet/spend", spend.clone())
        .await
        .success();
    let requests = [
        (&ada, "/api/v1/wallet/spend", spend),
        (
            &ada,
            "/api/v1/wallet/transfers",
            json!({"to_user_id": grace.id, "amount": 5, "description": "a gift"}),
        ),
        (
            &admin,
            "/api/v1/admin/deposits",
            json!({"user_id": ada.id, "amount": 50, "reference_id": "payment-1"}),
        ),
        (
            &admin,
            "/api/v1/admin/refunds",
            json!({"txn_id": spent["transaction"]["txn_id"], "reason": "it rained"}),
        ),
        (
            &admin,
            "/api/v1/admin/adjustments",
            json!({"user_id": ada.id, "amount": 1, "reason": "a slip"}),
        ),
    ];
    break_the_log(&api.database).await;
    let before = api.database.fingerprint().await;
    for (user, path, body) in &requests {
        let failed = api.post(user, path, body.clone()).await;
        assert_eq!(failed.problem(), "INTERNAL_ERROR", "{path}");
    }
    assert_eq!(api.database.fingerprint().await, before);
    // The same requests, once the log takes entries again.
    mend(&api.database).await;
    for (user, path, body) in &requests {
        api.post(user, path, body.clone()).await.success();
    }
}

#[tokio::test]
async fn a_change_that_fails_leaves_no_entry() {
    let api = Api::start().await;
    let user = api.register().await;
    let before = count(&api).await;
    // The last thing that a spend does: its job.
    let break_jobs = "alter table jobs add constraint jobs_broken_check check (false) not valid";
    api.database.execute(break_jobs).await;
    let spend = json!({"amount": 10, "job_type": "fortune_draw"});
    let failed = api.post(&user, "/api/v1/wallet/spend", spend).await;
    assert_eq!(failed.problem(), "INTERNAL_ERROR");
    assert_eq!(count(&api).await, before);
    assert_eq!(api.balance(&user).await, 100);
}

#[tokio::test]
async fn a_refusal_stands_although_its_entry_cannot_be_written() {
    let api = Api::start().await;
    let user = api.register().await;
    break_the_log(&api.database).await;
    let spend = json!({"amount": 101, "job_type": "fortune_draw"});
    let refused = api.post(&user, "/api/v1/wallet/spend", spend).await;
    assert_eq!(refused.problem(), "INSUFFICIENT_BALANCE");
    assert!(entries(&api.database, "wallet.spend").await.is_empty());
}

#[test]
fn an_origin_keeps_of_the_user_agent_what_fits() {
    let long = "ä".repeat(MAX_USER_AGENT_CHARACTERS + 1);
    let origin = Origin::new(None, Some(&long), None);
    assert_eq!(
        origin.user_agent().map(|text| text.chars().count()),
        Some(MAX_USER_AGENT_CHARACTERS)
    );
    let origin = Origin::new(None, Some("a\u{7}b"), None);
    assert_eq!(origin.user_agent(), Some("ab"));
    assert_eq!(Origin::new(None, Some(""), None).user_agent(), None);
}
