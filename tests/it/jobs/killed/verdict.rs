//! What must hold when all is over, as the tables, the files and the commands of the program say it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::crowd::Crowd;
use super::orders::{Orders, POINTS};
use super::run_well;
use crate::ledger::assert_in_order;
use crate::support::program::Program;
use crate::support::{TestDatabase, eventually};

/// Each key that was ordered under has the one job that its user was told of, and there is no other job.
pub async fn every_order_is_one_job(database: &TestDatabase, orders: &Orders, count: i64) {
    let sql = "select created_by, idempotency_key, job_id from transactions where type = 'spend'";
    let rows = database.connect().await.query(sql, &[]).await.unwrap();
    let booked = rows.len();
    let jobs: BTreeMap<(i64, String), i64> = rows
        .iter()
        .map(|row| ((row.get(0), row.get(1)), row.get(2)))
        .collect();
    assert_eq!(booked as i64, count, "one spend for each order");
    assert_eq!(jobs, orders.jobs);
    assert_eq!(database.number("select count(*) from jobs").await, count);
}

/// Each rule with the statement that finds the jobs that break it.
const RULES: [(&str, &str); 5] = [
    (
        "every job has ended",
        "select id from jobs where status not in ('completed', 'failed')",
    ),
    (
        "a completed job has one result and no refund, a failed one no result and one refund of its price",
        "select jobs.id
           from jobs
           join transactions as spends on spends.id = jobs.transaction_id
           left join (select job_id, count(*) as number from job_results group by job_id) as results
             on results.job_id = jobs.id
           left join (select refunded_transaction_id, count(*) as number, sum(amount) as amount,
                             bool_and(refunded_job_id is not null) as by_its_end
                        from transactions where type = 'refund' group by refunded_transaction_id) as refunds
             on refunds.refunded_transaction_id = spends.id
          where case jobs.status
                    when 'completed' then results.number is distinct from 1 or refunds.number is not null
                    else results.number is not null or refunds.number is distinct from 1
                         or refunds.amount <> -spends.amount or not refunds.by_its_end
                end",
    ),
    (
        "the audit log has one entry of the order and one of the end, and no other",
        "select jobs.id
           from jobs
           left join audit_logs on audit_logs.resource_type = 'job' and audit_logs.resource_id = jobs.id::text
          group by jobs.id
         having array_agg(audit_logs.action::text order by audit_logs.id) is distinct from
                array['job.order', case jobs.status when 'completed' then 'job.complete' else 'job.fail' end]",
    ),
    (
        "what cannot be drawn fails",
        "select id from jobs where input ->> 'question' = 'why?' and status <> 'failed'",
    ),
    (
        "a statement has a file that is kept, a fortune has none",
        "select jobs.id
           from jobs
           join job_results on job_results.job_id = jobs.id
           left join job_files on job_files.file_path = job_results.file_path and job_files.job_id = jobs.id
          where case jobs.job_type
                    when 'wallet_statement' then job_files.status is distinct from 'kept'
                                                 or job_files.size_bytes <> job_results.file_size_bytes
                    else job_results.file_path is not null
                end",
    ),
];

/// Each job has ended once, with all that belongs to its end and nothing of another.
pub async fn every_job_has_one_end(database: &TestDatabase) {
    let client = database.connect().await;
    for (rule, breaches) in RULES {
        let rows = client.query(breaches, &[]).await.unwrap();
        let ids: Vec<i64> = rows.iter().take(20).map(|row| row.get(0)).collect();
        assert!(
            ids.is_empty(),
            "broken by jobs {ids:?}, {} in all: {rule}",
            rows.len()
        );
    }
}

/// The ledger and the audit log are in order, and users have paid for what was done, and nothing else.
pub async fn points_add_up(database: &TestDatabase, program: &Program) {
    let said = run_well(program, &["ledger", "verify"]).await;
    assert!(said.contains("wallets keep every rule"), "{said}");
    assert_in_order(database).await;
    let unpaid = format!(
        "select count(*)
           from wallets
           join users on users.id = wallets.user_id and users.role = 'user'
          where wallets.balance <> {POINTS} - (
                select coalesce(sum(case jobs.job_type when 'fortune_draw' then 30 else 5 end), 0)
                  from jobs where jobs.user_id = users.id and jobs.status = 'completed')"
    );
    assert_eq!(
        database.number(&unpaid).await,
        0,
        "wallets with another balance"
    );
    run_well(program, &["audit", "seal"]).await;
    run_well(program, &["audit", "verify"]).await;
}

/// The storage has the files that the table says, whole. Uploads that came to nothing are removed by the server, as if their
/// silence were long enough; returns how many.
pub async fn files_are_those_of_the_table(database: &TestDatabase, crowd: &Crowd) -> i64 {
    let not_kept = "select count(*) from job_files where status <> 'kept'";
    let orphans = database.number(not_kept).await;
    let sql =
        "update job_files set touched_at = touched_at - interval '1 hour' where status <> 'kept'";
    database.execute(sql).await;
    eventually("what came to nothing is removed", async || {
        database.number(not_kept).await == 0
    })
    .await;
    let of_no_result = "select count(*)
                          from job_files
                          left join job_results on job_results.file_path = job_files.file_path
                         where job_results.job_id is null";
    assert_eq!(database.number(of_no_result).await, 0, "files of no result");
    let sql =
        "select file_path, output, file_size_bytes from job_results where file_path is not null";
    let rows = database.connect().await.query(sql, &[]).await.unwrap();
    let known: BTreeMap<String, u64> = rows
        .iter()
        .map(|row| (row.get(0), row.get::<_, i64>(2) as u64))
        .collect();
    let mut found = BTreeMap::new();
    find_files(crowd.storage.path(), crowd.storage.path(), &mut found);
    assert!(
        found.remove("storage-id").is_some(),
        "it says which one it is"
    );
    assert_eq!(found, known, "files and their sizes");
    for row in &rows {
        let (path, summary): (String, Value) = (row.get(0), row.get(1));
        let mut lines = csv::Reader::from_path(crowd.storage.path().join(&path)).unwrap();
        let lines = lines.records().map(Result::unwrap).count();
        assert_eq!(summary["rows"], lines, "{path}");
    }
    orphans
}

fn find_files(root: &Path, directory: &Path, found: &mut BTreeMap<String, u64>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find_files(root, &path, found);
        } else {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            found.insert(name, path.metadata().unwrap().len());
        }
    }
}

/// How the jobs ended, for people.
pub async fn told(database: &TestDatabase) -> String {
    let sql = "select coalesce(string_agg(format('%s %s%s', number, status, reason), ', ' order by status, number desc), '')
                 from (select count(*) as number, status, coalesce(' and refunded (' || last_error || ')', '') as reason
                         from jobs group by status, reason) as ends";
    let row = database.connect().await.query_one(sql, &[]).await.unwrap();
    format!("jobs: {}", row.get::<_, String>(0))
}
