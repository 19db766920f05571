//! The audit log: entries and what they record stand or fall together, seals find every change, exports stream.

mod entries;
mod seals;

use serde_json::Value;

use crate::support::{Api, TestDatabase};

/// The entries of an action, oldest first, as JSON.
pub async fn entries(database: &TestDatabase, action: &str) -> Vec<Value> {
    let sql = "select to_jsonb(audit_logs) from audit_logs where action = $1 order by id";
    let rows = database.connect().await.query(sql, &[&action]).await;
    rows.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Makes PostgreSQL refuse every entry of the audit log, until [`mend`].
pub async fn break_the_log(database: &TestDatabase) {
    let sql =
        "alter table audit_logs add constraint audit_logs_broken_check check (false) not valid";
    database.execute(sql).await;
}

/// Takes back [`break_the_log`].
pub async fn mend(database: &TestDatabase) {
    let sql = "alter table audit_logs drop constraint audit_logs_broken_check";
    database.execute(sql).await;
}

/// How many entries there are.
pub async fn count(api: &Api) -> i64 {
    api.database.number("select count(*) from audit_logs").await
}
