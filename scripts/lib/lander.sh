# shellcheck shell=bash
# The lander of lake/ with the packages that its pyproject.toml pins, in an environment of its own. Needs common.sh, packages.sh,
# machine.sh.
# shellcheck disable=SC2154  # machine_cache is machine.sh's, top common.sh's.

# lander_tools EXTRA: prints the directory of the programs: python, and with the extra "test" mypy; none with "run". PYTHONPATH has
# to name lake/src. Answers 77, with the reason on stdout, where the packages cannot be had.
lander_tools() {
    local extra=$1 place lock
    local -a pinned
    ensure_packages python test
    mapfile -t pinned < <(/usr/bin/python3 - "$top/lake/pyproject.toml" "$extra" <<'END'
import sys, tomllib
with open(sys.argv[1], "rb") as file:
    project = tomllib.load(file)["project"]
print(*project["dependencies"], *project["optional-dependencies"].get(sys.argv[2], []), sep="\n")
END
    )
    ((${#pinned[@]} > 5)) || die 70 "lake/pyproject.toml names no packages"
    place=$machine_cache/lander-$extra-$(printf '%s\n' "${pinned[@]}" | sha256sum | cut -c1-12)
    mkdir -p -- "$machine_cache"
    exec {lock}>"$place.lock"
    flock "$lock"
    if [[ ! -e $place/.finished ]]; then
        rm -rf -- "$place"
        /usr/bin/python3 -m venv "$place" >&2
        if ! "$place/bin/pip" --quiet --disable-pip-version-check install "${pinned[@]}" >&2; then
            echo "${0##*/}: pip cannot install ${pinned[*]}"
            return 77
        fi
        : >"$place/.finished"
    fi
    exec {lock}>&-
    printf '%s\n' "$place/bin"
}
