//! The lines that start with `--!`, `--:`, `--#` and `---`.

use super::{Pair, pair};

pub(super) const PAIRS: &[Pair] = &[
    pair!(
        "function_name",
        refused: "--- One.\n--! 2nd\nselect 1 as one;\n",
        accepted: "--- One.\n--! second\nselect 1 as one;\n",
    ),
    pair!(
        "second_of_a_name",
        refused: "--- One.\n--! one\nselect 1 as one;\n--- Two.\n--! one\nselect 2 as two;\n",
        accepted: "--- One.\n--! one\nselect 1 as one;\n--- Two.\n--! two\nselect 2 as two;\n",
    ),
    pair!(
        "query_without_name",
        refused: "--- One.\n--! (id?)\nselect 1 as one;\n",
        accepted: "--- One.\n--! one\nselect 1 as one;\n",
    ),
    pair!(
        "query_fields",
        refused: "--- One.\n--! one (a? b?)\nselect :a::text || :b as both;\n",
        accepted: "--- One.\n--! one (a?, b?) : (both?)\nselect :a::text || :b as both;\n",
    ),
    pair!(
        "query_field_name",
        refused: "--- One.\n--! one (, id)\nselect name from people where id = :id;\n",
        accepted: "--- One.\n--! one (id)\nselect name from people where id = :id;\n",
    ),
    pair!(
        "query_field_quote",
        refused: "--- One.\n--! one : (\"nick name?)\nselect nickname as \"nick name\" from people where id = :id;\n",
        accepted: "--- One.\n--! one : (\"nick name\"?)\nselect nickname as \"nick name\" from people where id = :id;\n",
    ),
    pair!(
        "query_row",
        refused: "--- One.\n--! one :\nselect name from people where id = :id;\n",
        accepted: "--- One.\n--! one\nselect name from people where id = :id;\n",
    ),
    pair!(
        "query_line_end",
        refused: "--- One.\n--! one (id) One\nselect name from people where id = :id;\n",
        accepted: "--- One.\n--! one (id) : (name)\nselect name from people where id = :id;\n",
    ),
    pair!(
        "type_without_name",
        refused: "--: (nickname?)\n\n--- One.\n--! one : (nickname?)\nselect nickname from people where id = :id;\n",
        accepted: "--: Person(nickname?)\n\n--- One.\n--! one : Person\nselect nickname from people where id = :id;\n",
    ),
    pair!(
        "type_fields",
        refused: "--: Person\n\n--- One.\n--! one : (id)\nselect id from people where id = :id;\n",
        accepted: "--: Person()\n\n--- One.\n--! one : Person\nselect id from people where id = :id;\n",
    ),
    pair!(
        "type_trait",
        refused: "--: Person() : Eq, ,\n\n--- One.\n--! one : (id)\nselect id from people where id = :id;\n",
        accepted: "--: Person() : Eq, std::hash::Hash\n\n--- One.\n--! one : Person\nselect id from people where id = :id;\n",
    ),
    pair!(
        "type_line_end",
        refused: "--: Person() Eq\n\n--- One.\n--! one : (id)\nselect id from people where id = :id;\n",
        accepted: "--: Person() : Eq\n\n--- One.\n--! one : Person\nselect id from people where id = :id;\n",
    ),
    pair!(
        "attribute_of_nothing",
        refused: "--# doc(hidden)\n--- One.\n--! one\nselect 1 as one;\n",
        accepted: "--- One.\n--! one\n--# doc(hidden)\nselect 1 as one;\n",
    ),
    pair!(
        "doc_line",
        refused: "--! one\nselect 1 as one;\n\n---\n--! two\nselect 2 as two;\n",
        accepted: "--! one\n--- One.\nselect 1 as one;\n\n--- Two.\n--! two\nselect 2 as two;\n",
    ),
    pair!(
        "doc_line_too_late",
        refused: "--- One.\n--! one\nselect 1 as one\n--- and no more\n;\n",
        accepted: "--- One.\n--! one\nselect 1 as one\n-- and no more\n-----\n;\n",
    ),
    pair!(
        "undeclared_type",
        refused: "--- One.\n--! one : Person\nselect nickname from people where id = :id;\n",
        accepted: "--- One.\n--! one : Person(nickname?)\nselect nickname from people where id = :id;\n",
    ),
    pair!(
        "fields_given_twice",
        refused: "--: Person(nickname?)\n\n--- One.\n--! one : Person(nickname?)\nselect nickname from people where id = :id;\n",
        accepted: "--: Person(nickname?)\n\n--- One.\n--! one : Person\nselect nickname from people where id = :id;\n",
    ),
    pair!(
        "mark_of_no_parameter",
        refused: "--- One.\n--! one (nick?)\nupdate people set nickname = :nickname where id = :id;\n",
        accepted: "--- One.\n--! one (nickname?)\nupdate people set nickname = :nickname where id = :id;\n",
    ),
];
