//! Checking the ledger: in order after all kinds of operations, and each rule found broken when it is.

use divine_whispers::domain::ledger::{Breach, Rule, WALLETS_PER_BATCH, verify};
use divine_whispers::domain::users::Role;
use serde_json::json;

use crate::support::Api;

/// A ledger with something of every kind: two users, the first with a spend that was refunded in part, a failed job, and a
/// transfer to the second.
async fn ledger() -> Api {
    let api = Api::start().await;
    let admin = api.with_role(Role::Admin).await;
    let (ada, grace) = (api.register().await, api.register().await);
    let spend = json!({"amount": 30, "job_type": "fortune_draw"});
    let path = "/api/v1/wallet/spend";
    let first = api.post(&ada, path, spend.clone()).await.success();
    let second = api.post(&ada, path, spend).await.success();
    for (spend, amount) in [(&first, json!(10)), (&second, json!(null))] {
        let txn_id = &spend["transaction"]["txn_id"];
        let refund = json!({"txn_id": txn_id, "amount": amount, "reason": "a test"});
        api.post(&admin, "/api/v1/admin/refunds", refund)
            .await
            .success();
    }
    let fail = format!(
        "update jobs set status = 'failed', finished_at = now() where id = {}",
        second["job_id"]
    );
    api.database.execute(&fail).await;
    let transfer = json!({"to_user_id": grace.id, "amount": 5, "description": "a gift"});
    api.post(&ada, "/api/v1/wallet/transfers", transfer)
        .await
        .success();
    let adjust = json!({"user_id": ada.id, "amount": -3, "reason": "a slip"});
    api.post(&admin, "/api/v1/admin/adjustments", adjust)
        .await
        .success();
    api
}

async fn breaches(api: &Api) -> Vec<Breach> {
    let mut breaches = Vec::new();
    verify(&api.app.db, |breach| breaches.push(breach))
        .await
        .unwrap();
    breaches
}

/// Breaks the ledger by hand, past its triggers and constraints.
async fn break_by_hand(api: &Api, sql: &str) {
    let sql = format!("begin; set local session_replication_role = replica; {sql}; commit");
    api.database.execute(&sql).await;
}

#[tokio::test]
async fn a_ledger_with_everything_in_it_keeps_every_rule() {
    let api = ledger().await;
    let checked = verify(&api.app.db, |breach| panic!("{breach:?}"))
        .await
        .unwrap();
    assert_eq!((checked.wallets, checked.breaches), (3, 0));
}

#[tokio::test]
async fn each_rule_is_found_broken_in_its_wallet() {
    let first_spend = "(select min(id) from transactions where type = 'spend')";
    let wallet = format!("(select wallet_id from transactions where id = {first_spend})");
    for (rule, sql, also) in [
        (
            Rule::BalanceIsSum,
            format!("update wallets set balance = balance + 1 where id = {wallet}"),
            &[Rule::BalanceIsLast][..],
        ),
        (
            Rule::BalanceIsLast,
            format!(
                "update transactions set balance_after = balance_after + 1
                  where wallet_id = {wallet} and type = 'adjustment'"
            ),
            &[Rule::BalancesFollow],
        ),
        (
            Rule::PostingsAreCounted,
            format!("update wallets set posting_count = posting_count + 1 where id = {wallet}"),
            &[],
        ),
        (
            Rule::PostingsAreNumbered,
            format!(
                "update transactions set posting_number = 1000
                  where wallet_id = {wallet} and type = 'adjustment'"
            ),
            &[],
        ),
        (
            Rule::BalancesFollow,
            format!("update transactions set balance_after = balance_after + 1 where id = {first_spend}"),
            &[],
        ),
        (
            Rule::RefundsWithinSpend,
            format!(
                "update transactions set amount = 31 where refunded_transaction_id = {first_spend};
                 update transactions set amount = amount - 21 where wallet_id = {wallet} and type = 'adjustment'"
            ),
            &[Rule::BalancesFollow],
        ),
        (
            Rule::ReferencesOnce,
            format!(
                "drop index transactions_reference_id_key;
                 update transactions set reference_id = 'welcome'
                  where wallet_id = {wallet} and type = 'adjustment'"
            ),
            &[],
        ),
        (
            Rule::SpendsHaveJobs,
            format!("delete from jobs where transaction_id = {first_spend}"),
            &[],
        ),
        (
            Rule::SpendsHaveJobs,
            format!(
                "insert into jobs (user_id, transaction_id, job_type)
                 select user_id, 999999, 'x' from wallets where id = {wallet}"
            ),
            &[],
        ),
        (
            Rule::FailedJobsRefunded,
            format!(
                "update jobs set status = 'failed', finished_at = now() where transaction_id = {first_spend}"
            ),
            &[],
        ),
        (
            Rule::FailedJobsRefunded,
            format!(
                "update jobs set status = 'cancelled', finished_at = now() where transaction_id = {first_spend}"
            ),
            &[],
        ),
        (
            Rule::TransfersCancelOut,
            format!(
                "update transactions set counterpart_transaction_id = 999999
                  where wallet_id = {wallet} and type = 'transfer'"
            ),
            &[],
        ),
    ] {
        let api = ledger().await;
        let wallet_id = api.database.number(&format!("select {wallet}")).await;
        break_by_hand(&api, &sql).await;
        let found = breaches(&api).await;
        assert!(
            found
                .iter()
                .any(|breach| breach.rule == rule && breach.wallet_id.0 == wallet_id),
            "{rule:?} by {sql}: {found:?}"
        );
        // The other half of a broken transfer lies in another wallet.
        for breach in &found {
            let is_known = breach.rule == rule || also.contains(&breach.rule);
            assert!(is_known, "{rule:?} by {sql}: {breach:?}");
        }
    }
}

#[tokio::test]
async fn a_refund_of_what_is_no_spend_of_the_wallet_is_found() {
    let api = ledger().await;
    let sql = "update transactions set refunded_transaction_id = (select min(id) from transactions)
                where type = 'refund' and amount = 10";
    break_by_hand(&api, sql).await;
    let found = breaches(&api).await;
    let [breach] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(
        (breach.rule, breach.expected),
        (Rule::RefundsWithinSpend, None)
    );
    assert_eq!(breach.found, Some(10));
}

#[tokio::test]
async fn wallets_beyond_the_first_batch_are_checked_too() {
    let api = Api::start().await;
    let count = WALLETS_PER_BATCH + 5;
    let insert = format!(
        "insert into users (email, password_hash)
         select 'many' || n || '@example.com', 'none' from generate_series(1, {count}) n;
         insert into wallets (user_id) select id from users order by id;
         update wallets set balance = 7 where id = (select max(id) from wallets)"
    );
    api.database.execute(&insert).await;
    let mut found = Vec::new();
    let checked = verify(&api.app.db, |breach| found.push(breach))
        .await
        .unwrap();
    assert_eq!((checked.wallets, checked.breaches), (count, 1));
    assert_eq!(
        (found[0].rule, found[0].expected, found[0].found),
        (Rule::BalanceIsSum, Some(0), Some(7))
    );
}

#[tokio::test]
async fn the_api_tells_the_rules_and_the_wallets_that_break_one() {
    let api = ledger().await;
    let admin = api.with_role(Role::Admin).await;
    let path = "/api/v1/admin/ledger/verify";
    let body = api.get(&admin, path).await.success();
    assert_eq!(body["in_order"], true);
    assert_eq!(body["wallets"], 4);
    let rules = body["rules"].as_array().unwrap();
    assert_eq!(rules.len(), Rule::ALL.len());
    assert!(rules.iter().all(|rule| rule["holds"] == true), "{body}");
    let sql = "update wallets set posting_count = posting_count + 1 where id = (select max(id) from wallets)";
    break_by_hand(&api, sql).await;
    let body = api.get(&admin, path).await.success();
    assert_eq!(
        (&body["in_order"], &body["breach_count"]),
        (&json!(false), &json!(1))
    );
    let breach = &body["breaches"][0];
    assert_eq!(breach["rule"], "postings_are_counted");
    assert_eq!(
        (&breach["expected"], &breach["found"]),
        (&json!(0), &json!(1))
    );
    let rules = body["rules"].as_array().unwrap();
    let broken: Vec<_> = rules.iter().filter(|rule| rule["holds"] == false).collect();
    assert_eq!(broken.len(), 1);
}
