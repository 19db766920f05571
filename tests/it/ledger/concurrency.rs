//! Many clients at once.

use std::sync::Arc;

use divine_whispers::domain::users::Role;
use futures_util::future::join_all;
use serde_json::json;

use super::assert_in_order;
use crate::needs_many_connections;
use crate::support::Api;

const SPEND: &str = "/api/v1/wallet/spend";

#[tokio::test(flavor = "multi_thread")]
async fn fifty_spends_from_a_wallet_with_points_for_thirty_succeed_thirty_times() {
    let api = Api::start().await;
    let user = api.register().await;
    let admin = api.with_role(Role::Admin).await;
    api.deposit(&admin, &user, 200).await;
    let replies = join_all((0..50).map(|_| {
        api.post(
            &user,
            SPEND,
            json!({"amount": 10, "job_type": "fortune_draw"}),
        )
    }))
    .await;
    let (posted, refused): (Vec<_>, Vec<_>) = replies
        .into_iter()
        .partition(|reply| reply.status.is_success());
    assert_eq!((posted.len(), refused.len()), (30, 20));
    for reply in refused {
        assert_eq!(reply.problem(), "INSUFFICIENT_BALANCE");
    }
    assert_eq!(api.balance(&user).await, 0);
    assert_in_order(&api.database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_crossing_transfers_end_without_a_deadlock_that_a_client_sees() {
    let api = Arc::new(Api::start().await);
    needs_many_connections!(api.database);
    let (ada, grace) = (api.register().await, api.register().await);
    let clients = (0..20).map(|number| {
        let (api, from, to) = match number % 2 {
            0 => (Arc::clone(&api), ada.clone(), grace.clone()),
            _ => (Arc::clone(&api), grace.clone(), ada.clone()),
        };
        tokio::spawn(async move {
            for _ in 0..50 {
                let body =
                    json!({"to_user_id": to.id, "amount": 1, "description": "back and forth"});
                let reply = api.post(&from, "/api/v1/wallet/transfers", body).await;
                assert!(
                    reply.status.is_success() || reply.problem() == "INSUFFICIENT_BALANCE",
                    "{reply:?}"
                );
            }
        })
    });
    for client in join_all(clients).await {
        client.unwrap();
    }
    let deadlocks = "select deadlocks from pg_stat_database where datname = current_database()";
    assert_eq!(
        api.database.number(deadlocks).await,
        0,
        "the order of the locks makes them impossible"
    );
    assert_eq!(api.balance(&ada).await + api.balance(&grace).await, 200);
    assert_in_order(&api.database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_from_ten_clients_at_once_posts_once() {
    let api = Api::start().await;
    let user = api.register().await;
    let body = json!({"amount": 10, "job_type": "fortune_draw"});
    let replies =
        join_all((0..10).map(|_| api.post_with_key(&user, SPEND, "same", body.clone()))).await;
    let replayed = replies
        .iter()
        .filter(|reply| reply.headers.contains_key("idempotent-replayed"))
        .count();
    assert_eq!(replayed, 9);
    assert!(
        replies
            .iter()
            .all(|reply| reply.status.as_u16() == 201 && reply.body == replies[0].body)
    );
    assert_eq!(api.balance(&user).await, 90);
    assert_in_order(&api.database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_at_once_never_exceed_their_spend() {
    let api = Api::start().await;
    let (user, admin) = (api.register().await, api.with_role(Role::Admin).await);
    let spent = api
        .post(
            &user,
            SPEND,
            json!({"amount": 100, "job_type": "fortune_draw"}),
        )
        .await
        .success();
    let refund =
        json!({"txn_id": spent["transaction"]["txn_id"], "amount": 30, "reason": "a test"});
    let replies =
        join_all((0..10).map(|_| api.post(&admin, "/api/v1/admin/refunds", refund.clone()))).await;
    assert_eq!(
        replies
            .iter()
            .filter(|reply| reply.status.is_success())
            .count(),
        3
    );
    assert_eq!(api.balance(&user).await, 90);
    assert_in_order(&api.database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_payment_from_ten_clients_at_once_is_credited_once() {
    let api = Api::start().await;
    let (user, admin) = (api.register().await, api.with_role(Role::Service).await);
    let body = json!({"user_id": user.id, "amount": 50, "reference_id": "payment-1"});
    let replies =
        join_all((0..10).map(|_| api.post(&admin, "/api/v1/admin/deposits", body.clone()))).await;
    assert_eq!(
        replies
            .iter()
            .filter(|reply| reply.status.is_success())
            .count(),
        1
    );
    assert!(
        replies
            .iter()
            .filter(|r| !r.status.is_success())
            .all(|r| r.problem() == "DUPLICATE_TRANSACTION")
    );
    assert_eq!(api.balance(&user).await, 150);
    assert_in_order(&api.database).await;
}
