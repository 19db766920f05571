# Runs a PostgreSQL server for as long as standard input stays open: its other end is held by the owner
# alone, so that it closes however the owner ends. Standard output is not written to: it is passed on to the
# server, and whoever waits for its end (or for the lock on it) learns that the last process is gone.
#
# Exit status: 0 stopped because the owner is gone, 10 initdb failed, 11 no socket directory, 12 the server ended.
initdb=$1        # empty: the cluster exists
postgres=$2
data=$3
stop_signal=$4   # QUIT for a temporary server, INT for one that keeps its data
process_file=$5  # gets the process id of the server
socket_dir=$6    # a directory to make, and to remove at the end; or empty
address_file=$7  # removed as soon as the owner is gone; or empty
locale=$8
shift 8          # what is left are the arguments of the server

# The owner decides when it ends, not whoever signals a whole group of processes.
trap '' HUP INT TERM
exec 3<&0 4>&1 </dev/null >&2

ended=
child=
how=KILL
trap 'ended=yes; if [ -n "$child" ]; then kill -s "$how" "$child"; fi' USR1

# Waits for the end of the owner. A signal that comes before the server has set up its handlers is lost:
# so it is sent again until `finish` ends this. A server that is stopping already takes no notice of it.
{
    cd /
    read -r _ <&3
    if [ -n "$address_file" ]; then rm -f -- "$address_file"; fi
    while kill -s USR1 "$$"; do sleep 0.1 || sleep 1; done
} 4>&- &
watcher=$!
exec 3<&-

# Runs a program, sets `code` to its exit status. `wait` also returns when the trap ran: then it waits again.
run() {
    code=0
    if [ -n "$ended" ]; then return; fi
    "$@" &
    child=$!
    if [ -n "$ended" ]; then kill -s "$how" "$child"; fi
    echo "$child" >"$process_file"
    wait "$child"
    code=$?
    while kill -0 "$child" 2>/dev/null; do
        wait "$child"
        code=$?
    done
    child=
}

finish() {
    if [ -n "$socket_dir" ]; then rm -rf -- "$socket_dir"; fi
    rm -f -- "$process_file"
    kill -s KILL "$watcher" 2>/dev/null
    exit "$1"
}

# A cluster is made beside its place and then moved there: a half-made one is never taken for a whole one.
make_cluster() {
    partial=$data.partial
    rm -rf -- "$partial"
    run "$initdb" --pgdata="$partial" --username=postgres --auth=trust --encoding=UTF8 \
        --no-instructions --locale="$1" $sync
}

if [ -n "$initdb" ]; then
    sync=
    if [ "$stop_signal" = QUIT ]; then sync=--no-sync; fi
    make_cluster "$locale"
    if [ "$code" -ne 0 ] && [ -z "$ended" ] && [ "$locale" != C ]; then make_cluster C; fi
    if [ -n "$ended" ]; then finish 0; fi
    if [ "$code" -ne 0 ]; then finish 10; fi
    mv -- "$partial" "$data" || finish 10
fi

if [ -n "$socket_dir" ]; then
    mkdir -m 700 -- "$socket_dir" || finish 11
fi

how=$stop_signal
run "$postgres" -D "$data" "$@"
if [ -n "$ended" ]; then finish 0; fi
finish 12
