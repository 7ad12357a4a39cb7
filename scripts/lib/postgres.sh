# shellcheck shell=bash
# Starts and stops private PostgreSQL clusters: quickstart, 'dev pg', the tests and the local Kafka stack all use this one
# library. Needs common.sh, and 'set -e' in force where a function is called.
# shellcheck disable=SC2154  # top is common.sh's.
#
# A cluster is named by a directory, DIR, which holds
#   env      while it runs: how to connect, as lines NAME=VALUE without quotes, in libpq's names
#   pgpass   the password for TCP, in libpq's format; libpq finds it through PGPASSFILE in env
#   bin      the binaries it was made with
#   place    where the rest lies; PostgreSQL refuses to run as root, so for root it belongs to another user, and when that
#            user cannot reach DIR (a home of mode 0700) it lies under /var/tmp
# and in that place, which nobody but its owner (and root) can enter,
#   data     the data directory          settings  its settings (--set)
#   log      PostgreSQL's log            .s.PGSQL.* the Unix socket, unless its path would be too long
#
# The socket asks for no password, because the place is closed to others; TCP (loopback only) asks for one.
# Every cluster has the superuser bazaar and the database fh_dev.

pg_role=bazaar
pg_database=fh_dev
# What fits into sockaddr_un, less "/.s.PGSQL.65535".
pg_socket_dir_max=92

# ---- Binaries --------------------------------------------------------------------------------------------------------

# pg_find_bin [MAJOR]: prints the directory of initdb and postgres: $BAZAARD_PG_BIN, or the newest (of that major version).
pg_find_bin() {
    local bin found=
    if [[ -n ${BAZAARD_PG_BIN:-} ]]; then
        found=$BAZAARD_PG_BIN
    else
        # shellcheck disable=SC2086  # The star is meant.
        found=$(printf '%s\n' /usr/lib/postgresql/${1:-*}/bin | sort -t/ -k5,5n | tail -n 1)
        if [[ ! -x $found/initdb ]] && bin=$(command -v initdb); then
            found=$(dirname -- "$(readlink -f -- "$bin")")
        fi
    fi
    [[ -x $found/initdb && -x $found/postgres ]] ||
        die 69 "no PostgreSQL${1:+ $1} server found; install postgresql or set BAZAARD_PG_BIN to the directory of initdb"
    if [[ -n ${1:-} && $(pg_major_of "$found") != "$1" ]]; then
        die 69 "the data is PostgreSQL $1's, but $found is $(pg_major_of "$found"); use that version or remove the cluster"
    fi
    printf '%s\n' "$found"
}

pg_major_of() {
    "$1/postgres" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/'
}

# ---- Places ----------------------------------------------------------------------------------------------------------

# Prints the user who owns and runs clusters.
pg_owner() {
    if ((EUID != 0)); then
        id -un
    elif getent passwd postgres >/dev/null; then
        echo postgres
    else
        echo nobody
    fi
}

# Runs a command as the owner: in /, as the owner may not see the current directory; with nothing of our environment; and
# in a session of its own, so that a Ctrl-C in our terminal does not reach it.
pg_as_owner() (
    cd /
    local become=()
    if ((EUID == 0)); then
        local owner
        owner=$(pg_owner)
        become=(setpriv --reuid="$owner" --regid="$(id -g "$owner")" --clear-groups)
    fi
    exec setsid --wait "${become[@]}" env -i PATH=/usr/local/bin:/usr/bin:/bin LC_ALL=C.UTF-8 "$@"
)

# pg_dir DIR: prints it as an absolute path without links. It need not exist.
pg_dir() {
    [[ -n ${1:-} ]] || die 64 "which cluster? give its directory"
    [[ $1 != *$'\n'* && $1 != *\'* ]] || die 64 "a cluster's directory holds no quote and no line break: $1"
    readlink -m -- "$1"
}

pg_place_elsewhere() {
    readlink -m -- "/var/tmp/bazaard-$EUID-$(printf '%s' "$1" | sha256sum | cut -c1-12)"
}

# pg_place DIR: prints where data and log lie. A recorded place counts only when it can be this DIR's: a copied tree has a
# copied record.
pg_place() {
    local dir=$1 elsewhere recorded=
    elsewhere=$(pg_place_elsewhere "$dir")
    [[ ! -r $dir/place ]] || recorded=$(<"$dir/place")
    if [[ $recorded == "$dir/pg" || $recorded == "$elsewhere" ]]; then
        printf '%s\n' "$recorded"
    elif ((EUID != 0)) || pg_as_owner test -x "$dir"; then
        printf '%s\n' "$dir/pg"
    else
        printf '%s\n' "$elsewhere"
    fi
}

# Makes the place and its record. Under /var/tmp anyone could have made it before us.
pg_make_place() {
    local dir=$1 place=$2 owner
    owner=$(pg_owner)
    if [[ ! -e $place && ! -L $place ]]; then
        mkdir -m 0700 -- "$place"
        ((EUID != 0)) || chown "$owner": -- "$place"
    fi
    [[ ! -L $place && -d $place && $(stat -c %U -- "$place") == "$owner" ]] ||
        die 77 "$place is not a directory of user $owner; remove it"
    pg_as_owner test -w "$place" || die 77 "user $owner cannot write to $place; remove it or open its parent directories"
    printf '%s\n' "$place" >"$dir/place"
}

# Writes stdin to a file of the owner.
pg_write() {
    # shellcheck disable=SC2016
    pg_as_owner sh -c 'cat >"$1"' sh "$1"
}

# ---- State -----------------------------------------------------------------------------------------------------------

# Prints the postmaster's process id; fails when it does not run. A pid file can outlive its server, and its number can
# belong to another process by now: the server is the process that works in the data directory.
pg_pid() {
    local data=$1/data pid
    pid=$(head -n 1 -- "$data/postmaster.pid" 2>/dev/null) || return 1
    [[ $pid =~ ^[0-9]+$ && $(pg_as_owner readlink "/proc/$pid/cwd" 2>/dev/null) == "$data" ]] || return 1
    printf '%s\n' "$pid"
}

# pg_value DIR NAME: prints one value of env; nothing when it does not run.
pg_value() {
    [[ ! -r $1/env ]] || sed -n "s/^$2=//p" "$1/env"
}

# One change at a time to one cluster. A trap may stop what we were about to start: then the lock is ours already.
pg_lock=
pg_locked() {
    local dir=$1
    shift
    [[ -z $pg_lock ]] || exec {pg_lock}>&-
    exec {pg_lock}>"$dir/lock"
    flock --wait 60 "$pg_lock" || die 75 "another process has been changing $dir for a minute"
    "$@"
    exec {pg_lock}>&-
    pg_lock=
}

# ---- Start -----------------------------------------------------------------------------------------------------------

# A port that nobody listens on, below the range the kernel gives to outgoing connections.
pg_free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 12000))
        (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    printf '%s\n' "$port"
}

pg_default_settings() {
    cat <<'END'
listen_addresses = '127.0.0.1'
unix_socket_permissions = 0700
max_connections = 100
wal_level = logical
max_wal_senders = 10
max_replication_slots = 10
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d/%a '
END
}

# A new data directory: complete or absent, as the name is given last.
pg_init() {
    local dir=$1 place=$2 bin=$3 sync=$4 options=()
    [[ $sync == yes ]] || options=(--no-sync)
    rm -rf -- "$place/data.new"
    pg_as_owner "$bin/initdb" "${options[@]}" --pgdata="$place/data.new" --username="$pg_role" --encoding=UTF8 \
        --locale=C.UTF-8 --auth=trust >"$dir/initdb.log" 2>&1 ||
        die 71 "initdb failed: $(tail -n 1 "$dir/initdb.log") (see $dir/initdb.log)"
    pg_default_settings | pg_write "$place/settings"
    printf '%s\n' "include '../settings'" "include_if_exists '../endpoint'" |
        pg_as_owner tee -a "$place/data.new/postgresql.conf" >/dev/null
    pg_write "$place/data.new/pg_hba.conf" <<'END'
local  all          all                trust         
local  replication  all                trust         
host   all          all  127.0.0.1/32  scram-sha-256
host   replication  all  127.0.0.1/32  scram-sha-256
END
    pg_as_owner mv "$place/data.new" "$place/data"
    rm -f -- "$dir/initdb.log" "$dir/pgpass"
}

# pg_set PLACE NAME=VALUE: keeps one setting, in place of an earlier one of that name.
pg_set() {
    [[ $2 =~ ^[a-z_.]+=[^\']*$ ]] || die 64 "--set wants name=value without quotes, as in fsync=off; got $2"
    {
        pg_as_owner sed "/^${2%%=*} = /d" "$1/settings"
        printf "%s = '%s'\n" "${2%%=*}" "${2#*=}"
    } | pg_write "$1/settings.new"
    pg_as_owner mv "$1/settings.new" "$1/settings"
}

# Prints the directory for the Unix socket: the place, or a short one of its own.
pg_socket_dir() {
    local place=$1 earlier=$2 dir
    if ((${#place} <= pg_socket_dir_max)); then
        printf '%s\n' "$place"
    elif [[ -n $earlier && -d $earlier && $(stat -c %U -- "$earlier") == "$(pg_owner)" ]]; then
        printf '%s\n' "$earlier"
    else
        dir=$(mktemp -d /tmp/bazaard-pg.XXXXXX)
        ((EUID != 0)) || chown "$(pg_owner)": "$dir"
        printf '%s\n' "$dir"
    fi
}

# A server keeps what it inherits, a lock for instance: closes everything but the standard streams.
pg_close_files() {
    local fd
    for fd in /proc/"$BASHPID"/fd/*; do
        fd=${fd##*/}
        ((fd <= 2 || fd == 255)) || eval "exec $fd>&-"
    done
}

# Prints the line of the log that says why.
pg_complaint() {
    local lines
    lines=$(pg_as_owner tail -n 20 "$1" 2>/dev/null) || lines="it left no log"
    { grep -E 'invalid value|unrecognized|syntax error' <<<"$lines" || grep -E 'FATAL|PANIC' <<<"$lines" ||
        cat <<<"$lines"; } | tail -n 1
}

# Starts the server, on the port of last time when that is free, so that connection strings stay good.
pg_launch() {
    local place=$1 bin=$2 socket=$3 port
    port=$(pg_as_owner sed -n 's/^port = //p' "$place/endpoint" 2>/dev/null) || port=
    if [[ -z $port ]] || (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
        port=$(pg_free_port)
    fi
    # What a killed server left: pg_pid has found that nobody runs here.
    pg_as_owner find "$place/data/postmaster.pid" "$socket" -maxdepth 1 \
        '(' -name postmaster.pid -o -name '.s.PGSQL.*' ')' -delete 2>/dev/null || true
    for _ in {1..20}; do
        printf "port = %d\nunix_socket_directories = '%s'\n" "$port" "$socket" | pg_write "$place/endpoint"
        if (
            pg_close_files
            pg_as_owner "$bin/pg_ctl" start --silent --wait --timeout=300 --pgdata="$place/data" --log="$place/log"
        ) </dev/null >/dev/null 2>&1; then
            return
        fi
        case $(pg_as_owner tail -n 5 "$place/log" 2>/dev/null) in
            # Somebody else was faster on that port.
            *"Address already in use"*) port=$(pg_free_port) ;;
            # The backends of a killed server are still on their way out.
            *"is still in use"*) sleep 0.5 ;;
            *) break ;;
        esac
    done
    die 69 "PostgreSQL did not start: $(pg_complaint "$place/log") (see $place/log)"
}

pg_write_env() {
    local dir=$1 place=$2 bin=$3 socket=$4
    cat >"$dir/env.new" <<END
PGHOST=$socket
PGPORT=$(pg_as_owner sed -n 's/^port = //p' "$place/endpoint")
PGUSER=$pg_role
PGDATABASE=$pg_database
PGPASSFILE=$dir/pgpass
BAZAARD_PG_DIR=$dir
BAZAARD_PG_DATA=$place/data
BAZAARD_PG_LOG=$place/log
BAZAARD_PG_BIN=$bin
BAZAARD_PG_PID=$(pg_pid "$place")
END
    mv -- "$dir/env.new" "$dir/env"
}

# Makes what is missing inside: the password and the database.
pg_fill() {
    local dir=$1 password
    if [[ ! -s $dir/pgpass ]]; then
        password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
        pg_psql "$dir" -Xqd postgres <<<"ALTER ROLE $pg_role PASSWORD '$password'"
        (umask 077 && printf '%s:*:*:*:%s\n' 127.0.0.1 "$password" localhost "$password" >"$dir/pgpass")
    fi
    pg_psql "$dir" -XqAtd postgres -v ON_ERROR_STOP=1 <<<"SELECT 'CREATE DATABASE $pg_database'
        WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '$pg_database') \\gexec"
}

# pg_start DIR [OPTION...]: starts the cluster, making it first if DIR is new. Nothing happens to one that runs.
#   --bin BINDIR       the binaries to use instead of the newest
#   --set NAME=VALUE   a setting, kept for later starts
#   --fast             make it without waiting for the disk (the setting fsync stays as it is)
#   --with PID         stop it when that process has ended, however it ended
pg_start() {
    local dir bin='' sync=yes settings=() with=''
    dir=$(pg_dir "${1:-}")
    shift
    while (($# > 0)); do
        case $1 in
            --fast) sync=no && shift && continue ;;
            --bin | --set | --with) (($# > 1)) || die 64 "$1 needs a value" ;;
            *) die 64 "unknown option $1; there are --bin, --set, --fast and --with" ;;
        esac
        case $1 in
            --bin) bin=$2 ;;
            --set) settings+=("$2") ;;
            --with) with=$2 ;;
        esac
        shift 2
    done
    mkdir -p -- "$dir" || die 73 "cannot make the directory $dir"
    pg_locked "$dir" pg_start_locked "$dir" "$bin" "$sync" "${settings[@]}"
    [[ -z $with ]] || pg_watch "$dir" "$with"
}

pg_start_locked() {
    local dir=$1 bin=$2 sync=$3 place socket setting
    shift 3
    place=$(pg_place "$dir")
    pg_make_place "$dir" "$place"
    bin=$(pg_choose_bin "$dir" "$place" "$bin")
    pg_as_owner test -x "$bin/postgres" || die 77 "user $(pg_owner) cannot run $bin/postgres"
    pg_as_owner test -d "$place/data" || pg_init "$dir" "$place" "$bin" "$sync"
    for setting in "$@"; do
        pg_set "$place" "$setting"
    done
    if ! pg_pid "$place" >/dev/null; then
        socket=$(pg_socket_dir "$place" "$(pg_value "$dir" PGHOST)")
        pg_launch "$place" "$bin" "$socket"
        pg_write_env "$dir" "$place" "$bin" "$socket"
    elif (($# > 0)); then
        pg_as_owner "$bin/pg_ctl" reload --silent --pgdata="$place/data"
    fi
    pg_fill "$dir"
}

# The binaries asked for, those that the cluster was made with, or the newest.
pg_choose_bin() {
    local dir=$1 place=$2 bin=$3 major
    major=$(pg_as_owner cat "$place/data/PG_VERSION" 2>/dev/null) || major=
    if [[ -z $bin && -n $major && -r $dir/bin && -x $(<"$dir/bin")/postgres ]]; then
        bin=$(<"$dir/bin")
    fi
    bin=$(BAZAARD_PG_BIN=${bin:-${BAZAARD_PG_BIN:-}} pg_find_bin "$major")
    printf '%s\n' "$bin" | tee "$dir/bin"
}

# Stops the cluster when the process has ended; one that nobody has collected yet, a zombie, has ended too.
pg_watch() {
    local dir=$1 pid=$2
    pg_unwatch "$dir"
    (
        pg_close_files
        cd /
        # shellcheck disable=SC2016
        exec setsid bash -c 'while grep -q "^State:.[^ZX]" "/proc/$1/status"; do sleep 1; done
            exec "$2" stop "$3"' \
            pg_watch "$pid" "$top/scripts/lib/pg_cluster" "$dir"
    ) </dev/null >/dev/null 2>&1 &
    printf '%d\n' "$!" >"$dir/watcher"
}

pg_unwatch() {
    local dir=$1 pid
    pid=$(cat -- "$dir/watcher" 2>/dev/null) || return 0
    rm -f -- "$dir/watcher"
    # The watcher itself may be the one that stops.
    [[ $pid != "$$" ]] && tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF -- "$dir" || return 0
    kill -- "-$pid" 2>/dev/null || true
}

# ---- Stop and use ----------------------------------------------------------------------------------------------------

# pg_stop DIR [MODE]: stops it (fast or immediate; fast if not said). Nothing happens when it does not run.
pg_stop() {
    local dir mode=${2:-fast}
    dir=$(pg_dir "${1:-}")
    [[ $mode =~ ^(fast|immediate)$ ]] || die 64 "no mode $mode; there are fast and immediate"
    [[ -d $dir ]] || return 0
    pg_locked "$dir" pg_stop_locked "$dir" "$mode"
}

pg_stop_locked() {
    local dir=$1 mode=$2 place pid socket
    place=$(pg_place "$dir")
    pg_unwatch "$dir"
    if pid=$(pg_pid "$place"); then
        pg_as_owner "$(pg_value "$dir" BAZAARD_PG_BIN)/pg_ctl" stop --silent --wait --timeout=60 --mode="$mode" \
            --pgdata="$place/data" >/dev/null 2>&1 || kill -KILL "$pid" 2>/dev/null || true
    fi
    socket=$(pg_value "$dir" PGHOST)
    [[ $socket != /tmp/bazaard-pg.* ]] || rm -rf -- "$socket"
    rm -f -- "$dir/env"
}

# pg_status DIR: says in one line whether it runs; fails with 3 when it does not.
pg_status() {
    local dir pid
    dir=$(pg_dir "${1:-}")
    if pid=$(pg_pid "$(pg_place "$dir")"); then
        printf 'running: process %s, socket %s, port %s\n' "$pid" "$(pg_value "$dir" PGHOST)" "$(pg_value "$dir" PGPORT)"
    else
        printf 'not running: %s\n' "$dir"
        return 3
    fi
}

# pg_env DIR: prints how to connect.
pg_env() {
    local dir
    dir=$(pg_dir "${1:-}")
    cat -- "$dir/env" 2>/dev/null || die 69 "no cluster runs in $dir; start it first"
}

# pg_psql DIR ARGUMENT...: psql on it.
pg_psql() {
    local dir names
    dir=$(pg_dir "${1:-}")
    shift
    mapfile -t names < <(grep '^PG' -- "$dir/env")
    ((${#names[@]} > 0)) || die 69 "no cluster runs in $dir; start it first"
    env -u PGSERVICE "${names[@]}" "$(pg_value "$dir" BAZAARD_PG_BIN)/psql" "$@"
}

# pg_remove DIR: stops it and deletes everything of it.
pg_remove() {
    local dir place
    dir=$(pg_dir "${1:-}")
    [[ -d $dir ]] || return 0
    place=$(pg_place "$dir")
    pg_stop "$dir" immediate
    [[ ! -O $place && $EUID != 0 ]] || rm -rf -- "$place"
    rm -f -- "$dir"/{env,env.new,pgpass,place,bin,watcher,initdb.log,lock}
    rmdir --ignore-fail-on-non-empty -- "$dir"
}
