//! Queries that read all of a table that grows.

use super::super::way::{Way, way};

const USERS: &str = "queries/users.sql";

pub(super) fn ways() -> Vec<Way> {
    vec![
        way("A query finds rows by a column that has no index")
            .replace(
                USERS,
                "select id, email, password_hash, status\n  from users\n where email = :email;",
                "select id, email, password_hash, status\n  from «users»\n where full_name = :full_name;",
            )
            .refused("the query reads all of `users`", "add an index"),
        way("A condition can be left out, and then no index serves")
            .replace(
                USERS,
                "select id, email, password_hash, status\n  from users\n where email = :email;",
                "select id, email, password_hash, status\n  from «users»\n where (:email::text is null or email = :email);",
            )
            .refused("the query reads all of `users`", "add an index"),
        way("An index is dropped that a query needs")
            .write(
                super::NEW,
                "-- An index less.\n-- transaction: none\n\ndrop index concurrently job_events_first_idx;\n",
            )
            .write(
                super::NEW_DOWN,
                "create index job_events_first_idx on job_events (created_at, job_id) where event_number = 1;\n",
            )
            .replace("sql/schema.sql", "create index job_events_first_idx on job_events (created_at, job_id) where event_number = 1;\n", "")
            .replace(
                "queries/job_events.sql",
                "with looked_at as (\n    select created_at, job_id\n      from job_events\n",
                "with looked_at as (\n    select created_at, job_id\n      from «job_events»\n",
            )
            .refused("the query reads all of `job_events`", "add an index"),
        way("A query may read all of a table, and does not")
            .replace("queries/wallets.sql", "--! wallet_standing", "--! wallet_standing\n--# «full-scan: there are few wallets»")
            .warned("nothing is waived here: the query reads all of no table that grows", "take the line out"),
    ]
}
