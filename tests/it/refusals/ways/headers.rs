//! Headers of migrations.

use super::super::way::{Way, way};
use super::NEW;

const LAST: &str = "sql/U20261126051528__register_the_storage_of_results_part_2.sql";
const LAST_DOWN: &str = "sql/U20261126051528__register_the_storage_of_results_part_2.down.sql";

pub(super) fn ways() -> Vec<Way> {
    vec![
        way("A key of a header is misspelled")
            .replace(LAST, "-- transaction: none", "-- «transacton»: none")
            .refused("`transacton` is not a key of the header", "write `-- transaction:`"),
        way("A header has a value that it cannot have")
            .replace(LAST, "-- transaction: none", "-- transaction: «off»")
            .refused("`transaction` cannot be `off`", "only `-- transaction: none` is known"),
        way("A lock timeout is no time")
            .replace(
                LAST,
                "-- transaction: none",
                "-- transaction: none\n-- lock-timeout: «2 seconds»",
            )
            .refused("`lock-timeout` cannot be `2 seconds`", "such as `2s`"),
        way("A down script says what it revises")
            .replace(
                LAST_DOWN,
                "part 2.\n",
                "part 2.\n-- «revises»: 20261126051527\n",
            )
            .refused("`revises` does not belong in a down script", "write it in the script that applies"),
        way("A lint rule is waived without a reason")
            .write(
                NEW,
                "-- Notes go.\n-- allow: «ban-drop-column»\n\nalter table jobs drop column worker_name;\n",
            )
            .refused("`allow` cannot be `ban-drop-column`", "and then why it does not matter here"),
    ]
}
