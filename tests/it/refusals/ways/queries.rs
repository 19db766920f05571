//! Queries that do not fit the schema, or the types of Rust.

use super::super::way::{Way, way};

const WALLETS: &str = "queries/wallets.sql";
const STANDING: &str = "select users.status, wallets.id as wallet_id";

pub(super) fn ways() -> Vec<Way> {
    vec![
        way("The name of a column is misspelled")
            .replace(
                WALLETS,
                STANDING,
                "select «users».statsu, wallets.id as wallet_id",
            )
            .refused(
                "column users.statsu does not exist (42703)",
                "correct the query, or add a migration",
            ),
        way("The name of a table is misspelled")
            .replace(
                "queries/schema.sql",
                "refinery_schema_history\n where",
                "«refinery_schema_histroy»\n where",
            )
            .refused(
                "relation \"refinery_schema_histroy\" does not exist (42P01)",
                "correct the query, or add a migration",
            ),
        way("A key word is misspelled in a query")
            .replace(
                "queries/schema.sql",
                "refinery_schema_history\n where version",
                "refinery_schema_history\n wehre «version»",
            )
            .refused(
                "syntax error at or near \"version\" (42601)",
                "correct the query",
            ),
        way("A column is compared with one of another type")
            .replace(
                WALLETS,
                "  join users on users.id = wallets.user_id",
                "  join users on users.email «=» wallets.user_id",
            )
            .refused(
                "operator does not exist: text = bigint (42883)",
                "correct the query",
            ),
        way("Nothing says which type a parameter has")
            .replace(
                WALLETS,
                STANDING,
                "select «:note» is null as is_bare, users.status, wallets.id as wallet_id",
            )
            .refused(
                "could not determine data type of parameter $1 (42P18)",
                "`:name::bigint`",
            ),
        way("A query gives a time span, which has no type in Rust")
            .replace(
                WALLETS,
                STANDING,
                "select «now() - users.created_at as age», users.status, wallets.id as wallet_id",
            )
            .refused(
                "the column `age` has the type pg_catalog.interval, which has no Rust type here",
                "extract(epoch from",
            ),
    ]
}
