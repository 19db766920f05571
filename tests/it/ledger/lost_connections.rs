//! One connection is cut while its statement waits: what the client is told, and what was booked.

use std::sync::Arc;

use serde_json::json;

use crate::needs_many_connections;
use crate::support::api::TestUser;
use crate::support::{Api, Reply, TestDatabase, eventually};

const SPEND: &str = "/api/v1/wallet/spend";
const WAITING: &str = "select count(*) from pg_stat_activity where datname = current_database()
    and application_name = 'divine-whispers' and wait_event_type = 'Lock'";
const CUT: &str =
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
    and application_name = 'divine-whispers' and wait_event_type = 'Lock'";

/// Spends while somebody holds the wallet, and cuts the connection that waits for it.
async fn spend_and_cut(api: &Arc<Api>, user: &TestUser, key: Option<&'static str>) -> Reply {
    let holder = api.database.connect().await;
    holder
        .batch_execute("begin; select 1 from wallets for update")
        .await
        .unwrap();
    let (spender, user) = (Arc::clone(api), user.clone());
    let spending = tokio::spawn(async move {
        let body = json!({"amount": 10, "job_type": "fortune_draw"});
        match key {
            Some(key) => spender.post_with_key(&user, SPEND, key, body).await,
            None => spender.post(&user, SPEND, body).await,
        }
    });
    eventually("the spend waits", async || {
        api.database.number(WAITING).await == 1
    })
    .await;
    api.database.execute(CUT).await;
    holder.batch_execute("rollback").await.unwrap();
    spending.await.unwrap()
}

async fn spends(database: &TestDatabase) -> i64 {
    database
        .number("select count(*) from transactions where type = 'spend'")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_key_the_spend_is_tried_again_and_booked_once() {
    let api = Arc::new(Api::start().await);
    needs_many_connections!(api.database);
    let user = api.register().await;
    let reply = spend_and_cut(&api, &user, Some("key")).await;
    assert_eq!(reply.status.as_u16(), 201, "{reply:?}");
    assert_eq!(spends(&api.database).await, 1);
    super::assert_in_order(&api.database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_nobody_tries_again_and_the_client_is_told_that_nobody_knows() {
    let api = Arc::new(Api::start().await);
    needs_many_connections!(api.database);
    let user = api.register().await;
    let reply = spend_and_cut(&api, &user, None).await;
    assert_eq!(
        (reply.status.as_u16(), reply.problem()),
        (503, "OUTCOME_UNKNOWN")
    );
    assert!(
        !reply.headers.contains_key("retry-after"),
        "it must not be repeated blindly"
    );
    assert_eq!(spends(&api.database).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_is_paid_from_points_that_arrive_while_it_waits_or_is_refused_but_never_breaks()
{
    let api = Arc::new(Api::start().await);
    needs_many_connections!(api.database);
    let (giver, receiver) = (api.register().await, api.register().await);
    api.post(
        &giver,
        SPEND,
        json!({"amount": 100, "job_type": "fortune_draw"}),
    )
    .await
    .success();
    // Somebody else's deposit, about to be committed: the statement's snapshot has 0 points, the locked row 50.
    let depositor = api.database.connect().await;
    let deposit = format!(
        "begin;
         update wallets set balance = balance + 50, posting_count = posting_count + 1 where user_id = {0};
         insert into transactions (wallet_id, type, amount, posting_number, balance_after, reference_id, created_by,
                                   completed_at)
         select id, 'deposit', 50, posting_count, balance, 'late', user_id, now() from wallets where user_id = {0}",
        giver.id
    );
    depositor.batch_execute(&deposit).await.unwrap();
    let (sender, from, to) = (Arc::clone(&api), giver.clone(), receiver.id);
    let sending = tokio::spawn(async move {
        let body = json!({"to_user_id": to, "amount": 30, "description": "a gift"});
        sender.post(&from, "/api/v1/wallet/transfers", body).await
    });
    eventually("the transfer waits", async || {
        api.database.number(WAITING).await == 1
    })
    .await;
    depositor.batch_execute("commit").await.unwrap();
    assert_eq!(sending.await.unwrap().success()["remaining_balance"], 20);
    assert_eq!(api.balance(&receiver).await, 130);
    super::assert_in_order(&api.database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_waits_too_long_for_a_wallet_is_a_503_that_changed_nothing() {
    let api = Arc::new(Api::start().await);
    needs_many_connections!(api.database);
    let user = api.register().await;
    let holder = api.database.connect().await;
    holder
        .batch_execute("begin; select 1 from wallets for update")
        .await
        .unwrap();
    let reply = api
        .post(
            &user,
            SPEND,
            json!({"amount": 10, "job_type": "fortune_draw"}),
        )
        .await;
    assert_eq!(
        (reply.status.as_u16(), reply.problem()),
        (503, "SERVICE_UNAVAILABLE")
    );
    holder.batch_execute("rollback").await.unwrap();
    assert_eq!(spends(&api.database).await, 0);
    api.post(
        &user,
        SPEND,
        json!({"amount": 10, "job_type": "fortune_draw"}),
    )
    .await
    .success();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_leaves_no_statement_behind() {
    let api = Arc::new(Api::start().await);
    needs_many_connections!(api.database);
    let user = api.register().await;
    let holder = api.database.connect().await;
    holder
        .batch_execute("begin; select 1 from wallets for update")
        .await
        .unwrap();
    let (spender, impatient) = (Arc::clone(&api), user.clone());
    let spending = tokio::spawn(async move {
        let body = json!({"amount": 10, "job_type": "fortune_draw"});
        spender.post(&impatient, SPEND, body).await
    });
    eventually("the spend waits", async || {
        api.database.number(WAITING).await == 1
    })
    .await;
    spending.abort();
    eventually("it does not wait any more", async || {
        api.database.number(WAITING).await == 0
    })
    .await;
    holder.batch_execute("rollback").await.unwrap();
    assert_eq!(spends(&api.database).await, 0);
}
