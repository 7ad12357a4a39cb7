# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154  # The groups are read through their names; top is common.sh's.
# Which Debian packages the tree needs, and how they get onto the machine. Needs common.sh.

packages_of_build=(
    cmake ninja-build g++ ccache pkg-config
    libboost-dev libboost-program-options-dev libpq-dev libssl-dev libspdlog-dev libfmt-dev
    librdkafka-dev libavro-dev libprotobuf-dev rapidjson-dev libcurl4-openssl-dev nlohmann-json3-dev libsimdjson-dev libyaml-dev prometheus-cpp-dev
)
# Beside these, where the tests are configured or built.
packages_of_build_tests=(libgtest-dev libpqxx-dev)
packages_of_run=(postgresql)
packages_of_test=(python3 python3-yaml python3-jsonschema pgbouncer faketime kcat)
packages_of_stack=(default-jre-headless maven curl)
packages_of_kafka=(protobuf-compiler)
packages_of_fuzz=(clang libclang-rt-14-dev)
packages_of_lint=(clang-format clang-tidy shellcheck)
packages_of_machine=(debootstrap debian-archive-keyring)
packages_of_compose=(buildah)
packages_of_package=(dpkg-dev file)
packages_of_python=(python3-venv)
packages_of_page=(chromium chromium-driver fonts-dejavu-core)
packages_of_manual=(man-db mandoc zsh fish)
packages_of_arm64=(g++-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user-static)

# A drop-in that keeps Debian from creating and starting a cluster of its own while the server is installed.
no_main_cluster=/etc/postgresql-common/createcluster.d/bazaard.conf

# Prints the names that the groups ask for, one per line.
packages_named() {
    local group
    for group in "$@"; do
        declare -p "packages_of_$group" >/dev/null 2>&1 || die 64 "no package group '$group'"
        local -n names=packages_of_$group
        printf '%s\n' "${names[@]}"
        unset -n names
    done
}

# A server from elsewhere is as good as the distribution's.
has_postgresql() {
    local bin
    for bin in "${BAZAARD_PG_BIN:-}" /usr/lib/postgresql/*/bin; do
        [[ ! -x $bin/initdb || ! -x $bin/postgres ]] || return 0
    done
    return 1
}

# find_java MAJOR: prints a program java of that version or later, no matter whose: JAVA_HOME's, the PATH's, or another one's.
find_java() {
    local java version
    for java in "${JAVA_HOME:+$JAVA_HOME/bin/java}" "$(command -v java || true)" /usr/lib/jvm/*/bin/java; do
        [[ -x $java ]] || continue
        # 17.0.15 is 17; so is 17-ea; 1.8.0 was 8.
        version=$("$java" -version 2>&1 | sed -nE 's/.* version "(1\.)?([0-9]+).*/\2/p')
        [[ -n $version ]] && ((version >= $1)) && printf '%s\n' "$java" && return
    done
    return 1
}

# Whether what a package is wanted for is there without it.
has_instead_of() {
    case $1 in
        postgresql) has_postgresql ;;
        default-jre-headless) find_java 17 >/dev/null ;;
        maven) command -v mvn >/dev/null ;;
        curl) command -v curl >/dev/null ;;
        *) return 1 ;;
    esac
}

# Prints those of the names that are not installed, one per line.
packages_missing() {
    local name there
    # shellcheck disable=SC2016  # dpkg-query expands these; it fails when it does not know one of the names.
    there=" $({ dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true; } |
        sed -n 's/^installed //p' | tr '\n' ' ') "
    for name in "$@"; do
        ! has_instead_of "$name" || continue
        # A default-jre-headless older than 17 is there, but is not enough.
        [[ $there == *" $name "* && $name != default-jre-headless ]] || printf '%s\n' "$name"
    done
}

# Prints how root is reached: nothing for root itself, else sudo; fails when there is no way.
packages_become_root() {
    if ((EUID == 0)); then
        return
    fi
    command -v sudo >/dev/null || return 1
    [[ -t 0 ]] || sudo -n true 2>/dev/null || return 1
    printf 'sudo\n'
}

# packages_alone COMMAND...: no two scripts of this tree use apt at the same time; what the command leaves running does not hold the lock.
packages_alone() {
    local lock status=0
    exec {lock}<"$top"
    flock "$lock"
    "$@" {lock}<&- || status=$?
    exec {lock}<&-
    return "$status"
}

packages_install() {
    local become kept=yes status=0
    become=$(packages_become_root) || die 69 "missing: $*; ask an administrator for: apt-get install $*"
    say "installing: $*"
    $become apt-get -q update >/dev/null || die 69 "apt-get update failed; is the network there?"
    if [[ " $* " == *" postgresql "* && ! -e $no_main_cluster ]]; then
        kept=no
        $become mkdir -p "${no_main_cluster%/*}"
        echo "create_main_cluster = false" | $become tee "$no_main_cluster" >/dev/null
    fi
    $become env DEBIAN_FRONTEND=noninteractive \
        apt-get -q -y --no-install-recommends install "$@" </dev/null >&2 || status=$?
    [[ $kept == yes ]] || $become rm -f "$no_main_cluster"
    # Only the program is wanted, not the service that its package starts.
    if [[ " $* " == *" pgbouncer "* && -d /run/systemd/system ]]; then
        $become systemctl --quiet disable --now pgbouncer || true
    fi
    ((status == 0)) || die 69 "apt-get could not install: $*"
}

# Installs those of the names that are missing still: while this script waited, another may have installed some.
packages_install_missing() {
    local names missing=()
    names=$(packages_missing "$@")
    [[ -n $names ]] || return 0
    mapfile -t missing <<<"$names"
    packages_install "${missing[@]}"
}

# ensure_packages GROUP...: installs what the groups need and the machine lacks;
# with BAZAARD_CI_NO_INSTALL set it only says so and stops.
ensure_packages() {
    local names missing=()
    command -v dpkg-query >/dev/null || {
        say "no dpkg here: taking it that the packages for $* are there"
        return
    }
    names=$(packages_named "$@")
    # shellcheck disable=SC2086  # Names of packages hold no blanks.
    names=$(packages_missing $names)
    [[ -n $names ]] || return 0
    mapfile -t missing <<<"$names"
    [[ -z ${BAZAARD_CI_NO_INSTALL:-} ]] ||
        die 69 "missing: ${missing[*]}; install with: apt-get install ${missing[*]}"
    packages_alone packages_install_missing "${missing[@]}"
}
