# shellcheck shell=bash
# What tests of scripts/local-stack share: a stack in a folder of its own, which is gone at the end, and looking whether it is.
# Needs common.sh; sets bazaard, local_stack, directory and stack.
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
}
trap clean_up EXIT

step() {
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

# Kills a part with SIGKILL and waits for its end.
kill_part() {
    local pid
    pid=$(pid_of "$1")
    kill -s KILL "$pid"
    # A zombie has no working directory.
    wait_until "the end of $1" test ! -e "/proc/$pid/cwd"
}
