//! Columns that may be null, and are not marked so; and the other way round.

use super::super::way::{Way, way};

const WALLETS: &str = "queries/wallets.sql";

pub(super) fn ways() -> Vec<Way> {
    vec![
        way("The `?` of a column that may be null is forgotten")
            .replace(
                "queries/schema.sql",
                "--! history : (applied_on?)",
                "--! history",
            )
            .replace(
                "queries/schema.sql",
                "as version, applied_on",
                "as version, «applied_on»",
            )
            .refused(
                "the column `applied_on` may be null, and is not marked with `?`",
                "mark it",
            ),
        way("The `?` of a column of an outer join is forgotten")
            .replace(
                WALLETS,
                "  join users on users.id = wallets.user_id",
                "  left join users on users.id = wallets.user_id",
            )
            .replace(
                WALLETS,
                "select users.status, wallets.id",
                "select «users.status», wallets.id",
            )
            .refused(
                "the column `status` may be null, and is not marked with `?`",
                "mark it",
            ),
        way("A column is marked with `?` that the result does not have")
            .replace(
                WALLETS,
                "--! wallet_standing",
                "--! wallet_standing : («balanse»?)",
            )
            .refused(
                "the result has no column `balanse`",
                "its columns are: status, wallet_id, balance",
            ),
        way("A column is marked with `?` and is never null")
            .replace(
                WALLETS,
                "--! wallet_standing",
                "--! wallet_standing : («balance»?)",
            )
            .warned(
                "the column `balance` is marked with `?`, and is never null",
                "without the mark",
            ),
    ]
}
