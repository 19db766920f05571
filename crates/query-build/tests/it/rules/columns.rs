//! What a query gives and takes: names, types, and what may be null.

use super::{Pair, pair};

pub(super) const PAIRS: &[Pair] = &[
    pair!(
        "two_columns_of_a_name",
        refused: "--- One.\n--! one\nselect id, name, id from people where id = :id;\n",
        accepted: "--- One.\n--! one\nselect id, name, id as again from people where id = :id;\n",
    ),
    pair!(
        "column_without_name",
        refused: "--- One.\n--! one\nselect id, 1 + 1 from people where id = :id;\n",
        accepted: "--- One.\n--! one\nselect id, 1 + 1 as two from people where id = :id;\n",
    ),
    pair!(
        "mark_of_no_column",
        refused: "--- One.\n--! one : (nick?)\n--# not-null: nickname: so it is\nselect nickname from people where id = :id;\n",
        accepted: "--- One.\n--! one : (nickname?)\nselect nickname from people where id = :id;\n",
    ),
    pair!(
        "row_of_no_rows",
        refused: "--- One.\n--! one : (id)\ndelete from people where id = :id;\n",
        accepted: "--- One.\n--! one : (id)\ndelete from people where id = :id returning id;\n",
    ),
    pair!(
        "void_column",
        refused: "--- One.\n--! one\nselect pg_notify('people', :payload) as told;\n",
        accepted: "--- One.\n--! one\nselect pg_notify('people', :payload)::text as told;\n",
    ),
    pair!(
        "interval_column",
        refused: "--- One.\n--! one\nselect id, now() - born as age from people where id = :id;\n",
        accepted: "--- One.\n--! one\nselect id, extract(epoch from now() - born)::bigint as age from people where id = :id;\n",
    ),
    pair!(
        "column_type",
        refused: "--- One.\n--! one : (place?)\nselect point(1, 2) as place;\n",
        accepted: "--- One.\n--! one : (place?)\nselect point(1, 2)::text as place;\n",
    ),
    pair!(
        "interval_parameter",
        refused: "--- One.\n--! one\nselect id from people where id = :id and born < now() - :age::interval;\n",
        accepted: "--- One.\n--! one\nselect id from people where id = :id and born < now() - make_interval(secs => :age);\n",
    ),
    pair!(
        "parameter_type",
        refused: "--- One.\n--! one\nselect (:place::point)::text as place;\n",
        accepted: "--- One.\n--! one\nselect (:place::text::point)::text as place;\n",
    ),
    pair!(
        "domain_parameter",
        refused: "--- One.\n--! one\nselect id from people where id = :id and email = :email::email_address;\n",
        accepted: "--- One.\n--! one\nselect id from people where id = :id and email = :email::text;\n",
    ),
    pair!(
        "column_that_may_be_null",
        refused: "--- One.\n--! one\nselect id, nickname from people where id = :id;\n",
        accepted: "--- One.\n--! one : (nickname?)\nselect id, nickname from people where id = :id;\n",
    ),
];
