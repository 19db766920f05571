//! Proves `sql/` on a real PostgreSQL, and writes it as Rust for `src/main.rs` to include.

fn main() {
    query_build::Build::new().without_queries().run();
}
