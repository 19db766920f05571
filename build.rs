//! Proves `sql/`, checks `queries/`, and writes both as Rust for `src/` to include.

fn main() {
    query_build::Build::new()
        .map_type("pg_catalog.timestamptz", "chrono::DateTime<chrono::Utc>")
        .small_table("refinery_schema_history", "a row for each revision")
        .small_table("result_storage", "one row, held by its primary key")
        .run();
}
