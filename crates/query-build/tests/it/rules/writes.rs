//! What a query writes: nulls where there must be none.

use super::{Pair, pair};

/// A trigger may give a value to what an insert leaves out.
const FILLED: &str = "\
-- Codes that a trigger gives, and states that a domain has from the beginning.
create table codes (id bigint primary key, code text not null);
create domain state as text default 'new';
create table states (id bigint generated always as identity primary key, state state not null);
create function give_code() returns trigger language plpgsql as $$ begin new.code := 'c'; return new; end $$;
create trigger codes_give_code before insert on codes for each row execute function give_code();
";
const UNFILLED: &str =
    "drop table codes;\ndrop function give_code();\ndrop table states;\ndrop domain state;\n";

pub(super) const PAIRS: &[Pair] = &[
    Pair {
        name: "insert_without_a_column",
        refused: &[(
            "",
            b"--- One.\n--! one\ninsert into visits (id, person_id) values (:id, :person_id);\n\n\
              --- Two.\n--! two\ninsert into visits (id, person_id) select id, id from people where id = :id;\n",
        )],
        accepted: &[
            (
                "",
                b"--- One.\n--! one\ninsert into visits (id, person_id, place) values (:id, :person_id, :place);\n\n\
                  --- Two.\n--! two\ninsert into codes (id) values (:id);\n\n\
                  --- Three.\n--! three (id?)\ninsert into states (id) overriding user value values (:id);\n",
            ),
            ("sql/U20250301000000__codes.sql", FILLED.as_bytes()),
            ("sql/U20250301000000__codes.down.sql", UNFILLED.as_bytes()),
        ],
    },
    pair!(
        "null_parameter_of_a_column_that_is_not_null",
        refused: "--- One.\n--! one (place?)\nupdate visits set place = :place where id = :id;\n",
        accepted: "--- One.\n--! one (place?)\nupdate visits set place = coalesce(:place, place) where id = :id;\n\n\
                   --- Two.\n--! two (place?)\nupdate visits set place = :place where id = :id and :place::text is not null;\n",
    ),
    pair!(
        "null_in_a_column_that_is_not_null",
        refused: "--- One.\n--! one\nwith gone as (update visits set place = null where id = :id returning id) select count(*) from gone;\n",
        accepted: "--- One.\n--! one\nwith gone as (update visits set place = '' where id = :id returning id) select count(*) from gone;\n",
    ),
];
