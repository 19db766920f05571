#!/usr/bin/env bash
# How long the build script takes: that of the application, and that of a project with 300 queries and 100 migrations, which
# `crates/query-build/examples/large_project` writes; and how long `cargo build` takes around it, with nothing to do and after
# one query was edited.
#
#   benches/build_script.sh [DIRECTORY]     where the large project is written, and stays; else it is temporary
#
# Everything is compiled in the target directory of the workspace (or CARGO_TARGET_DIR) before the clock starts. The script is
# a program of the dev profile, so it is measured as cargo starts it and not by criterion, which would compile another one.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}
unset RUSTFLAGS CARGO_BUILD_TARGET

scratch=$(mktemp -d "${TMPDIR:-/tmp}/build-script-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
large=${1:-$scratch/large}
runs=3
TIMEFORMAT='%R %U %S'

# The build script of the package in this directory that cargo has built last, and its output directory.
script_and_out_dir() {
    cargo build --offline --message-format=json 2>"$scratch/log" >"$scratch/messages" || {
        cat "$scratch/log" >&2
        exit 1
    }
    local id script out_dir
    id=$(cargo pkgid --offline 2>/dev/null)
    script=$(grep -F "\"package_id\":\"$id\"" "$scratch/messages" | grep -F '"kind":["custom-build"]' |
        sed 's/.*"filenames":\["\([^"]*\)".*/\1/')
    out_dir=$(grep -F '"reason":"build-script-executed"' "$scratch/messages" | grep -F "\"package_id\":\"$id\"" |
        sed 's/.*"out_dir":"\([^"]*\)".*/\1/')
    echo "$script" "$out_dir"
}

say() {
    printf '  %-52s %6.1f s  (%s s of processor time)\n' "$1" "$2" "$3"
}

# Runs a command some times, and prints how long each took.
measure() {
    local name=$1 real user system
    shift
    for run in $(seq "$runs"); do
        if ! { time "$@" >"$scratch/log" 2>&1; } 2>"$scratch/time"; then
            cat "$scratch/log" >&2
            echo "it failed: $name" >&2
            exit 1
        fi
        read -r real user system <"$scratch/time"
        say "$name, run $run" "$real" "$(awk "BEGIN { printf \"%.1f\", $user + $system }")"
    done
}

# The script as cargo runs it, in the directory of its package.
measure_script() {
    local name=$1 script=$2 out_dir=$3
    measure "$name" env CARGO_MANIFEST_DIR="$PWD" OUT_DIR="$out_dir" "$script"
}

printf '%s, %s processors\n' "$(cargo --version)" "$(getconf _NPROCESSORS_ONLN)"
read -r script out_dir < <(script_and_out_dir)
echo "the application: $(find sql -name 'U*.sql' ! -name '*.down.sql' | wc -l) migrations," \
    "$(grep -rh '^--! ' queries | wc -l) queries"
measure_script "the script" "$script" "$out_dir"

cargo run --quiet --offline --package query-build --example large_project -- "$large" >"$scratch/written"
cd "$large"
read -r script out_dir < <(script_and_out_dir)
echo "the large project: $(cat "$scratch/written")"
measure_script "the script" "$script" "$out_dir"

# With nothing to do cargo does not run it: it says so, and nothing is written.
before=$(find "$out_dir/.." -newermt '1970-01-01' -printf '%p %T@\n' | sort)
measure "cargo build, nothing to do" cargo build --offline -v
grep -q 'Fresh large-project ' "$scratch/log"
if grep -q 'build-script-build`' "$scratch/log"; then
    echo "cargo ran the script with nothing to do" >&2
    exit 1
fi
if [ "$before" != "$(find "$out_dir/.." -newermt '1970-01-01' -printf '%p %T@\n' | sort)" ]; then
    echo "something was written with nothing to do" >&2
    exit 1
fi

edit_one_query_and_build() {
    sed -i 's/^ where id = :id;$/ where id = :id and true;/; t; s/^ where id = :id and true;$/ where id = :id;/' \
        queries/sales_items.sql
    cargo build --offline
}
measure "cargo build, one query edited" edit_one_query_and_build
