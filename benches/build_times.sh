#!/usr/bin/env bash
# How long `cargo build` takes: cold, after one query was edited, and for comparison after nothing and after one
# source file was, without the feature `embedded` and with it. Everything happens in a copy of the repository, with
# a target directory of its own, in a temporary directory that is removed at the end.
#
#   benches/build_times.sh [without] [with]     which of the two; both if neither is given
#
# Crates are downloaded before the clock starts. What cargo prints is shown when it fails.
set -euo pipefail
cd "$(dirname "$0")/.."

variants=("$@")
[ ${#variants[@]} -gt 0 ] || variants=(without with)
for variant in "${variants[@]}"; do
    case "$variant" in
    without | with) ;;
    *)
        echo "usage: benches/build_times.sh [without] [with]" >&2
        exit 2
        ;;
    esac
done

scratch=$(mktemp -d "${TMPDIR:-/tmp}/build-times-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# The history, which the build reads its version from, and over it the files as they are now, committed or not.
git clone --quiet --no-hardlinks . "$scratch/copy"
git -C "$scratch/copy" ls-files -z | (cd "$scratch/copy" && xargs -0 rm -f)
git ls-files -z --cached --others --exclude-standard --deduplicate |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    tar --null --files-from=- --create --file=- | tar --extract --file=- --directory="$scratch/copy"
cd "$scratch/copy"
unset RUSTFLAGS CARGO_BUILD_TARGET CARGO_INCREMENTAL
cargo fetch --quiet --locked

TIMEFORMAT=%R
# Builds, and prints what it was and how many seconds it took.
build() {
    local name=$1 seconds
    shift
    if ! seconds=$({ time cargo build --locked --offline "$@" >"$scratch/log" 2>&1; } 2>&1); then
        cat "$scratch/log" >&2
        echo "the build failed: $name" >&2
        exit 1
    fi
    printf '  %-32s %8.1f s\n' "$name" "$seconds"
}

# Changes what a query is, not what it means, so that it is proved, generated and compiled again.
edit_one_query() {
    local file=queries/users.sql
    cp "$file" "$scratch/before"
    sed '$ s/;[[:space:]]*$/ and true;/' "$scratch/before" >"$file"
    if cmp -s "$file" "$scratch/before"; then
        echo "$file does not end with a condition and a semicolon any more: this script must edit another query" >&2
        exit 1
    fi
}

printf '%s, %s processors\n' "$(cargo --version)" "$(getconf _NPROCESSORS_ONLN)"
for variant in "${variants[@]}"; do
    arguments=()
    [ "$variant" = with ] || arguments=(--no-default-features)
    export CARGO_TARGET_DIR="$scratch/target-$variant"
    printf '%s embedded: cargo build %s\n' "$variant" "${arguments[*]-}"
    build "cold" ${arguments[@]+"${arguments[@]}"}
    build "nothing changed" ${arguments[@]+"${arguments[@]}"}
    for run in 1 2 3; do
        edit_one_query
        build "one query edited, run $run" ${arguments[@]+"${arguments[@]}"}
    done
    for run in 1 2 3; do
        printf '// Edited.\n' >>src/domain.rs
        build "one source file edited, run $run" ${arguments[@]+"${arguments[@]}"}
    done
    rm -rf "$CARGO_TARGET_DIR"
done
