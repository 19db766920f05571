//! Migrations and the model on a real PostgreSQL: they run, lead back, and make the model.

use super::super::way::{Way, way};
use super::{NEW, NEW_DOWN};

const LAST_DOWN: &str = "sql/U20261126051527__register_the_storage_of_results.down.sql";

pub(super) fn ways() -> Vec<Way> {
    vec![
        way("A key word is misspelled in a migration")
            .write(NEW, "-- A column.\n\nalter table users «»ad column note text;\n")
            .write(NEW_DOWN, "alter table users drop column note;\n")
            .refused("syntax error at or near \"ad\" (42601)", "correct it and build again"),
        way("An index is made concurrently inside of a transaction")
            .write(
                NEW,
                "-- An index.\n\n«»create index concurrently jobs_worker_name_idx on jobs (worker_name);\n",
            )
            .write(NEW_DOWN, "drop index jobs_worker_name_idx;\n")
            .refused("CREATE INDEX CONCURRENTLY cannot run inside a transaction block (25001)", "correct it and build again"),
        way("A migration gives rights to a role that is not there")
            .write(NEW, "-- Rights.\n\n«»grant select on users to reporting;\n")
            .write(NEW_DOWN, "revoke select on users from reporting;\n")
            .refused("role \"reporting\" does not exist (42704)", "-- roles: reporting"),
        way("A migration is not UTF-8")
            .write(NEW, b"-- A column for the caf\xe9.\n\nalter table users add column note text;\n")
            .underlines("sql/U20990101000000__new.sql:1:24", 1)
            .refused("the file is not UTF-8: there is the byte 0xe9", "save the file as UTF-8"),
        way("A down script leaves something behind")
            .replace(LAST_DOWN, "drop table public.result_storage;\n", "")
            .names(LAST_DOWN)
            .refused("the script does not leave the schema as it was before the revision", "with - to remove"),
        way("A migration has no down script")
            .write(NEW, "«-- A column.»\n\nalter table users add column note text;\n")
            .replace(
                "sql/schema.sql",
                "    last_login_at timestamptz,\n",
                "    last_login_at timestamptz,\n    note text,\n",
            )
            .refused("there is no script that takes the revision back", "-- down: irreversible:"),
        way("A column is added to the model, and no migration makes it")
            .replace(
                "sql/schema.sql",
                "    last_login_at timestamptz,\n",
                "    last_login_at timestamptz,\n    nickname text,\n",
            )
            .names("sql/schema.sql")
            .refused("the model and the migrations disagree", "cargo db revision --autogenerate"),
        way("The model has a comma too many")
            .replace(
                "sql/schema.sql",
                "    constraint wallets_posting_count_check check (posting_count >= 0)\n);",
                "    constraint wallets_posting_count_check check (posting_count >= 0),\n«)»;",
            )
            .refused("syntax error at or near \")\" (42601)", "correct the model and build again"),
    ]
}
