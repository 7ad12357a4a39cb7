# shellcheck shell=bash
# Builds a preset of CMakePresets.json into build/<preset>. Needs common.sh and packages.sh.
# shellcheck disable=SC2154  # top is common.sh's.

# build_preset PRESET [TARGET]: configures, and builds all or the one target. Warnings are errors where CI=true.
build_preset() {
    local preset=$1 target=${2:-all}
    set --
    [[ ${CI:-} != true ]] || set -- -DBAZAARD_WERROR=ON "$@"
    # One ccache serves every copy of the tree: the path of the copy is no part of what it compares.
    export CCACHE_BASEDIR=$top CCACHE_NOHASHDIR=true
    [[ -f $top/CMakePresets.json ]] || die 66 "there is no CMakePresets.json in $top"
    say "building $preset"
    (cd "$top" && cmake --preset "$preset" "$@" && cmake --build "build/$preset" --target "$target") >&2 ||
        die 70 "the $preset build failed; the compiler's messages are above"
}

# run_ctest DIR ARGUMENT...: the tests of a build that the arguments select, with what failed printed in full.
run_ctest() {
    local dir=$1
    shift
    ctest --test-dir "$dir" --no-tests=ignore --output-on-failure --parallel "$(nproc)" "$@" </dev/null
}

# run_sanitized PRESET [ARGUMENT...]: builds a sanitizer's preset and runs the tests that are quick enough for it, or those of them
# that the arguments for ctest leave.
run_sanitized() {
    local preset=$1
    shift
    ensure_packages build run
    build_preset "$preset"
    run_ctest "$top/build/$preset" -L '^(unit|golden|integration-quick)$' "$@"
}
