fn main() {
    query_build::Build::new()
        .map_type("pg_catalog.timestamptz", "chrono::DateTime<chrono::Utc>")
        .run();
}
