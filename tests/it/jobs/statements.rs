//! Statements of wallets: what the program's own worker writes, and which orders are refused.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use divine_whispers::domain::ids::UserId;
use divine_whispers::worker;
use serde_json::{Value, json};

use super::workers::{crew, eventually_is};
use super::{JOBS, look, order, with_jobs};
use crate::ledger::assert_in_order;
use crate::needs_many_connections;
use crate::support::api::TestUser;
use crate::support::{Api, eventually};

async fn order_statement(api: &Api, user: &TestUser, input: Value) -> i64 {
    let body = json!({"job_type": "wallet_statement", "input": input});
    let reply = api.post(user, JOBS, body).await.success();
    reply["job_id"].as_i64().unwrap()
}

/// The lines of the file of a statement, and its result.
async fn read(api: &Api, user: &TestUser, id: i64) -> (Vec<csv::StringRecord>, Value) {
    eventually_is(api, user, id, "completed").await;
    let result = api
        .get(user, &format!("{JOBS}/{id}/result"))
        .await
        .success();
    let file = api.request(
        reqwest::Method::GET,
        result["file"]["path"].as_str().unwrap(),
    );
    let file = api.open(file.bearer_auth(&user.token)).await;
    assert_eq!(file.headers()["content-type"], "text/csv");
    let name = format!("attachment; filename=\"wallet_statement-{id}.csv\"");
    assert_eq!(file.headers()["content-disposition"], name.as_str());
    let bytes = file.bytes().await.unwrap();
    assert_eq!(result["file"]["size_bytes"], bytes.len());
    let mut reader = csv::Reader::from_reader(&bytes[..]);
    assert_eq!(&reader.headers().unwrap()[0], "txn_id");
    (reader.records().map(Result::unwrap).collect(), result)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_has_the_transactions_of_its_period_and_no_others() {
    let (api, user, _) = with_jobs(|_| {}).await;
    needs_many_connections!(api.database);
    let other = api.register().await;
    let gift = json!({"to_user_id": other.id, "amount": 7, "description": "=1+1, \"quoted\""});
    api.post(&user, "/api/v1/wallet/transfers", gift)
        .await
        .success();
    let (crew, shutdown) = crew(&api, worker::kinds(), Duration::ZERO);
    let running = tokio::spawn(worker::run(crew));
    let id = order_statement(&api, &user, json!({})).await;
    let (rows, result) = read(&api, &user, id).await;
    let amounts: Vec<&str> = rows.iter().map(|row| &row[4]).collect();
    assert_eq!(amounts, ["100", "-7", "-5"]);
    assert_eq!(&rows[1][7], "'=1+1, \"quoted\"", "no spreadsheet runs it");
    assert_eq!(
        (&result["output"]["rows"], &result["output_text"]),
        (&json!(3), &Value::Null)
    );

    // From a moment on, which belongs to the period; up to one, which does not.
    let moment = rows[1][1].to_owned();
    let id = order_statement(&api, &user, json!({"from": moment, "to": rows[2][1]})).await;
    let (part, _) = read(&api, &user, id).await;
    assert_eq!(part, rows[1..2]);
    let empty = order_statement(&api, &user, json!({"to": "2020-01-01T00:00:00Z"})).await;
    let (none, result) = read(&api, &user, empty).await;
    assert_eq!((none.len(), &result["output"]["rows"]), (0, &json!(0)));
    shutdown.cancel();
    running.await.unwrap();
    assert_in_order(&api.database).await;
}

const WAITING: &str = "select count(*) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'";

#[tokio::test(flavor = "multi_thread")]
async fn a_posting_that_is_not_committed_yet_is_waited_for() {
    let (api, user, _) = with_jobs(|_| {}).await;
    needs_many_connections!(api.database);
    let id = order_statement(&api, &user, json!({})).await;
    let open = api.database.connect().await;
    let deposit = format!(
        "begin;
         with credited as (
             update wallets
                set balance = balance + 50, posting_count = posting_count + 1, updated_at = clock_timestamp()
              where user_id = {}
             returning *
         )
         insert into transactions (wallet_id, type, amount, posting_number, balance_after, reference_id, created_by,
                                   created_at, completed_at)
         select id, 'deposit', 50, posting_count, balance, 'open', user_id, updated_at, updated_at
           from credited",
        user.id
    );
    open.batch_execute(&deposit).await.unwrap();
    let (crew, shutdown) = crew(&api, worker::kinds(), Duration::ZERO);
    let running = tokio::spawn(worker::run(crew));
    eventually("the statement waits", async || {
        api.database.number(WAITING).await == 1
    })
    .await;
    open.batch_execute("commit").await.unwrap();
    let (rows, result) = read(&api, &user, id).await;
    let amounts: Vec<&str> = rows.iter().map(|row| &row[4]).collect();
    assert_eq!(amounts, ["100", "-5", "50"]);
    // The next one begins where this one ended, and has what came after it.
    let next = json!({"from": result["output"]["to"]});
    let next = order_statement(&api, &user, next).await;
    let (rows, _) = read(&api, &user, next).await;
    let amounts: Vec<&str> = rows.iter().map(|row| &row[4]).collect();
    assert_eq!(amounts, ["-5"]);
    shutdown.cancel();
    running.await.unwrap();
    assert_in_order(&api.database).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_posting_that_began_before_a_statement_and_waited_for_it_is_recorded_after_its_end() {
    let (api, user, _) = with_jobs(|_| {}).await;
    needs_many_connections!(api.database);
    let other = api.register().await;
    let ahead = api.database.connect().await;
    let lock = format!(
        "begin; select from wallets where user_id = {} for no key update",
        user.id
    );
    ahead.batch_execute(&lock).await.unwrap();
    let db = api.app.db.clone();
    let (owner, before) = (UserId(user.id), chrono::Utc::now());
    let gift = json!({"to_user_id": other.id, "amount": 1, "description": "a gift"});
    let order = json!({"job_type": "daily_horoscope"});
    // One that locks first, and one that changes the row at once: that one has read the clock before it waits.
    let (gift, order, end) = tokio::join!(
        api.post(&user, "/api/v1/wallet/transfers", gift),
        api.post(&user, JOBS, order),
        async {
            eventually("both wait", async || {
                api.database.number(WAITING).await == 2
            })
            .await;
            let sql = format!(
                "update wallets set updated_at = greatest(updated_at, clock_timestamp())
                  where user_id = {} returning updated_at",
                user.id
            );
            let end: chrono::DateTime<chrono::Utc> =
                ahead.query_one(&sql, &[]).await.unwrap().get(0);
            ahead.batch_execute("commit").await.unwrap();
            end
        }
    );
    gift.success();
    order.success();
    assert!(before < end);
    let sql = format!(
        "select min(created_at) >= '{}' from transactions where posting_number > 1 and wallet_id =
             (select id from wallets where user_id = {})",
        end.to_rfc3339(),
        user.id
    );
    let later = api.database.connect().await.query_one(&sql, &[]).await;
    assert!(later.unwrap().get::<_, bool>(0));

    // What is asked for up to an earlier time ends there; the clock of PostgreSQL says what is later than now.
    let past = db.end_of_statement(owner, Some(before)).await.unwrap();
    assert_eq!(
        past.map(|time| time.timestamp_micros()),
        Some(before.timestamp_micros())
    );
    let future = before + chrono::TimeDelta::days(1);
    let now = db
        .end_of_statement(owner, Some(future))
        .await
        .unwrap()
        .unwrap();
    assert!(end <= now && now < future);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_of_several_pages_has_every_row_once_also_of_the_same_moment() {
    let (api, user, _) = with_jobs(|_| {}).await;
    needs_many_connections!(api.database);
    let sql = format!(
        "insert into transactions (wallet_id, type, amount, posting_number, balance_after, reference_id, created_by,
                                   created_at, completed_at)
         select id, 'deposit', 1, n, 99 + n, 'r' || n, user_id, now(), now()
           from wallets, generate_series(2, 3500) as n where user_id = {0} order by n;
         update wallets set balance = 99 + 3500, posting_count = 3500 where user_id = {0}",
        user.id
    );
    api.database.execute(&sql).await;
    let id = order_statement(&api, &user, json!({})).await;
    let (crew, shutdown) = crew(&api, worker::kinds(), Duration::ZERO);
    let running = tokio::spawn(worker::run(crew));
    let (rows, result) = read(&api, &user, id).await;
    assert_eq!(result["output"]["rows"], 3501);
    let references: Vec<String> = rows[1..3500].iter().map(|row| row[6].to_owned()).collect();
    let expected: Vec<String> = (2..=3500).map(|number| format!("r{number}")).collect();
    assert_eq!(references, expected);
    shutdown.cancel();
    running.await.unwrap();
    assert_in_order(&api.database).await;
}

#[tokio::test]
async fn a_period_that_is_none_is_refused_when_it_is_ordered() {
    let (api, user, _) = with_jobs(|_| {}).await;
    let before = api.database.fingerprint().await;
    for input in [
        json!({"from": "2020-01-02T00:00:00Z", "to": "2020-01-01T00:00:00Z"}),
        json!({"from": "1969-12-31T23:59:59Z"}),
        json!({"to": "1969-12-31T23:59:59Z"}),
        json!({"to": "+10000-01-01T00:00:00Z"}),
        json!({"from": "2999-01-01T00:00:00Z"}),
        json!({"from": "yesterday"}),
        json!({"from": 5}),
        json!({"months": 3}),
    ] {
        let orders = [
            (
                JOBS,
                json!({"job_type": "wallet_statement", "input": input}),
            ),
            (
                "/api/v1/wallet/spend",
                json!({"amount": 5, "job_type": "wallet_statement", "input": input}),
            ),
        ];
        for (path, body) in orders {
            let reply = api.post(&user, path, body).await;
            assert_eq!(
                (reply.status.as_u16(), reply.problem()),
                (422, "VALIDATION_FAILED"),
                "{path} {input}"
            );
            assert_eq!(reply.body["errors"][0]["field"], "input");
        }
    }
    assert_eq!(api.database.fingerprint().await, before);
    // A period that has begun by the time at which the job is.
    let (begins_at, scheduled_at) = (
        Utc::now() + TimeDelta::days(2),
        Utc::now() + TimeDelta::days(3),
    );
    let body = json!({"job_type": "wallet_statement", "input": {"from": begins_at}, "scheduled_at": scheduled_at});
    api.post(&user, JOBS, body).await.success();
    // What other kinds take is not known here.
    order(&api, &user).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_from_before_the_check_fails_at_the_worker_and_is_refunded() {
    let (api, user, _) = with_jobs(|_| {}).await;
    needs_many_connections!(api.database);
    let id = order_statement(&api, &user, json!({})).await;
    api.database
        .execute("update jobs set input = '{\"months\": 3}'")
        .await;
    let (crew, shutdown) = crew(&api, worker::kinds(), Duration::ZERO);
    let running = tokio::spawn(worker::run(crew));
    eventually_is(&api, &user, id, "failed").await;
    let job = look(&api, &user, id).await;
    assert_eq!(
        (&job["attempts"], &job["refunded_amount"]),
        (&json!(1), &json!(5))
    );
    shutdown.cancel();
    running.await.unwrap();
    assert_eq!(
        api.database.number("select count(*) from job_files").await,
        0
    );
    assert_in_order(&api.database).await;
}
