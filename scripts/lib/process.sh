# shellcheck shell=bash
# Processes that live on after the script that started them, and are found again by another one. Needs common.sh, and
# postgres.sh for pg_close_files.
#
# A process is known by a record, a file "PID START BOOT": its number, when it was started (in ticks since the machine was) and
# which start of the machine that was. A number is given to somebody else sooner or later; the three together never are.

proc_boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo unknown)

# proc_start_of PID: sets proc_start; fails when the process has ended, which one that nobody has collected yet has too.
proc_start_of() {
    local line fields
    proc_start=
    read -r line 2>/dev/null <"/proc/$1/stat" || return 1
    # The name of the program comes second, in parentheses, and may hold blanks and parentheses.
    read -r -a fields <<<"${line##*) }"
    [[ ${fields[0]} != [ZX] ]] || return 1
    proc_start=${fields[19]}
}

# proc_lives PID START: whether this very process lives.
proc_lives() {
    proc_start_of "$1" && [[ $proc_start == "$2" ]]
}

# proc_pid RECORD: prints the number of the recorded process; fails when it does not live.
proc_pid() {
    local pid start boot
    read -r pid start boot 2>/dev/null <"$1" || return 1
    [[ $pid =~ ^[0-9]+$ && $boot == "$proc_boot" ]] && proc_lives "$pid" "$start" || return 1
    printf '%s\n' "$pid"
}

# proc_spawn RECORD DIR LOG NAME=VALUE... -- COMMAND...: starts the command in DIR, with these variables alone, in a session of
# its own and with none of our files open. The process writes its record itself before it becomes the command: there is none
# without a record, whenever we are killed. No command line ever shows the variables, as env's would.
proc_spawn() {
    local record=$1 dir=$2 log=$3 variables=() end=$((SECONDS + 10))
    shift 3
    while [[ $1 != -- ]]; do
        variables+=("$1") && shift
    done
    shift
    rm -f -- "$record"
    (
        pg_close_files
        cd -- "$dir" || exit
        while IFS= read -r name; do
            unset "$name"
        done < <(compgen -e)
        export "${variables[@]}"
        # shellcheck disable=SC2016
        exec setsid bash -c 'read -r line <"/proc/$$/stat" && read -r -a fields <<<"${line##*) }" || exit
            printf "%s %s %s\n" "$$" "${fields[19]}" "$2" >"$1.new" && mv -- "$1.new" "$1" || exit
            shift 2
            exec "$@"' proc_spawn "$record" "$proc_boot" "$@"
    ) </dev/null >>"$log" 2>&1 &
    until [[ -e $record ]]; do
        ((SECONDS < end)) || die 71 "could not start $1; see $log"
        sleep 0.02
    done
}

# proc_end PID START SECONDS: SIGTERM, and SIGKILL when that was not enough for so long; fails when even that was not.
proc_end() {
    local pid=$1 start=$2 end=$((SECONDS + $3))
    ! proc_lives "$pid" "$start" || kill -s TERM "$pid" 2>/dev/null || true
    while proc_lives "$pid" "$start"; do
        if ((SECONDS >= end)); then
            say "process $pid did not end within $3 s of SIGTERM; killing it"
            kill -s KILL "$pid" 2>/dev/null || true
            break
        fi
        sleep 0.05
    done
    end=$((SECONDS + 10))
    while proc_lives "$pid" "$start"; do
        ((SECONDS < end)) || return 1
        sleep 0.05
    done
}

# proc_stop RECORD SECONDS: ends the recorded process, if it still is that one, and forgets it.
proc_stop() {
    local pid start boot
    if read -r pid start boot 2>/dev/null <"$1" && [[ $boot == "$proc_boot" ]]; then
        proc_end "$pid" "$start" "$2" || return 1
    fi
    rm -f -- "$1"
}

# proc_marked WORD: prints "PID START" of each process of ours that has this word NAME=VALUE in its environment.
proc_marked() {
    local file pid
    { grep -lzxF -- "$1" /proc/[0-9]*/environ 2>/dev/null || true; } | while IFS= read -r file; do
        pid=${file#/proc/}
        pid=${pid%/environ}
        ! proc_start_of "$pid" || printf '%s %s\n' "$pid" "$proc_start"
    done
}

# proc_memory PID: prints the KiB of memory that the process occupies, its children's included. What several of them share is
# counted once, where the kernel tells.
proc_memory() {
    local parent=$1 file line fields pids=("$1") pid
    for file in /proc/[0-9]*/stat; do
        read -r line 2>/dev/null <"$file" || continue
        read -r -a fields <<<"${line##*) }"
        [[ ${fields[1]} != "$parent" ]] || pids+=("${line%% *}")
    done
    for pid in "${pids[@]}"; do
        if ((${#pids[@]} > 1)) && grep -s '^Pss:' "/proc/$pid/smaps_rollup" 2>/dev/null; then
            continue
        fi
        grep -s '^VmRSS:' "/proc/$pid/status" || true
    done | awk '{ sum += $2 } END { print sum + 0 }'
}
