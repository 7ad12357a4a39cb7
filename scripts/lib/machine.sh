# shellcheck shell=bash
# Another Debian in a directory: made by debootstrap, entered in namespaces of its own. Needs common.sh.
#
# Everything that is mounted or started inside lives in those namespaces, so all of it is gone when the command ends,
# however it ends.

# shellcheck disable=SC2034  # Read by the scripts that source this file.
machine_cache=${BAZAARD_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/bazaard}

# Prints "URI SUITE..." for each source of packages that apt is configured with, in both of apt's formats.
machine_sources() {
    local file
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [[ ! -r $file ]] || sed -nE 's/^deb[[:space:]]+(\[[^]]*\][[:space:]]*)?([^[:space:]]+)[[:space:]]+([^[:space:]]+).*/\2 \3/p' "$file"
    done
    for file in /etc/apt/sources.list.d/*.sources; do
        [[ ! -r $file ]] || awk '
            function flush(  n, i, uris) {
                n = split(uri, uris, " ")
                for (i = 1; i <= n && enabled; ++i) print uris[i], suites
                uri = suites = ""; enabled = 1
            }
            BEGIN { enabled = 1 }
            /^#/ { next }
            /^[[:space:]]*$/ { flush(); next }
            tolower($1) == "enabled:" && tolower($2) == "no" { enabled = 0 }
            tolower($1) == "uris:" { $1 = ""; uri = substr($0, 2) }
            tolower($1) == "suites:" { $1 = ""; suites = substr($0, 2) }
            END { flush() }' "$file"
    done
}

# Prints the mirror of Debian that this machine itself uses; fails on a machine that uses none.
machine_mirror() {
    if [[ -n ${BAZAARD_DEBIAN_MIRROR:-} ]]; then
        printf '%s\n' "$BAZAARD_DEBIAN_MIRROR"
        return
    fi
    local id codename
    # shellcheck disable=SC1091
    id=$(. /etc/os-release && printf '%s' "$ID")
    # shellcheck disable=SC1091
    codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
    [[ $id == debian ]] || return 1
    machine_sources | awk -v want="$codename" '
        { for (i = 2; i <= NF; ++i) if ($i == want) { print $1; found = 1; exit } }
        END { exit !found }'
}

# Why no machine can be made here; fails, printing nothing, when one can.
machine_obstacle() {
    if ((EUID != 0)); then
        echo "needs root"
    elif ! unshare --mount --propagation private --pid --fork true 2>/dev/null; then
        echo "this machine allows no mount namespaces"
    elif ! machine_mirror >/dev/null; then
        echo "apt knows no Debian mirror here; set BAZAARD_DEBIAN_MIRROR"
    else
        return 1
    fi
}

# What makes apt work here makes it work inside: its configuration, its logins, names and certificates.
machine_configure_apt() {
    local root=$1 suite=$2 mirror=$3 file
    printf 'deb %s %s main\n' "$mirror" "$suite" >"$root/etc/apt/sources.list"
    rm -f "$root"/etc/apt/sources.list.d/*
    for file in /etc/apt/apt.conf /etc/apt/apt.conf.d/*; do
        [[ ! -f $file ]] || ! grep -q '^[[:space:]]*Acquire' "$file" || cp "$file" "$root/etc/apt/apt.conf.d/"
    done
    [[ ! -d /etc/apt/auth.conf.d ]] || cp -a /etc/apt/auth.conf.d "$root/etc/apt/"
    for file in /etc/resolv.conf /etc/hosts; do
        [[ ! -e $file ]] || cp --remove-destination -L "$file" "$root$file"
    done
    if [[ -e /etc/ssl/certs/ca-certificates.crt ]]; then
        mkdir -p "$root/etc/ssl/certs"
        cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
    fi
}

# debootstrap fetches with wget, which knows apt's proxy only through the environment.
machine_export_proxy() {
    local proxy
    eval "$(apt-config shell proxy Acquire::http::Proxy)"
    [[ -z ${proxy:-} || $proxy == DIRECT ]] || export http_proxy=$proxy
    eval "$(apt-config shell proxy Acquire::https::Proxy)"
    [[ -z ${proxy:-} || $proxy == DIRECT ]] || export https_proxy=$proxy
}

# machine_base SUITE: prints the path of a minimal root of this Debian, made by debootstrap once. Nobody changes it: who wants to,
# works in a copy. Only what makes apt work is written again.
machine_base() {
    local suite=$1 root=$machine_cache/base-$1 mirror lock
    mirror=$(machine_mirror)
    mkdir -p "$machine_cache"
    exec {lock}>"$root.lock"
    flock "$lock"
    if [[ ! -e $root/.finished ]]; then
        say "making a $suite machine in $root"
        rm -rf --one-file-system "$root"
        mkdir -p "$root"
        (machine_export_proxy
            debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$root.log" 2>&1) ||
            die 69 "debootstrap failed: $(tail -n 1 "$root.log") (see $root.log)"
        printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
        chmod +x "$root/usr/sbin/policy-rc.d"
        : >"$root/.finished"
    fi
    machine_configure_apt "$root" "$suite" "$mirror"
    exec {lock}>&-
    printf '%s\n' "$root"
}

# machine_make DIR SUITE: a root of its own in DIR, unless a finished one is there.
machine_make() {
    local root=$1 suite=$2 base
    if [[ ! -e $root/.finished ]]; then
        base=$(machine_base "$suite")
        rm -rf --one-file-system "$root"
        cp -a --reflink=auto -- "$base" "$root.new"
        mv -T -- "$root.new" "$root"
    else
        machine_configure_apt "$root" "$suite" "$(machine_mirror)"
    fi
}

# Compilations on Debian 13 of whoever makes them in /src: the label debian13 and the image.
machine_trixie_ccache=$machine_cache/ccache-trixie

# machine_run DIR COMMAND...: runs the command as root inside. Its processes and mounts end with it. With machine_ccache set, that
# directory is the inner ccache.
machine_run() {
    local root=$1
    shift
    export machine_ccache=${machine_ccache:-}
    # shellcheck disable=SC2016  # The inner shell expands these.
    unshare --mount --propagation private --pid --fork --kill-child bash -euc '
        root=$1; shift
        mount --bind "$root" "$root"
        mount -t proc proc "$root/proc"
        mount --rbind /dev "$root/dev"
        mount --rbind /sys "$root/sys"
        mount -t tmpfs tmpfs "$root/run"
        if [[ -n $machine_ccache ]]; then
            mkdir -p "$root/root/.cache/ccache"
            mount --bind "$machine_ccache" "$root/root/.cache/ccache"
        fi
        exec chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
    ' machine "$root" "$@"
}

# machine_trixie SCRIPT ARGUMENT...: runs a script of the working tree on Debian 13, on a copy of the tree.
machine_trixie() {
    local root=$machine_cache/debian13
    ensure_packages machine
    mkdir -p "$machine_cache"
    exec {lock}>"$root.lock"
    flock "$lock"
    machine_make "$root" trixie
    rm -rf --one-file-system "$root/src"
    # Where the image is built, too: the one takes the compilations of the other.
    copy_tree "$root/src"
    mkdir -p "$machine_trixie_ccache"
    # shellcheck disable=SC2016  # The inner shell expands it.
    machine_ccache=$machine_trixie_ccache machine_run "$root" env CI=true bash -c 'cd /src && exec "$@"' machine "$@"
    rm -rf --one-file-system "$root/src"
}
