# shellcheck shell=bash
# Builds a preset of CMakePresets.json into build/<preset>. Needs common.sh and packages.sh.
# shellcheck disable=SC2154  # top is common.sh's.

# build_preset PRESET [TARGET]: configures, and builds all or the one target. Warnings are errors where CI=true; with BAZAARD_CI_UNITY=ON
# several sources are compiled as one.
build_preset() {
    local preset=$1 target=${2:-all}
    set --
    [[ -z ${BAZAARD_CI_UNITY:-} ]] || set -- -DBAZAARD_UNITY="$BAZAARD_CI_UNITY" "$@"
    [[ ${CI:-} != true ]] || set -- -DBAZAARD_WERROR=ON "$@"
    # One ccache serves every copy of the tree: the path of the copy is no part of what it compares, nor is the language. The Dockerfile
    # says the same.
    export CCACHE_BASEDIR=$top CCACHE_NOHASHDIR=true CCACHE_SLOPPINESS=locale
    [[ -f $top/CMakePresets.json ]] || die 66 "there is no CMakePresets.json in $top"
    say "building $preset"
    (cd "$top" && cmake --preset "$preset" "$@" && build_directory "build/$preset" --target "$target") >&2 ||
        die 70 "the $preset build failed; the compiler's messages are above"
}

# build_directory DIR ARGUMENT...: builds what was configured there; says how long that took, which the table of scripts/test adds up.
build_directory() {
    local begin=$EPOCHREALTIME status=0
    cmake --build "$@" || status=$?
    awk -v name="${1##*/}" -v from="$begin" -v to="$EPOCHREALTIME" 'BEGIN { printf "compiled %s in %.1f s\n", name, to - from }'
    return "$status"
}

# run_ctest DIR ARGUMENT...: the tests of a build that the arguments select, with what failed printed in full, and counted.
run_ctest() {
    local dir=$1 results status=0
    shift
    results=$(mktemp)
    ctest --test-dir "$dir" --no-tests=ignore --output-on-failure --parallel "$(nproc)" --output-junit "$results" \
        --test-output-size-passed 10000000 --test-output-size-failed 10000000 "$@" </dev/null || status=$?
    count_results "$results"
    rm -f -- "$results"
    return "$status"
}

# count_results FILE: prints how many tests there were in what ctest ran (--output-junit): of a program of gtest as many as its last
# lines say, else one. A program that fails without a failed test has crashed, or found none.
count_results() {
    awk '
        /^[ \t]*<testcase / { status = $0; sub(/.* status="/, "", status); sub(/".*/, "", status); ok = no = off = closed = 0 }
        { line = $0; sub(/^[ \t]*<system-out>/, "", line) }
        line ~ /^\[==========\] [0-9]+ tests? from .* ran\./ { closed = 1 }
        line ~ /^\[  PASSED  \] [0-9]+ tests?\./ { ok = $4 }
        line ~ /^\[  SKIPPED \] [0-9]+ tests?, listed below:/ { off = $4 }
        line ~ /^\[  FAILED  \] [0-9]+ tests?, listed below:/ { no = $4 }
        /^[ \t]*<\/testcase>/ {
            if (status == "notrun" || status == "disabled") off = 1
            else if (status != "run" && no == 0) no = 1
            else if (status == "run" && !closed) ok = 1
            good += ok; bad += no; idle += off
        }
        END { printf "counted: %d passed, %d failed, %d skipped\n", good, bad, idle }' "$1"
}

# run_sanitized PRESET [ARGUMENT...]: builds a sanitizer's preset and runs the tests that are quick enough for it, or those of them
# that the arguments for ctest leave.
run_sanitized() {
    local preset=$1
    shift
    ensure_packages build build_tests run
    build_preset "$preset"
    run_ctest "$top/build/$preset" -L '^(unit|golden|integration-quick)$' "$@"
}
