# shellcheck shell=bash
# Runs labels of tests, one after the other or in two lanes, counts what they say, and prints the table. Needs common.sh and
# build.sh.
# shellcheck disable=SC2154  # top is common.sh's.

table=()
excerpts=()
passed=0
failed=0
skipped=0
labels_begin=$SECONDS

# ---- Counting --------------------------------------------------------------------------------------------------------

# note LABEL SECONDS COMPILING PROCESSOR RESULT: one line of the table; COMPILING are the seconds of compiling among them, PROCESSOR those
# that its processes used of a processor.
note() {
    table+=("$(awk -v l="$1" -v s="$2" -v c="$3" -v p="$4" -v r="$5" 'function minutes(of) { return of > 0 ? sprintf("%.1f", of / 60) : "-" }
        BEGIN { printf "%-14s %7.1f %9s %9s  %s", l, s / 60, minutes(c), minutes(p), r }')")
}

# used: sets `used` to the seconds of a processor that the processes have used for which this shell has waited, and those for which they
# have. A server that outlives who started it is not among them.
used() {
    local file
    file=$(mktemp)
    times >"$file"
    used=$(awk 'NR == 2 { gsub(/[ms]/, " "); printf "%.1f\n", 60 * ($1 + $3) + $2 + $4 }' "$file")
    rm -f -- "$file"
}

# compiling LOG: the seconds that its builds took, as build_directory says them.
compiling() {
    awk '/^compiled [^ ]+ in [0-9.]+ s$/ { sum += $4 } END { printf "%.1f\n", sum }' "$1"
}

# count LABEL SECONDS STATUS LOG PROCESSOR: adds up the lines of run_ctest in the log; without one, a script is one test.
count() {
    local label=$1 seconds=$2 status=$3 log=$4 lines good bad idle
    read -r lines good bad idle < <(
        sed -nE 's/^counted: ([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/p' "$log" |
            awk '{ good += $1; bad += $2; idle += $3 } END { print NR, good + 0, bad + 0, idle + 0 }'
    )
    if ((status == 77)); then
        good=0 bad=0 idle=1
    elif ((status != 0 && bad == 0)); then
        bad=1
    elif ((lines == 0)) && { is_script "$label" || [[ -x $top/tests/long/$label ]]; }; then
        good=1
    fi
    passed=$((passed + good))
    failed=$((failed + bad))
    skipped=$((skipped + idle))
    local result="$good passed"
    ((bad == 0)) || result="$bad FAILED, $result"
    ((idle == 0)) || result+=", $idle skipped"
    ((good + bad + idle > 0)) || result="no tests"
    ((status != 77)) || result="skipped: $(tail -n 1 "$log")"
    note "$label" "$seconds" "$(compiling "$log")" "$5" "$result"
}

# demand LABEL...: each has a line in the table; one that was never run has failed.
demand() {
    local label
    for label in "$@"; do
        printf '%s\n' "${table[@]}" | grep -q "^$label " && continue
        failed=$((failed + 1))
        note "$label" 0 0 0 "NOT RUN"
    done
}

# keep_excerpt LABEL LOG: of a failed label, what somebody who has only the end of the output must still see.
keep_excerpt() {
    excerpts+=("$(
        printf -- '-- %s failed:\n' "$1"
        grep -nE '\*\*\*(Failed|Timeout|Exception)|Failure$|\[  FAILED  \]' -A 8 "$2" | head -n 80 || true
        # What a script did last, up to its servers' logs.
        awk '/^-- /{ n = 0 } { last[n++] = $0 } END { for (i = 0; i < n && i < 30; i++) print last[i] }' "$2"
        printf -- '-- the end of %s:\n' "$1"
        tail -n 10 "$2"
    )")
}

# finish LABEL SECONDS STATUS LOG PROCESSOR: counts the label, and keeps of its log what will be shown at the end.
finish() {
    local before=$failed
    count "$@"
    ((failed == before)) || keep_excerpt "$1" "$4"
    rm -f -- "$4"
}

summary() {
    local total=$((passed + failed)) line
    ((${#excerpts[@]} == 0)) || printf '\n%s\n' "${excerpts[@]}"
    # Labels of two lanes run at the same time.
    used
    note "all together" $((SECONDS - labels_begin)) 0 "$used" ""
    printf '\n%-14s %7s %9s %9s  %s\n' label minutes compiling processor result
    printf '%s\n' "${table[@]}" | sed 's/ *$//'
    line="$passed passed, $failed failed"
    ((skipped == 0)) || line+=", $skipped skipped"
    printf '\n%d%% tests passed, %d tests failed out of %d\n%s\n' \
        $((total == 0 ? 0 : 100 * passed / total)) "$failed" "$total" "$line"
}

# ---- Running ---------------------------------------------------------------------------------------------------------

# script_of LABEL: prints the path of its script; nothing for a label of ctest, even if tests/long has a longer form of it.
script_of() {
    [[ ! -f $top/tests/ci/$1 || ! -x $top/tests/ci/$1 ]] || printf '%s\n' "$top/tests/ci/$1"
}

is_script() {
    [[ -n $(script_of "$1") ]]
}

# run_label LABEL COMMAND...: runs it with its output in view, and counts.
run_label() {
    local label=$1 start=$SECONDS status=0 log used before
    shift
    log=$(mktemp)
    used
    before=$used
    printf '\n== %s\n' "$label"
    "$@" </dev/null 2>&1 | tee "$log" || status=${PIPESTATUS[0]}
    used
    finish "$label" $((SECONDS - start)) "$status" "$log" "$(awk "BEGIN { print $used - $before }")"
}

# Of each lane the process of the label that runs, and its label, log and beginning; none if it is idle.
lane_pid=("" "") lane_label=("" "") lane_log=("" "") lane_begin=(0 0)

# command_of LABEL: fills the array command with what runs it as a process of its own: its script, or ctest for its tests.
command_of() {
    command=("$(script_of "$1")")
    # shellcheck disable=SC2016  # The inner shell expands these.
    [[ -n ${command[0]} ]] || command=(bash -euc '. "$0/scripts/lib/common.sh"; . "$0/scripts/lib/build.sh"
        run_ctest "$0/build/release" -L "^$1\$"' "$top" "$1")
}

# lane_start LANE NICE LABEL: in the background, with all it starts in a process group of its own; how it ends, and what it used, is
# written to the descriptor lane_news. A shell lets what it has in the background ignore Ctrl-C, which tests send.
lane_start() {
    local command
    lane_label[$1]=$3 lane_log[$1]=$(mktemp) lane_begin[$1]=$SECONDS
    printf -- '-- %s begins\n' "$3"
    command_of "$3"
    # shellcheck disable=SC2016  # The inner shell expands these.
    setsid setpriv --pdeathsig TERM env --default-signal=INT,QUIT bash -c '
        eval "$1"
        status=0
        lane=$2
        shift 2
        setpriv --pdeathsig TERM nice -n "$@" 3>&- || status=$?
        used
        echo "$lane $status $used" >&3' lane "$(declare -f used)" "$1" "$2" "${command[@]}" \
        </dev/null >"${lane_log[$1]}" 2>&1 3>&"$lane_news" {lane_news}>&- &
    lane_pid[$1]=$!
}

# lane_end LANE STATUS PROCESSOR: shows the whole output of its label, and counts it.
lane_end() {
    local log=${lane_log[$1]}
    lane_pid[$1]=
    printf '\n== %s\n' "${lane_label[$1]}"
    cat -- "$log"
    finish "${lane_label[$1]}" $((SECONDS - lane_begin[$1])) "$2" "$log" "$3"
}

# lanes_stop: ends what still runs, within half a minute, and shows how far it has come.
lanes_stop() {
    local lane end=$((SECONDS + 30))
    for lane in 0 1; do
        [[ -z ${lane_pid[lane]} ]] || kill -s TERM -- "-${lane_pid[lane]}" 2>/dev/null || true
    done
    for lane in 0 1; do
        [[ -n ${lane_pid[lane]} ]] || continue
        while kill -s 0 -- "-${lane_pid[lane]}" 2>/dev/null && ((SECONDS < end)); do
            sleep 0.1
        done
        kill -s KILL -- "-${lane_pid[lane]}" 2>/dev/null || true
        printf '\n== %s was stopped\n' "${lane_label[lane]}"
        tail -n 50 -- "${lane_log[lane]}"
        rm -f -- "${lane_log[lane]}"
    done
}

# run_lanes LABEL... -- LABEL...: the labels of the first lane beside those of the second, which mostly wait; those of the first give
# way. A lane without labels takes the last one of the other's. The output of each is shown as a whole when it ends.
run_lanes() {
    local lane=0 label first=() second=() status used fifo
    for label in "$@"; do
        if [[ $label == -- ]]; then
            lane=1
        elif ((lane == 0)); then
            first+=("$label")
        else
            second+=("$label")
        fi
    done
    fifo=$(mktemp -u)
    mkfifo -m 0600 -- "$fifo"
    exec {lane_news}<>"$fifo"
    rm -f -- "$fifo"
    trap 'lanes_stop; exit 130' INT TERM HUP
    while :; do
        for lane in 0 1; do
            [[ -z ${lane_pid[lane]} ]] || continue
            if ((${#first[@]} > 0 && lane == 0)); then
                lane_start "$lane" 10 "${first[0]}"
                first=("${first[@]:1}")
            elif ((${#second[@]} > 0 && lane == 1)); then
                lane_start "$lane" 0 "${second[0]}"
                second=("${second[@]:1}")
            elif ((${#first[@]} > 0)); then
                lane_start "$lane" 10 "${first[-1]}"
                unset 'first[-1]'
            elif ((${#second[@]} > 0)); then
                lane_start "$lane" 0 "${second[-1]}"
                unset 'second[-1]'
            fi
        done
        [[ -n ${lane_pid[0]}${lane_pid[1]} ]] || break
        if read -r -t 5 lane status used <&"$lane_news"; then
            lane_end "$lane" "$status" "$used"
            continue
        fi
        for lane in 0 1; do
            # Its shell was killed before it could say how it ended.
            [[ -z ${lane_pid[lane]} ]] || kill -s 0 "${lane_pid[lane]}" 2>/dev/null || lane_end "$lane" 137 0
        done
    done
    trap - INT TERM HUP
    exec {lane_news}>&-
}
