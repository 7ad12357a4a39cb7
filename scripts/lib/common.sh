# shellcheck shell=bash
# What every script here shares: the tree's top, one form of message, one form of error.

# A failure inside $(...) is a failure.
shopt -s inherit_errexit

# shellcheck disable=SC2034  # Read by the scripts that source this file.
top=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)

# Says on stderr what is being done, so that stdout stays for results.
say() {
    printf '%s\n' "$*" >&2
}

# die STATUS MESSAGE...: one clear line, then the exit status (sysexits.h: 64 usage, 69 unavailable, 70 internal).
die() {
    local status=$1
    shift
    # For whoever says it again at the end.
    last_words="${0##*/}: $*"
    printf '%s\n' "$last_words" >&2
    exit "$status"
}

# Prints the comment block under the shebang of the running script: its help.
help_text() {
    sed -n '2,/^[^#]/{/^#/!q;s/^# \{0,1\}//;p}' "$0"
}

# The files of the working tree that git knows or would add, NUL-separated, relative to the top.
tree_files() {
    local file
    [[ -e $top/.git ]] || die 66 "$top is no git checkout; clone the tree instead of copying it"
    git -c safe.directory="$top" -C "$top" ls-files -z --cached --others --exclude-standard |
        while IFS= read -r -d '' file; do
            [[ ! -e $top/$file && ! -L $top/$file ]] || printf '%s\0' "$file"
        done
}

# copy_tree DIR: copies the working tree, without build output and private data, into DIR.
copy_tree() {
    mkdir -p "$1"
    tree_files | tar -C "$top" --null --files-from=- -cf - | tar -C "$1" --no-same-owner -xf -
}
