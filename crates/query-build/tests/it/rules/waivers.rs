//! Waivers that are misspelt, or waive nothing that is there.

use super::{Pair, pair};

pub(super) const PAIRS: &[Pair] = &[
    pair!(
        "waiver_of_no_rule",
        refused: "--- One.\n--! one\n--# ful-scan: for the report\nselect count(*) as count from people;\n",
        accepted: "--- One.\n--! one\n--# full-scan: for the report\nselect count(*) as count from people;\n",
    ),
    pair!(
        "waiver_without_reason",
        refused: "--- One.\n--! one\n--# full-scan:\nselect count(*) as count from people;\n",
        accepted: "--- One.\n--! one\n--# full-scan: .\nselect count(*) as count from people;\n",
    ),
    pair!(
        "waiver_without_column",
        refused: "--- One.\n--! one\n--# not-null: each has one\nselect nickname from people where id = :id;\n",
        accepted: "--- One.\n--! one\n--# not-null: nickname: each has one\nselect nickname from people where id = :id;\n",
    ),
    pair!(
        "waiver_of_no_column",
        refused: "--- One.\n--! one : (nickname?)\n--# not-null: nick: each has one\nselect nickname from people where id = :id;\n",
        accepted: "--- One.\n--! one\n--# not-null: nickname: each has one\nselect nickname from people where id = :id;\n",
    ),
];
