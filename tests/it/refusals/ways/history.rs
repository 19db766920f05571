//! Migrations that are no history: names, versions, parents.

use super::super::way::{Way, way};
use super::NEW;

const ADD: &str = "-- A column.\n\nalter table users add column note text;\n";

pub(super) fn ways() -> Vec<Way> {
    vec![
        way("A migration's name has one underscore too few")
            .write("sql/U20990101000000_new.sql", ADD)
            .names("sql/U20990101000000_new.sql")
            .refused("it looks like a migration, but is not named like one: two underscores", "rename the file"),
        way("Two migrations have the same version")
            .write("sql/U20261125213424__new.sql", ADD)
            .names("sql/U20261125213424__new.sql")
            .refused("the version 20261125213424 is used twice", "another version"),
        way("Two people have begun from the same revision, and there are two heads")
            .write(
                NEW,
                "-- A column.\n-- revises: 20261125213424\n\nalter table users add column note text;\n",
            )
            .names("sql/U20261126051528__register_the_storage_of_results_part_2.sql")
            .refused("there are 2 heads, revisions that no other revises:", "join them: `cargo db merge"),
        way("A migration that another one revises is removed")
            .remove("sql/U20261126001306__events_of_jobs.sql")
            .remove("sql/U20261126001306__events_of_jobs.down.sql")
            .replace(
                "sql/U20261126001858__files_of_results.sql",
                "-- revises: 20261126001306",
                "-- revises: «20261126001306»",
            )
            .refused("there is no revision 20261126001306", "bring back its file"),
        way("Two revisions revise each other")
            .replace(
                "sql/U20261125213424__seal_the_audit_log.sql",
                "-- revises: 20261125213404",
                "-- revises: 20261125213713",
            )
            .names("sql/U20261125213424__seal_the_audit_log.sql")
            .refused("these revisions need each other", "`revises`"),
        way("A migration has a version from before the revision that it revises")
            .write(
                "sql/U20260101000000__new.sql",
                "-- A column.\n-- revises: «20261126051528»\n\nalter table users add column note text;\n",
            )
            .refused("the revision 20260101000000 is older than its parent", "rename the file"),
        way("A migration is renamed, and its down script is not")
            .remove("sql/U20261126051528__register_the_storage_of_results_part_2.sql")
            .write(
                "sql/U20261126051528__first_events.sql",
                "-- First events.\n-- revises: 20261126051527\n-- transaction: none\n\ncreate index concurrently job_events_first_idx on public.job_events using btree (created_at, job_id) where (event_number = 1);\n",
            )
            .names("sql/U20261126051528__register_the_storage_of_results_part_2.down.sql")
            .refused("it undoes nothing: there is no", "rename it like the script that it undoes"),
        way("A migration says that there is no way back, and there is a down script")
            .replace(
                "sql/U20261126051527__register_the_storage_of_results.sql",
                "-- revises: 20261126015835",
                "-- revises: 20261126015835\n-- down: «irreversible»: nobody goes back",
            )
            .refused("the revision is irreversible, and yet there is", "remove the one or the other"),
    ]
}
