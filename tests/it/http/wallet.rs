//! `/wallet`

use divine_whispers::domain::users::Role;
use serde_json::json;

use crate::support::Api;

const SPEND: &str = "/api/v1/wallet/spend";
const TRANSFERS: &str = "/api/v1/wallet/transfers";

#[tokio::test]
async fn a_spend_debits_records_and_orders_the_job() {
    let api = Api::start().await;
    let user = api.register().await;
    let body = json!({"amount": 30, "job_type": "fortune_draw", "description": "a card", "input": {"question": "when?"}});
    let reply = api.post(&user, SPEND, body).await;
    assert_eq!(reply.status.as_u16(), 201);
    let posted = reply.success();
    assert_eq!(posted["remaining_balance"], 70);
    assert_eq!(posted["transaction"]["type"], "spend");
    assert_eq!(posted["transaction"]["amount"], -30);
    assert_eq!(posted["transaction"]["balance_after"], 70);
    let job = format!(
        "select count(*) from jobs where id = {} and transaction_id = {} and status = 'queued'
            and job_type = 'fortune_draw' and input = '{{\"question\": \"when?\"}}'",
        posted["job_id"], posted["transaction"]["txn_id"]
    );
    assert_eq!(api.database.number(&job).await, 1);
    assert_eq!(api.balance(&user).await, 70);
}

#[tokio::test]
async fn a_spend_beyond_the_balance_is_refused_and_changes_nothing() {
    let api = Api::start().await;
    let user = api.register().await;
    let before = api.database.fingerprint().await;
    let refused = api
        .post(
            &user,
            SPEND,
            json!({"amount": 101, "job_type": "fortune_draw"}),
        )
        .await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem()),
        (402, "INSUFFICIENT_BALANCE")
    );
    assert_eq!(refused.body["current_balance"], 100);
    assert_eq!(refused.body["required_amount"], 101);
    assert_eq!(refused.body["shortfall"], 1);
    assert_eq!(api.database.fingerprint().await, before);
}

#[tokio::test]
async fn a_repeated_key_repeats_the_answer_and_not_the_spend() {
    let api = Api::start().await;
    let user = api.register().await;
    let body = json!({"amount": 100, "job_type": "fortune_draw", "input": {"a": 1, "b": 2}});
    let first = api.post_with_key(&user, SPEND, "key-1", body).await;
    assert!(first.headers.get("idempotent-replayed").is_none());
    // The order of the fields is no difference, and that the wallet is empty by now neither.
    let same = json!({"input": {"b": 2, "a": 1}, "job_type": "fortune_draw", "amount": 100});
    let second = api.post_with_key(&user, SPEND, "key-1", same).await;
    assert_eq!(second.headers["idempotent-replayed"], "true");
    assert_eq!((second.status, &second.body), (first.status, &first.body));
    assert_eq!(api.database.number("select count(*) from jobs").await, 1);
}

#[tokio::test]
async fn a_key_of_another_request_is_a_conflict_that_names_the_transaction() {
    let api = Api::start().await;
    let (user, other) = (api.register().await, api.register().await);
    let first = api
        .post_with_key(
            &user,
            SPEND,
            "key-1",
            json!({"amount": 5, "job_type": "fortune_draw"}),
        )
        .await
        .success();
    for (path, body) in [
        (SPEND, json!({"amount": 6, "job_type": "fortune_draw"})),
        (SPEND, json!({"amount": 10_000, "job_type": "fortune_draw"})),
        (
            TRANSFERS,
            json!({"to_user_id": other.id, "amount": 5, "description": "a gift"}),
        ),
    ] {
        let conflict = api.post_with_key(&user, path, "key-1", body).await;
        assert_eq!(
            (conflict.status.as_u16(), conflict.problem()),
            (409, "DUPLICATE_TRANSACTION")
        );
        assert_eq!(
            conflict.body["existing_transaction_id"],
            first["transaction"]["txn_id"]
        );
    }
    // Keys are the requester's own: another user may have the same.
    api.post_with_key(
        &other,
        SPEND,
        "key-1",
        json!({"amount": 6, "job_type": "fortune_draw"}),
    )
    .await
    .success();
}

#[tokio::test]
async fn a_transfer_moves_points_and_leaves_both_halves_in_the_ledgers() {
    let api = Api::start().await;
    let (giver, receiver) = (api.register().await, api.register().await);
    let body = json!({"to_user_id": receiver.id, "amount": 40, "description": "a gift"});
    let posted = api.post(&giver, TRANSFERS, body).await.success();
    assert_eq!(posted["remaining_balance"], 60);
    assert_eq!(posted["transaction"]["amount"], -40);
    let credit = api
        .get(&receiver, "/api/v1/wallet/transactions?type=transfer")
        .await
        .success();
    let credit = &credit["transactions"][0];
    assert_eq!(credit["amount"], 40);
    assert_eq!(credit["balance_after"], 140);
    assert_eq!(
        credit["counterpart_txn_id"],
        posted["transaction"]["txn_id"]
    );
    assert_eq!(
        posted["transaction"]["counterpart_txn_id"],
        credit["txn_id"]
    );
}

#[tokio::test]
async fn a_transfer_to_oneself_to_nobody_or_beyond_the_balance_is_refused() {
    let api = Api::start().await;
    let (giver, receiver) = (api.register().await, api.register().await);
    let before = api.database.fingerprint().await;
    let send = async |to: i64, amount: i64| {
        let body = json!({"to_user_id": to, "amount": amount, "description": "a gift"});
        api.post(&giver, TRANSFERS, body).await
    };
    assert_eq!(send(giver.id, 1).await.problem(), "VALIDATION_FAILED");
    assert_eq!(send(999_999, 1).await.problem(), "VALIDATION_FAILED");
    assert_eq!(send(receiver.id, 1001).await.problem(), "VALIDATION_FAILED");
    assert_eq!(
        send(receiver.id, 101).await.problem(),
        "INSUFFICIENT_BALANCE"
    );
    assert_eq!(api.database.fingerprint().await, before);
}

#[tokio::test]
async fn the_ledger_is_read_page_by_page_without_a_gap_or_a_repetition() {
    let api = Api::start().await;
    let user = api.register().await;
    for _ in 0..24 {
        api.post(
            &user,
            SPEND,
            json!({"amount": 1, "job_type": "fortune_draw"}),
        )
        .await
        .success();
    }
    let mut balances = Vec::new();
    let mut path = "/api/v1/wallet/transactions?limit=10".to_owned();
    loop {
        let page = api.get(&user, &path).await.success();
        let rows = page["transactions"].as_array().unwrap();
        balances.extend(
            rows.iter()
                .map(|row| row["balance_after"].as_i64().unwrap()),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/api/v1/wallet/transactions?limit=10&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(balances, (76..=100).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_ledger_is_filtered_by_type_status_and_time() {
    let api = Api::start().await;
    let user = api.register().await;
    api.post(
        &user,
        SPEND,
        json!({"amount": 7, "job_type": "fortune_draw"}),
    )
    .await
    .success();
    let count = async |query: &str| {
        let page = api
            .get(&user, &format!("/api/v1/wallet/transactions?{query}"))
            .await
            .success();
        page["transactions"].as_array().unwrap().len()
    };
    assert_eq!(count("").await, 2);
    assert_eq!(count("type=spend").await, 1);
    assert_eq!(count("type=spend&status=success").await, 1);
    assert_eq!(count("status=success").await, 2);
    assert_eq!(count("status=pending").await, 0);
    assert_eq!(count("status=failed&type=deposit").await, 0);
    assert_eq!(count("to=2020-01-01T00:00:00Z").await, 0);
    assert_eq!(count("from=2020-01-01T00:00:00Z").await, 2);
    let page = api
        .get(&user, "/api/v1/wallet/transactions?type=spend&summary=true")
        .await
        .success();
    assert_eq!(
        page["summary"],
        json!([{"type": "spend", "status": "success", "count": 1, "amount": -7}])
    );
}

#[tokio::test]
async fn a_pending_transaction_is_shown_apart_from_the_balance() {
    let api = Api::start().await;
    let user = api.register().await;
    for amount in [50, -20] {
        let kind = if amount > 0 { "deposit" } else { "adjustment" };
        api.database
            .execute(&format!(
                "insert into transactions (wallet_id, type, amount, status, reference_id, created_by)
                 select id, '{kind}', {amount}, 'pending', 'pending {amount}', user_id from wallets"
            ))
            .await;
    }
    let wallet = api.get(&user, "/api/v1/wallet").await.success();
    assert_eq!(wallet["balance"], 100);
    assert_eq!(wallet["pending_amount"], 30);
    assert_eq!(wallet["available_balance"], 80);
    let pending = api
        .get(
            &user,
            "/api/v1/wallet/transactions?status=pending&type=deposit",
        )
        .await
        .success();
    assert_eq!(pending["transactions"][0]["amount"], 50);
    assert_eq!(pending["transactions"][0]["balance_after"], json!(null));
}

#[tokio::test]
async fn anothers_transaction_is_not_found() {
    let api = Api::start().await;
    let (user, other) = (api.register().await, api.register().await);
    let posted = api
        .post(
            &user,
            SPEND,
            json!({"amount": 7, "job_type": "fortune_draw"}),
        )
        .await
        .success();
    let path = format!(
        "/api/v1/wallet/transactions/{}",
        posted["transaction"]["txn_id"]
    );
    assert_eq!(api.get(&user, &path).await.success(), posted["transaction"]);
    let admin = api.with_role(Role::Admin).await;
    for stranger in [other, admin] {
        let refused = api.get(&stranger, &path).await;
        assert_eq!(
            (refused.status.as_u16(), refused.problem()),
            (404, "NOT_FOUND")
        );
    }
}

#[tokio::test]
async fn a_whole_number_may_have_a_point_and_is_the_same_number() {
    let api = Api::start().await;
    let user = api.register().await;
    let request = |amount: &'static str| {
        let body = format!(r#"{{"amount": {amount}, "job_type": "fortune_draw"}}"#);
        let request = api
            .request(reqwest::Method::POST, "/api/v1/wallet/spend")
            .bearer_auth(&user.token)
            .header("Idempotency-Key", "key");
        let request = request.header("Content-Type", "application/json");
        api.send(request.body(body))
    };
    for wrong in [
        "10.5",
        "1e300",
        "-10.0",
        "10001.0",
        "\"10\"",
        "9007199254740993.0",
    ] {
        assert_eq!(
            request(wrong).await.problem(),
            "VALIDATION_FAILED",
            "{wrong}"
        );
    }
    let first = request("10.0").await;
    let second = request("10").await;
    assert_eq!(first.status.as_u16(), 201, "{first:?}");
    assert_eq!(second.headers["idempotent-replayed"], "true");
    assert_eq!(first.body, second.body);
    assert_eq!(api.balance(&user).await, 90);
}
