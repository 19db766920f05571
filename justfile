# Shortcuts for people; CI runs .ci/run.

# List them.
default:
    @just --list

# Everything that CI checks.
ci:
    .ci/run

# Build and serve, with a private PostgreSQL unless one is configured.
run:
    cargo run

# All tests.
test *arguments:
    cargo test --workspace {{arguments}}

# The integration tests on the embedded PostgreSQL.
test-embedded:
    SCRATCH_POSTGRES=embedded cargo test --workspace

# Try the API with requests that nobody thought of, against its document.
schemathesis examples="10":
    tests/schemathesis.sh {{examples}}

# Format, lint, document.
check:
    cargo fmt --all
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Side-by-side benchmarks; needs local PostgreSQL binaries with pgbench.
bench:
    cargo bench
