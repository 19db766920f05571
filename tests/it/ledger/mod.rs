//! The invariants of the ledger: under many clients at once, and under random operations with failures.

mod concurrency;
mod lost_connections;
mod random_operations;
mod verify;

use crate::support::TestDatabase;

/// Fails unless the ledger of every wallet is in order.
pub async fn assert_in_order(database: &TestDatabase) {
    let client = database.connect().await;
    for (rule, violations) in RULES {
        let found: i64 = client
            .query_one(&format!("select count(*) from ({violations}) v"), &[])
            .await
            .unwrap()
            .get(0);
        assert_eq!(found, 0, "the ledger breaks a rule: {rule}");
    }
}

/// Each rule with the statement that finds what breaks it.
const RULES: [(&str, &str); 8] = [
    (
        "the balance is the sum of the successful amounts, and they are counted",
        "select 1 from wallets w left join transactions t on t.wallet_id = w.id and t.status = 'success'
         group by w.id having w.balance <> coalesce(sum(t.amount), 0) or w.posting_count <> count(t.id)",
    ),
    (
        "the balance is the last balance_after",
        "select 1 from wallets w join transactions t on t.wallet_id = w.id and t.posting_number = w.posting_count
         where w.balance <> t.balance_after",
    ),
    (
        "each balance_after follows from the one before",
        "select 1 from (select amount, balance_after,
                               lag(balance_after, 1, 0::bigint) over (partition by wallet_id order by posting_number) as before,
                               posting_number, row_number() over (partition by wallet_id order by posting_number) as place
                        from transactions where status = 'success') t
         where balance_after <> before + amount or posting_number <> place",
    ),
    (
        "refunds add up to no more than the spend",
        "select 1 from transactions s join transactions r on r.refunded_transaction_id = s.id and r.status = 'success'
         group by s.id having sum(r.amount) > -s.amount or s.type <> 'spend'",
    ),
    (
        "a job exists if and only if its spend does",
        "select 1 from jobs j full join (select * from transactions where type = 'spend') t on t.job_id = j.id
         where t.id is distinct from j.transaction_id or j.id is null or t.id is null",
    ),
    (
        "a job that ended without a result is refunded wholly, by its end at most once, and no other job is",
        "select 1 from jobs j join transactions s on s.id = j.transaction_id
         left join transactions r on r.refunded_transaction_id = s.id and r.status = 'success'
         group by j.id, s.id
         having (j.status in ('failed', 'cancelled', 'expired') and coalesce(sum(r.amount), 0) <> -s.amount)
             or count(r.refunded_job_id) > case when j.status in ('failed', 'cancelled', 'expired') then 1 else 0 end",
    ),
    (
        "the halves of a transfer cancel out",
        "select 1 from transactions t left join transactions c on c.id = t.counterpart_transaction_id
         where t.type = 'transfer' and (c.amount is distinct from -t.amount or c.counterpart_transaction_id <> t.id)",
    ),
    (
        "numbers grow in the order of the postings",
        "select 1 from (select id, lag(id) over (partition by wallet_id order by posting_number) as before
                        from transactions where status = 'success') t
         where id < before",
    ),
];
