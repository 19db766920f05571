//! `/admin`

mod audit_logs;
mod schema;
mod users;

use divine_whispers::domain::users::Role;
use serde_json::{Value, json};

use crate::support::Api;
use crate::support::api::TestUser;

const DEPOSITS: &str = "/api/v1/admin/deposits";
const REFUNDS: &str = "/api/v1/admin/refunds";
const ADJUSTMENTS: &str = "/api/v1/admin/adjustments";

async fn spend(api: &Api, user: &TestUser, amount: i64) -> i64 {
    let body = json!({"amount": amount, "job_type": "fortune_draw"});
    let posted = api.post(user, "/api/v1/wallet/spend", body).await.success();
    posted["transaction"]["txn_id"].as_i64().unwrap()
}

#[tokio::test]
async fn a_role_that_was_taken_away_is_gone_at_once() {
    let api = Api::start().await;
    let (admin, user) = (api.with_role(Role::Admin).await, api.register().await);
    api.deposit(&admin, &user, 5).await;
    let body = json!({"user_id": user.id, "amount": 5, "reference_id": "later"});
    api.database
        .execute(&format!(
            "update users set role = 'user' where id = {}",
            admin.id
        ))
        .await;
    assert_eq!(
        api.post(&admin, DEPOSITS, body.clone()).await.problem(),
        "FORBIDDEN"
    );
    api.database
        .execute(&format!(
            "update users set role = 'admin', status = 'banned' where id = {}",
            admin.id
        ))
        .await;
    assert_eq!(
        api.post(&admin, DEPOSITS, body).await.problem(),
        "ACCOUNT_NOT_ACTIVE"
    );
    assert_eq!(api.balance(&user).await, 105);
}

#[tokio::test]
async fn a_payment_reference_is_booked_once_per_wallet() {
    let api = Api::start().await;
    let (admin, user, other) = (
        api.with_role(Role::Service).await,
        api.register().await,
        api.register().await,
    );
    let deposit = async |user: &TestUser| {
        let body = json!({
            "user_id": user.id, "amount": 50, "reference_id": "payment-1", "payment_method": "card",
            "description": "bought",
        });
        api.post(&admin, DEPOSITS, body).await
    };
    let first = deposit(&user).await.success();
    assert_eq!(first["transaction"]["payment_method"], "card");
    let again = deposit(&user).await;
    assert_eq!(
        (again.status.as_u16(), again.problem()),
        (409, "DUPLICATE_TRANSACTION")
    );
    assert_eq!(
        again.body["existing_transaction_id"],
        first["transaction"]["txn_id"]
    );
    deposit(&other).await.success();
    assert_eq!(api.balance(&user).await, 150);
}

#[tokio::test]
async fn a_deposit_repeated_with_its_key_is_answered_again() {
    let api = Api::start().await;
    let (admin, user) = (api.with_role(Role::Admin).await, api.register().await);
    let body = json!({"user_id": user.id, "amount": 50, "reference_id": "payment-1"});
    let first = api
        .post_with_key(&admin, DEPOSITS, "key", body.clone())
        .await;
    let second = api.post_with_key(&admin, DEPOSITS, "key", body).await;
    assert_eq!(second.headers["idempotent-replayed"], "true");
    assert_eq!((second.status, second.body), (first.status, first.body));
    assert_eq!(api.balance(&user).await, 150);
}

#[tokio::test]
async fn a_deposit_to_nobody_or_beyond_what_a_balance_can_hold_is_refused() {
    let api = Api::start().await;
    let (admin, user) = (api.with_role(Role::Admin).await, api.register().await);
    let body = |user_id: i64, amount: i64| json!({"user_id": user_id, "amount": amount, "reference_id": "r"});
    assert_eq!(
        api.post(&admin, DEPOSITS, body(999_999, 1)).await.problem(),
        "NOT_FOUND"
    );
    api.database
        .execute(&format!(
            "update wallets set balance = 9007199254740991 where user_id = {}",
            user.id
        ))
        .await;
    let refused = api.post(&admin, DEPOSITS, body(user.id, 1)).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem()),
        (409, "BALANCE_LIMIT_EXCEEDED")
    );
}

#[tokio::test]
async fn partial_refunds_add_up_to_the_spend_and_no_further() {
    let api = Api::start().await;
    let (admin, user) = (api.with_role(Role::Admin).await, api.register().await);
    let txn_id = spend(&api, &user, 100).await;
    let refund = async |amount: Value| {
        api.post(
            &admin,
            REFUNDS,
            json!({"txn_id": txn_id, "amount": amount, "reason": "a test"}),
        )
        .await
    };
    assert_eq!(
        refund(json!(60)).await.success()["transaction"]["refunded_txn_id"],
        txn_id
    );
    let refused = refund(json!(41)).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem()),
        (409, "REFUND_EXCEEDS_SPEND")
    );
    assert_eq!(refused.body["refundable_amount"], 40);
    // Without an amount: what is left.
    assert_eq!(
        refund(Value::Null).await.success()["transaction"]["amount"],
        40
    );
    assert_eq!(refund(Value::Null).await.problem(), "REFUND_EXCEEDS_SPEND");
    assert_eq!(api.balance(&user).await, 100);
}

#[tokio::test]
async fn only_a_spend_can_be_refunded() {
    let api = Api::start().await;
    let (admin, user) = (api.with_role(Role::Admin).await, api.register().await);
    let welcome = api
        .get(&user, "/api/v1/wallet/transactions")
        .await
        .success()["transactions"][0]["txn_id"]
        .clone();
    for txn_id in [welcome, json!(999_999)] {
        let refused = api
            .post(
                &admin,
                REFUNDS,
                json!({"txn_id": txn_id, "reason": "a test"}),
            )
            .await;
        assert_eq!(
            (refused.status.as_u16(), refused.problem()),
            (404, "NOT_FOUND")
        );
    }
}

#[tokio::test]
async fn an_adjustment_goes_either_way_but_never_below_zero() {
    let api = Api::start().await;
    let (admin, user) = (api.with_role(Role::Admin).await, api.register().await);
    let adjust = async |amount: i64| {
        api.post(
            &admin,
            ADJUSTMENTS,
            json!({"user_id": user.id, "amount": amount, "reason": "a test"}),
        )
        .await
    };
    assert_eq!(adjust(-100).await.success()["remaining_balance"], 0);
    let refused = adjust(-1).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem()),
        (402, "INSUFFICIENT_BALANCE")
    );
    assert_eq!(adjust(25).await.success()["remaining_balance"], 25);
    assert_eq!(adjust(0).await.problem(), "VALIDATION_FAILED");
    assert_eq!(adjust(50_001).await.problem(), "VALIDATION_FAILED");
}
