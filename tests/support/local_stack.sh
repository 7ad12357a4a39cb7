# shellcheck shell=bash
# What tests of scripts/local-stack share: a stack in a folder of its own, which is gone at the end, and looking whether it is;
# runs beside it. Needs common.sh; sets bazaard, local_stack, directory and stack.
# shellcheck disable=SC2154  # top is common.sh's.

# shellcheck disable=SC2034  # Read by the tests.
bazaard=${BAZAARD_BIN:-$top/build/release/bazaard}
[[ -x $bazaard ]] || die 66 "there is no program $bazaard; scripts/dev build makes it"
local_stack=$top/scripts/local-stack
directory=$(mktemp -d)
stack=$directory/stack
export BAZAARD_STACK_DIR=$stack
unset BAZAARD_DEBEZIUM_VERSION BAZAARD_TOPIC_PREFIX
# Processes that the test has started beside the stack.
beside=()

clean_up() {
    local status=$? pid
    ((status == 0)) || "$local_stack" logs >&2 || true
    for pid in "${beside[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    "$local_stack" reset --yes || true
    rm -rf -- "$directory"
    # The logs are long; the reason stands behind them.
    ((status == 0)) || printf '%s\n' "${last_words:-${0##*/}: a command ended with $status} (step: $last_step)" >&2
}
trap clean_up EXIT

last_step=none
step() {
    last_step=$*
    printf -- '-- %s (after %d s)\n' "$*" "$SECONDS"
}

# Processes that work in the stack's folders or name it in their command line or environment. A zombie does neither.
processes() {
    local process pid place cwd
    place=$(cat "$stack/postgres/place" 2>/dev/null || echo "$stack")
    for process in /proc/[0-9]*; do
        pid=${process#/proc/}
        cwd=$(readlink "$process/cwd" 2>/dev/null || true)
        if [[ $cwd == "$stack"* || $cwd == "$place"* ]] ||
            tr '\0' '\n' 2>/dev/null <"$process/cmdline" | grep -qF -- "$stack" ||
            tr '\0' '\n' 2>/dev/null <"$process/environ" | grep -qxF -- "BAZAARD_STACK_OF=$stack"; then
            printf 'process %s: %s\n' "$pid" "$(tr '\0' ' ' 2>/dev/null <"$process/cmdline" | cut -c1-100 || true)"
        fi
    done
}

open_ports() {
    local port
    while read -r port; do
        ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || printf 'port %s\n' "$port"
    done < <(sed -n 's/^PORT_.*=//p' "$stack/state")
}

check_nothing_left() {
    local left
    left=$(processes && open_ports)
    [[ -z $left ]] || die 1 "left behind: $left"
}

# wait_until WHAT COMMAND...: asks until it is true, for two minutes.
wait_until() {
    local what=$1 end=$((SECONDS + 120))
    shift
    until "$@"; do
        ((SECONDS < end)) || die 1 "waited in vain for: $what"
        sleep 0.5
    done
}

psql() {
    "$top/scripts/lib/pg_cluster" psql "$stack/postgres" -XqAt -v ON_ERROR_STOP=1 -c "$1"
}

pid_of() {
    cut -d' ' -f1 "$stack/run/$1"
}

# rest WORD...: curl, for Connect's REST interface.
rest() {
    curl -fsS --noproxy '*' --max-time 10 "$@"
}

# Kills a part with SIGKILL and waits for its end.
kill_part() {
    local pid
    pid=$(pid_of "$1")
    kill -s KILL "$pid"
    # A zombie has no working directory.
    wait_until "the end of $1" test ! -e "/proc/$pid/cwd"
}

# begin_run RUN FLAG...: in the background, with $init_num_users; sets run_pid.
init_num_users=200
begin_run() {
    local run=$1
    shift
    "$bazaard" run --run "$run" --init-num-users "$init_num_users" "$@" >"$directory/$run.out" 2>"$directory/$run.log" &
    run_pid=$!
    beside+=("$run_pid")
}

# reap PID: waits for its end, and answers with its status. It is not beside any more: its number may be another's.
reap() {
    local status=0 pid others=()
    wait "$1" || status=$?
    for pid in "${beside[@]}"; do
        [[ $pid == "$1" ]] || others+=("$pid")
    done
    beside=("${others[@]}")
    return "$status"
}

run_is_over() {
    ! kill -0 "$run_pid" 2>/dev/null
}

# end_run RUN: waits for it; it must have written everything.
end_run() {
    local status=0 end=$((SECONDS + 180))
    until run_is_over; do
        ((SECONDS < end)) || die 1 "run $1 does not end: $(tail -n 1 "$directory/$1.log")"
        sleep 0.5
    done
    reap "$run_pid" || status=$?
    ((status == 0)) || die 1 "run $1 ended with status $status: $(tail -n 3 "$directory/$1.log")"
    grep '^units' "$directory/$1.out"
}

# rows_are TABLE COUNT: whether at least so many are there.
rows_are() {
    (($(psql "SELECT count(*) FROM $1") >= $2))
}

# stop_run RUN: lets it write more, and ends it.
stop_run() {
    local orders=$BAZAARD_DB_SCHEMA.orders
    wait_until "more rows" rows_are "$orders" $(($(psql "SELECT count(*) FROM $orders") + 700))
    kill "$run_pid"
    end_run "$1"
}

# Prints how many messages partition 0 of a topic has got so far.
messages() {
    kcat -b "$BAZAARD_BOOTSTRAP_SERVERS" -Q -t "$1:0:-1" | sed -E 's/.* offset //'
}

messages_are() {
    (($(messages "$1" || echo 0) >= $2))
}

slots_have_confirmed() {
    [[ $(psql "SELECT bool_and(confirmed_flush_lsn >= '$1') FROM pg_replication_slots WHERE slot_type = 'logical'") == t ]]
}

# The heartbeat moves the slots on behind the last row. A slot is moved on when Kafka has acknowledged all up to there.
await_delivery() {
    wait_until "the connectors" slots_have_confirmed "$(psql "SELECT pg_current_wal_lsn()")"
}

# kill_connect RUN: kills Connect while the run writes, ends the run, and starts Connect again; sets killed_at to a moment when it
# was dead, in ms since 1970.
kill_connect() {
    kill_part connect
    killed_at=$(date +%s%3N)
    ! run_is_over || die 1 "the run had ended before Connect was killed"
    stop_run "$1"
    "$local_stack" up
}
