//! What is known of PostgreSQL's own functions and operators: which of them give null only for null.
//!
//! Nothing in the catalog says that. A function that is not here is taken for one that may give null.

use super::catalog::Function;

/// Functions that are never null, whatever they are given.
const NEVER_NULL: &[&str] = &[
    "clock_timestamp",
    "concat",
    "count",
    "cume_dist",
    "current_database",
    "current_query",
    "current_user",
    "dense_rank",
    "gen_random_uuid",
    "json_build_array",
    "json_build_object",
    "jsonb_build_array",
    "jsonb_build_object",
    "now",
    "num_nonnulls",
    "num_nulls",
    "percent_rank",
    "pg_backend_pid",
    "pg_current_xact_id",
    "pg_postmaster_start_time",
    "pi",
    "random",
    "rank",
    "row_number",
    "session_user",
    "statement_timestamp",
    "timeofday",
    "transaction_timestamp",
    "txid_current",
    "uuidv4",
    "uuidv7",
    "version",
];

/// Functions that are null only if an argument is.
const NULL_FOR_NULL: &[&str] = &[
    "abs",
    "age",
    "array_append",
    "array_cat",
    "array_prepend",
    "array_remove",
    "array_replace",
    "array_to_json",
    "array_to_string",
    "ascii",
    "bit_length",
    "btrim",
    "cardinality",
    "cbrt",
    "ceil",
    "ceiling",
    "char_length",
    "character_length",
    "chr",
    "convert_from",
    "convert_to",
    "cos",
    "date",
    "date_bin",
    "date_trunc",
    "decode",
    "degrees",
    "div",
    "encode",
    "exp",
    "family",
    "floor",
    "format_type",
    "gcd",
    "get_byte",
    "hashtext",
    "hashtextextended",
    "host",
    "initcap",
    "isfinite",
    "json_array_length",
    "json_typeof",
    "jsonb_array_length",
    "jsonb_insert",
    "jsonb_pretty",
    "jsonb_set",
    "jsonb_strip_nulls",
    "jsonb_typeof",
    "justify_days",
    "justify_hours",
    "justify_interval",
    "lcm",
    "left",
    "length",
    "ln",
    "log",
    "lpad",
    "ltrim",
    "make_date",
    "make_interval",
    "make_time",
    "make_timestamp",
    "make_timestamptz",
    "masklen",
    "md5",
    "mod",
    "network",
    "nextval",
    "ntile",
    "octet_length",
    "pg_advisory_lock",
    "pg_advisory_lock_shared",
    "pg_advisory_unlock",
    "pg_advisory_unlock_shared",
    "pg_advisory_xact_lock",
    "pg_advisory_xact_lock_shared",
    "pg_notify",
    "pg_size_pretty",
    "pg_try_advisory_lock",
    "pg_try_advisory_lock_shared",
    "pg_try_advisory_xact_lock",
    "pg_try_advisory_xact_lock_shared",
    "position",
    "pow",
    "power",
    "quote_ident",
    "quote_literal",
    "radians",
    "regexp_count",
    "regexp_instr",
    "regexp_like",
    "regexp_replace",
    "repeat",
    "replace",
    "reverse",
    "right",
    "round",
    "row_to_json",
    "rpad",
    "rtrim",
    "set_config",
    "setval",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sign",
    "sin",
    "split_part",
    "sqrt",
    "starts_with",
    "string_to_array",
    "strpos",
    "substr",
    "tan",
    "timezone",
    "to_char",
    "to_date",
    "to_hex",
    "to_json",
    "to_jsonb",
    "to_number",
    "to_timestamp",
    "translate",
    "trim_array",
    "trim_scale",
    "trunc",
    "upper_inc",
    "width_bucket",
];

/// Functions whose rows are never null if no argument is.
const ROWS_NOT_NULL: &[&str] = &[
    "generate_series",
    "json_array_elements",
    "json_object_keys",
    "jsonb_array_elements",
    "jsonb_object_keys",
    "regexp_split_to_table",
    "string_to_table",
];

/// Aggregates that are not null where they have looked at values that are not.
const NULL_FOR_NO_ROWS: &[&str] = &[
    "array_agg",
    "avg",
    "bit_and",
    "bit_or",
    "bit_xor",
    "bool_and",
    "bool_or",
    "every",
    "json_agg",
    "jsonb_agg",
    "max",
    "min",
    "string_agg",
    "sum",
];

/// Operators that are null only if an operand is, for all types but geometric ones.
const OPERATORS: &[&str] = &[
    "!~", "!~*", "!~~", "!~~*", "#", "#-", "%", "&", "&&", "*", "+", "-", "/", "<", "<<", "<<=",
    "<=", "<>", "<@", "=", ">", ">=", ">>", ">>=", "?", "?&", "?|", "@", "@>", "^", "^@", "|",
    "|/", "||", "||/", "~", "~*", "~~", "~~*",
];

/// The parts of a time that an infinite one has too; the others are null there.
const PARTS_OF_INFINITY: &[&str] = &[
    "century",
    "decade",
    "epoch",
    "isoyear",
    "julian",
    "millennium",
    "year",
];

pub(crate) fn is_never_null(function: &Function) -> bool {
    function.is_built_in && NEVER_NULL.contains(&function.name.as_str())
}

pub(crate) fn is_null_for_null(function: &Function) -> bool {
    let by_type = match function.name.as_str() {
        // Of ranges they are the ends, which there need not be.
        "lower" | "upper" => function.arguments == "text",
        "substring" => function.arguments.contains("integer"),
        "current_setting" => function.arguments == "text",
        _ => false,
    };
    function.is_built_in && (by_type || NULL_FOR_NULL.contains(&function.name.as_str()))
}

/// Whether a cast by this function is null only if what is cast is. PostgreSQL 18 makes null of the null of JSON.
pub(crate) fn is_null_for_null_as_cast(function: &Function) -> bool {
    function.is_built_in && function.is_strict && !function.arguments.starts_with("json")
}

pub(crate) fn has_rows_not_null(function: &Function) -> bool {
    function.is_built_in && ROWS_NOT_NULL.contains(&function.name.as_str())
}

pub(crate) fn is_null_for_no_rows(function: &Function) -> bool {
    function.is_built_in && NULL_FOR_NO_ROWS.contains(&function.name.as_str())
}

pub(crate) fn is_operator_null_for_null(function: &Function) -> bool {
    let geometric = ["point", "line", "lseg", "box", "path", "polygon", "circle"];
    let mut arguments = function.arguments.split(", ");
    function.is_built_in
        && function
            .operators
            .iter()
            .any(|name| OPERATORS.contains(&name.as_str()))
        && !arguments.any(|argument| geometric.contains(&argument))
}

pub(crate) fn is_part_of_infinity(part: &str) -> bool {
    PARTS_OF_INFINITY.contains(&part.to_ascii_lowercase().as_str())
}
