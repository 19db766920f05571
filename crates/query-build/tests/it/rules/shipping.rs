//! The SQL that would not be shipped as it is written.

use super::{Pair, pair};

pub(super) const PAIRS: &[Pair] = &[
    pair!(
        "line_break_in_a_literal",
        refused: "--- One.\n--! one\nselect 'a\n  b' as one;\n",
        accepted: "--- One.\n--! one\nselect e'a\\n  b' as one;\n",
    ),
    pair!(
        "line_break_in_a_dollar_quote",
        refused: "--- One.\n--! one\nselect $$a\n  b$$ as one;\n",
        accepted: "--- One.\n--! one\nselect $$a  b$$ as one;\n",
    ),
    pair!(
        "line_break_in_a_name",
        refused: "--- One.\n--! one\nselect 1 as \"a\nb\";\n",
        accepted: "--- One.\n--! one\nselect 1 as \"a b\";\n",
    ),
    pair!(
        "literal_in_two_lines",
        refused: "--- One.\n--! one\nselect 'a'\n       'b' as one;\n",
        accepted: "--- One.\n--! one\nselect 'a'\n       || 'b' as one;\n",
    ),
    pair!(
        "number_behind_a_colon",
        refused: "--- One.\n--! one\nselect (array[1, 2, 3])[1:2] as one;\n",
        accepted: "--- One.\n--! one\nselect (array[1, 2, 3])[1 : 2] as one;\n",
    ),
    pair!(
        "dollar_in_a_name",
        refused: "--- One.\n--! one\nselect 1 as a$b;\n",
        accepted: "--- One.\n--! one\nselect 1 as \"a$b\";\n",
    ),
    pair!(
        "space_that_is_a_letter",
        refused: "--- One.\n--! one\nselect 1 as one\u{a0}\n where 1 = 1;\n",
        accepted: "--- One.\n--! one\nselect 1 as one \n where 1 = 1; -- \u{a0}\n",
    ),
    pair!(
        "statement_without_a_tree",
        refused: "--- One.\n--! one\nlisten -- to\n  people;\n",
        accepted: "--- One.\n--! one\nlisten people; -- to\n",
    ),
];
