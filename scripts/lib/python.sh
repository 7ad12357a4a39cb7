# shellcheck shell=bash
# Programs of the Python package index, of pinned versions, in an environment of their own. Needs common.sh, packages.sh, machine.sh.
# shellcheck disable=SC2154  # machine_cache is machine.sh's.

# python_tools NAME==VERSION...: prints the directory of their programs; 77 ends the script where they cannot be had.
python_tools() {
    local name=python-${*//[^a-z0-9.=]/-} place
    place=$machine_cache/${name// /-}
    if [[ ! -e $place/.finished ]]; then
        ensure_packages python
        mkdir -p "$machine_cache"
        rm -rf -- "$place"
        # The system's own: another one may lie before it in the PATH, and go.
        /usr/bin/python3 -m venv "$place" >&2
        if ! "$place/bin/pip" --quiet --disable-pip-version-check install "$@" >&2; then
            echo "${0##*/}: pip cannot install $*"
            exit 77
        fi
        : >"$place/.finished"
    fi
    printf '%s\n' "$place/bin"
}
