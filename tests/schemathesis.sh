#!/usr/bin/env bash
# Tries the API with schemathesis, against a server and a database of its own: as nobody, as a user, as an admin, and as a
# service. All checks and phases; what cannot apply is in tests/schemathesis.toml, with the reason.
#
#   tests/schemathesis.sh [EXAMPLES]      examples of each operation and phase, 10 without; more find more
#
# Needs Python 3.10 or newer. SCHEMATHESIS is the program, if it is installed; else it is installed into a directory that
# is removed in the end. PROGRAM is a divine-whispers that is built already. ROLES are those to try.
set -euo pipefail
cd "$(dirname "$0")/.."
repository=$PWD
examples=${1:-10}
port=${PORT:-18311}
# Not that of the examples: they change it.
password='kept by nobody but this script'

directory=$(mktemp -d)
server=
finish() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$directory"
}
trap finish EXIT

if [ -z "${PROGRAM:-}" ]; then
    cargo build --quiet
    PROGRAM=$repository/target/debug/divine-whispers
fi
if [ -z "${SCHEMATHESIS:-}" ]; then
    python3 -m venv "$directory/venv"
    "$directory/venv/bin/pip" install --quiet --disable-pip-version-check 'schemathesis==4.32.5'
    SCHEMATHESIS=$directory/venv/bin/schemathesis
fi

# A server that waits for nobody, and lets passwords be tried as often as tests do. Without a DATABASE_URL it has a
# PostgreSQL of its own, in this directory.
cd "$directory"
env -u DATABASE_URL PORT="$port" JOB_CLAIM_WAIT_SECONDS=0 RUN_WORKERS=false LOG_LEVEL=warn DEFAULT_USER_POINTS=1000000 \
    LOGIN_ATTEMPTS_PER_ACCOUNT=100000 LOGIN_ATTEMPTS_PER_ADDRESS=100000 \
    "$PROGRAM" serve >server.log 2>&1 &
server=$!
for _ in $(seq 300); do
    if python3 -c "import urllib.request as r; r.urlopen('http://127.0.0.1:$port/ready')" 2>/dev/null; then
        break
    fi
    if ! kill -0 "$server" 2>/dev/null; then
        cat server.log >&2
        exit 1
    fi
    sleep 0.2
done

status=0
for role in ${ROLES:-nobody user service admin}; do
    echo "=== as $role"
    cp "$repository/tests/schemathesis.toml" "$role.toml"
    if [ "$role" != nobody ]; then
        echo "$password" | env -u DATABASE_URL LOG_LEVEL=warn "$PROGRAM" user create --email "$role@example.com" --role "$role"
        # Signs in again whenever a request has ended the session.
        cat >>"$role.toml" <<END

[auth.dynamic.openapi.bearer]
path = "/api/v1/auth/login"
payload = { email = "$role@example.com", password = "$password" }
extract_selector = "/tokens/access_token"
END
    fi
    "$SCHEMATHESIS" --config-file "$role.toml" run "http://127.0.0.1:$port/openapi.json" \
        --checks all --phases examples,coverage,fuzzing,stateful --max-examples "$examples" \
        --continue-on-failure --warnings off --no-color --seed "${SEED:-1}" --request-timeout 30 || status=1
done
# A defect may hide behind an answer that is documented.
if grep -i 'internal error\|panic' server.log >&2; then
    status=1
fi
exit "$status"
