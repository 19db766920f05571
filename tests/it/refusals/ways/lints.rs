//! Migrations that run, and that a database in use would not survive.

use super::super::way::{Way, way};
use super::{NEW, NEW_DOWN};

const MODEL: &str = "sql/schema.sql";

pub(super) fn ways() -> Vec<Way> {
    vec![
        way("An index is made while nobody can write")
            .write(NEW, "-- An index.\n\n«create index jobs_worker_name_idx on jobs (worker_name)»;\n")
            .write(NEW_DOWN, "drop index jobs_worker_name_idx;\n")
            .replace(
                MODEL,
                "-- The rescue: running",
                "create index jobs_worker_name_idx on jobs (worker_name);\n-- The rescue: running",
            )
            .refused("During normal index creation, table updates are blocked", "`create index concurrently`"),
        super::released::without_a_column(
            way("A column is dropped whose values are lost"),
            "-- A name less.\n\nalter table jobs «drop column worker_name»;\n",
        )
        .refused("the values of the column are lost, and programs that still use it fail", "let a release go out first"),
        way("A check is held against all rows while nobody can write")
            .write(NEW, "-- Places.\n\nalter table users «add constraint users_location_filled_check check (location <> '')»;\n")
            .write(NEW_DOWN, "alter table users drop constraint users_location_filled_check;\n")
            .replace(
                MODEL,
                "    location text,\n",
                "    location text constraint users_location_filled_check check (location <> ''),\n",
            )
            .refused("By default new constraints require a table scan", "`not valid`"),
        way("A foreign key is checked while both tables are locked")
            .write(
                NEW,
                "-- A key.\n\nalter table audit_seals add «constraint audit_seals_last_fkey foreign key (last_audit_log_id) references audit_logs (id)»;\n",
            )
            .write(NEW_DOWN, "alter table audit_seals drop constraint audit_seals_last_fkey;\n")
            .replace(
                MODEL,
                "create trigger audit_seals_append_only\n",
                "alter table audit_seals add constraint audit_seals_last_fkey foreign key (last_audit_log_id) references audit_logs (id);\ncreate trigger audit_seals_append_only\n",
            )
            .with_consequences()
            .refused("Adding a foreign key constraint requires a table scan", "`not valid`"),
        way("All rows of a table are changed at once")
            .write(NEW, "-- Languages.\n\n«update users set preferred_language = lower(preferred_language)»;\n")
            .write(NEW_DOWN, "-- Nothing to undo.\n")
            .refused("", "`-- repeat: until-no-rows`"),
        way("A rule is waived that nothing is against")
            .write(
                NEW,
                "-- Languages.\n-- allow: «require-batched-update» there are few\n\nupdate users set location = null where id = 1;\n",
            )
            .write(NEW_DOWN, "-- Nothing to undo.\n")
            .refused("`require-batched-update` is waived, and nothing here is against it", "remove the line"),
    ]
}
