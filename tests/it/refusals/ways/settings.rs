//! Settings of the build, in `build.rs` and `Cargo.toml`.

use super::super::way::{Way, way};

const LAST: &str = "lint-after = \"20261126015835\"";

pub(super) fn ways() -> Vec<Way> {
    vec![
        way("A table is declared to be small that is not there")
            .with_consequences()
            .replace("build.rs", "\"result_storage\"", "«\"result_store\"»")
            .refused(
                "there is no table `result_store`, which is declared to be small",
                "correct its name",
            ),
        way("A type is mapped that is not there")
            .replace(
                "build.rs",
                "\"pg_catalog.timestamptz\"",
                "«\"pg_catalog.timestamp_tz\"»",
            )
            .refused(
                "there is no type `pg_catalog.timestamp_tz`",
                "correct its name",
            ),
        way("A lint rule is set that is none")
            .replace(
                "Cargo.toml",
                LAST,
                "lint-after = \"20261126015835\"\n«ban-drop-colum» = \"warn\"",
            )
            .refused(
                "there is no lint rule `ban-drop-colum`",
                "write `ban-drop-column`",
            ),
    ]
}
