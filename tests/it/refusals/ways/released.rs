//! What a release that runs would not survive: the build is told of it, here as a directory, in a release's CI as a tag.

use super::super::way::{Way, way};
use super::{NEW, NEW_DOWN};

const LAST: &str = "sql/U20261126051528__register_the_storage_of_results_part_2.sql";
const LAST_DOWN: &str = "sql/U20261126051528__register_the_storage_of_results_part_2.down.sql";

pub(super) fn ways() -> Vec<Way> {
    vec![
        way("A migration that was released is edited")
            .after_release()
            .replace(LAST, "create index concurrently job", "«»create index concurrently if not exists job")
            .refused("the migration is not the one that release-before has", "write it as a revision of its own"),
        way("A migration that was released is removed, and made again under another version")
            .after_release()
            .remove(LAST)
            .remove(LAST_DOWN)
            .write(
                NEW,
                "-- First events.\n-- transaction: none\n\ncreate index concurrently job_events_first_idx on public.job_events using btree (created_at, job_id) where (event_number = 1);\n",
            )
            .write(NEW_DOWN, "drop index public.job_events_first_idx;\n")
            .names("release-before/sql/U20261126051528__register_the_storage_of_results_part_2.sql")
            .refused("the migration of release-before is no longer there", "put it back"),
        without_a_column(
            way("A column is dropped that the release before still uses").after_release(),
            "-- A name less.\n-- allow: ban-drop-column nobody reads it any more\n\nalter table jobs drop column worker_name;\n",
        )
        .replace(
            "release-before/queries/jobs.sql",
            "           worker_name = :worker_name,\n",
            "           «worker_name» = :worker_name,\n",
        )
        .refused(
            "release-before still runs while the database is migrated: column \"worker_name\"",
            "keep what that release uses",
        ),
    ]
}

/// The column of a job that nothing but one query writes is gone: from the model, from the query, and by a migration.
pub(super) fn without_a_column(way: Way, migration: &str) -> Way {
    const COMMENT: &str =
        "comment on column jobs.worker_name is 'Which worker claimed it last, for people.';\n";
    way.write(NEW, migration)
        .write(
            NEW_DOWN,
            format!("alter table jobs add column worker_name text;\n{COMMENT}"),
        )
        .replace("sql/schema.sql", "    worker_name text,\n", "")
        .replace("sql/schema.sql", COMMENT, "")
        .replace(
            "queries/jobs.sql",
            "           worker_name = :worker_name,\n",
            "",
        )
}
