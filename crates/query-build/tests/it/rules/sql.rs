//! The SQL of a query by itself: that there is one, that it ends, and that PostgreSQL takes it.

use super::{Pair, pair};

pub(super) const PAIRS: &[Pair] = &[
    pair!(
        "nameless_sql",
        refused: "select 'nameless';\n\n--- One.\n--! one\nselect 1 as one;\n",
        accepted: "-- select 'nameless';\n\n--- One.\n--! one\nselect 1 as one;\n",
    ),
    pair!(
        "no_sql",
        refused: "--- One.\n--! one\n-- nothing\n;\n",
        accepted: "--- One.\n--! one\n-- nothing\nselect;\n",
    ),
    pair!(
        "no_semicolon",
        refused: "--- One.\n--! one\nselect 1 as one\n\n--! two\n--- Two.\nselect 2 as two;\n",
        accepted: "--- One.\n--! one\nselect 1 as one;\n\n--! two\n--- Two.\nselect 2 as two;\n",
    ),
    pair!(
        "never_closed",
        refused: "--- One.\n--! one\nselect 'it's' as one;\n",
        accepted: "--- One.\n--! one\nselect 'it''s' as one;\n",
    ),
    pair!(
        "parameter_with_a_number",
        refused: "--- One.\n--! one\nselect name from people where id = $1;\n",
        accepted: "--- One.\n--! one\nselect name from people where id = :id;\n",
    ),
    pair!(
        "parameter_name",
        refused: "--- One.\n--! one\nselect name from people where id = :größe;\n",
        accepted: "--- One.\n--! one\nselect name from people where id = :groesse_1;\n",
    ),
    // A tab is four columns wide, and a sign of Chinese two.
    pair!(
        "postgresql_refuses",
        refused: "--- One.\n--! one\nselect id\n\tfrom people where\t'名前' <> nam and name <> :name and id = :id;\n",
        accepted: "--- One.\n--! one\nselect id\n\tfrom people where\t'名前' <> name and name <> :name and id = :id;\n",
    ),
    pair!(
        "parameter_without_type",
        refused: "--- One.\n--! one\nselect :given as given;\n\n--- Two.\n--! two\nselect id from people where id = :id and :given is null;\n",
        accepted: "--- One.\n--! one\nselect :given::text as given;\n\n--- Two.\n--! two\nselect id from people where id = :id and :given::text is null;\n",
    ),
    pair!(
        "postgresql_cannot_plan",
        refused: "--- One.\n--! one\ninsert into people (id, name, email, born) values (:id, :name, :email, now()) on conflict (name) do nothing;\n",
        accepted: "--- One.\n--! one\ninsert into people (id, name, email, born) values (:id, :name, :email, now()) on conflict (id) do nothing;\n",
    ),
    pair!(
        "full_scan",
        refused: "--- One.\n--! one\nselect id from people where email = :email;\n",
        accepted: "--- One.\n--! one\nselect id from people where email = :email and id = :id;\n",
    ),
];
