//! Query files that are wrong, whatever the schema is: names, annotations, and what would not be shipped as it is written.

use super::super::way::{Way, way};

const WALLETS: &str = "queries/wallets.sql";

pub(super) fn ways() -> Vec<Way> {
    vec![
        way("A query has no line that says what it is for")
            .replace(
                WALLETS,
                "--- Why a spend or a transfer moved nothing: the status of the owner and the balance, as they are now.\n--! wallet_standing",
                "--! «wallet_standing»",
            )
            .refused("the query `wallet_standing` has no doc line", "--- What it does."),
        way("Two queries of a file have the same name")
            .replace(WALLETS, "--! wallet_standing", "--! «wallet_of_user»")
            .refused("the query `wallet_of_user` is already in line 2 of this file", "a name of its own"),
        way("A query does not end, and another one follows")
            .replace(
                "queries/session.sql",
                "as hang_up_check_interval;",
                "as «hang_up_check_interval»",
            )
            .with_consequences()
            .refused("the query does not end", "semicolon"),
        way("Under one name are two statements")
            .replace("queries/schema.sql", " where version = any(:versions);", " where version = any(:versions);\n«delete» from refinery_schema_history;")
            .refused("SQL that belongs to no query", "--! name_of_the_query"),
        way("A parameter has a number")
            .replace("queries/schema.sql", "any(:versions)", "any(«$1»)")
            .refused("the parameter `$1` has a number instead of a name", "give it a name"),
        way("A literal goes over two lines, which would be shipped as one")
            .replace(WALLETS, "transactions.type = 'spend'", "transactions.type <> «'a»\n'")
            .refused("a line break inside a literal would be shipped as a space", "E'…'"),
        way("A comment inside a query is never closed")
            .replace(WALLETS, "   for no key update of wallets;", "   for no key update of wallets «/»* the refunds follow;")
            .refused("what is opened here never ends", "close it"),
        way("A query file is named as no module of Rust can be")
            .write("queries/big-wallets.sql", "--- One.\n--! one\nselect 1 as one;\n")
            .names("queries/big-wallets.sql")
            .refused("`big-wallets` cannot be the name of a Rust module", "rename it"),
    ]
}
