# shellcheck shell=bash
# The parts of scripts/local-stack: what each is made of, how it is started, and how to see that it is ready.
# Needs common.sh, packages.sh, postgres.sh and process.sh, and 'set -e' in force where a function is called.
# shellcheck disable=SC2154  # top is common.sh's.
#
# A stack is a directory, which holds
#   state     what was chosen at the first start and later ones keep to: ports, versions, options; lines NAME=VALUE
#   postgres  the cluster (scripts/lib/postgres.sh)
#   kafka, connect, registry, shop, verify   what each part keeps
#   etc       the configuration, written anew at each start
#   secrets   the database's password as Connect's config provider reads it: ${file:DIR/secrets/db.properties:password}
#             (or from Connect's environment: ${env:BAZAARD_DB_PASSWORD}), and as --cdc-password-file does
#   run       a record for each process (scripts/lib/process.sh)
#   logs      a log for each part; PostgreSQL's is the cluster's
# Every process but PostgreSQL's has BAZAARD_STACK_OF=DIR in its environment.

stack=
stack_java=
stack_pom=$top/stack/pom.xml
stack_cache=${BAZAARD_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/bazaard}/stack

# stack_open DIR: works on the stack in this directory. It need not exist.
stack_open() {
    local path
    stack=$(readlink -m -- "$1")
    stack_cache=$(readlink -m -- "$stack_cache")
    for path in "$stack" "$stack_cache" "$top"; do
        # Java separates paths by some of these, its property files and Connect's variables know the others.
        [[ ! $path =~ [[:cntrl:]\'\"\\,:*\$] ]] ||
            die 64 "no quote, comma, colon, star, dollar, backslash or line break may be in the path $path"
    done
}

# ---- State -----------------------------------------------------------------------------------------------------------

stack_exists() {
    [[ -f $stack/state ]]
}

# recall NAME [DEFAULT]: prints what was remembered.
recall() {
    local line
    if stack_exists; then
        while IFS= read -r line; do
            [[ $line != "$1="* ]] || { printf '%s\n' "${line#*=}" && return; }
        done <"$stack/state"
    fi
    printf '%s\n' "${2:-}"
}

remember() {
    { grep -v "^$1=" -- "$stack/state" 2>/dev/null || true; } >"$stack/state.new"
    printf '%s=%s\n' "$1" "$2" >>"$stack/state.new"
    mv -- "$stack/state.new" "$stack/state"
}

# Prints the parts of this stack in the order of the data that flows through them.
stack_parts() {
    [[ $(recall DEMO) != yes ]] || echo shop
    echo postgres
    echo kafka
    [[ $(recall AVRO) != yes ]] || echo registry
    echo connect
    # It reads no Avro.
    [[ $(recall DEMO) != yes || $(recall AVRO) == yes ]] || echo verify
}

# One change at a time. Nothing that we start keeps the lock.
stack_claim() {
    local lock
    exec {lock}>"$stack/lock"
    flock --wait 120 "$lock" || die 75 "another local-stack has been changing $stack for two minutes"
}

# part_pid PART: prints its process id; fails when it does not run.
part_pid() {
    if [[ $1 == postgres ]]; then
        pg_pid "$(pg_place "$stack/postgres")"
    else
        proc_pid "$stack/run/$1"
    fi
}

# Whether nobody has stopped it since it was started, be it there or not.
part_is_recorded() {
    if [[ $1 == postgres ]]; then
        [[ -e $stack/postgres/env ]]
    else
        [[ -e $stack/run/$1 ]]
    fi
}

# part_port PART: prints its port; nothing for one that has none.
part_port() {
    recall "PORT_$1"
}

# ---- Ports -----------------------------------------------------------------------------------------------------------

port_is_open() {
    (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# choose_port PART [NAME]: the port of last time, or another one when somebody else has taken it meanwhile.
choose_port() {
    local part=$1 name=${2:-$1} port
    ! part_pid "$part" >/dev/null || return 0
    port=$(part_port "$name")
    if [[ -n $port ]]; then
        port_is_open "$port" || return 0
        say "another process has taken port $port; $part gets a new one"
    fi
    port=$(pg_free_port)
    while grep -q "^PORT_.*=$port\$" -- "$stack/state"; do
        port=$(pg_free_port)
    done
    remember "PORT_$name" "$port"
}

# ---- Downloads -------------------------------------------------------------------------------------------------------

# pinned WHAT: prints the version that pom.xml says.
pinned() {
    sed -nE "s:.*<$1\.version>([^<]+)</.*:\1:p" "$stack_pom"
}

kafka_folder() {
    printf '%s/kafka-%s-log4j-%s\n' "$stack_cache" "$(pinned kafka)" "$(pinned log4j)"
}

debezium_folder() {
    printf '%s/debezium-postgres-%s\n' "$stack_cache" "$1"
}

registry_folder() {
    printf '%s/apicurio-registry-%s\n' "$stack_cache" "$(pinned apicurio)"
}

converter_folder() {
    printf '%s/apicurio-converter-%s\n' "$stack_cache" "$(pinned apicurio)"
}

# fetch FOLDER PROFILE [OPTION...]: downloads what a profile of pom.xml lists, unless it is there. The folder gets its name
# when it is complete. Single jars lie in its folder jars, archives are unpacked beside that.
fetch() {
    local folder=$1 profile=$2 lock
    shift 2
    [[ ! -d $folder ]] || return 0
    mkdir -p -- "$stack_cache" || die 73 "cannot make the directory $stack_cache"
    exec {lock}>"$stack_cache/lock"
    flock "$lock"
    [[ -d $folder ]] || fetch_locked "$folder" "$profile" "$@"
    exec {lock}>&-
}

fetch_locked() {
    local folder=$1 profile=$2 new=$1.new log=$1.log file begin=$EPOCHREALTIME
    shift 2
    say "downloading ${folder##*/}"
    rm -rf -- "$new"
    mkdir -- "$new"
    MAVEN_OPTS="${MAVEN_OPTS:-} -Xmx256m" mvn -B -U -ntp -Dstyle.color=never -f "$stack_pom" -P "$profile" \
        "-Dmaven.repo.local=$stack_cache/maven" "-DoutputDirectory=$new/jars" -DincludeScope=runtime "$@" \
        dependency:copy-dependencies </dev/null >"$log" 2>&1 ||
        die 69 "Maven could not fetch ${folder##*/}: $(grep -m 1 ERROR "$log" || tail -n 1 "$log") (see $log)"
    for file in "$new"/jars/*.tar.gz; do
        [[ -e $file ]] || continue
        tar -xzf "$file" -C "$new" --no-same-owner ||
            die 69 "${file##*/} is damaged; remove $stack_cache/maven and try again"
        rm -f -- "$file"
    done
    [[ -n $(find "$new" -name '*.jar' -size +0 -print -quit) ]] || die 69 "Maven fetched nothing (see $log)"
    mv -T -- "$new" "$folder"
    rm -f -- "$log"
    say "  took $(seconds_since "$begin") s; $(du -sm "$folder" | cut -f1) MB in $folder"
}

# stack_fetch DEBEZIUM: all that this stack needs, with this version of Debezium.
stack_fetch() {
    fetch "$(kafka_folder)" kafka
    fetch "$(debezium_folder "$1")" connector "-Ddebezium.version=$1"
    if [[ $(recall AVRO) == yes ]]; then
        fetch "$(registry_folder)" registry
        fetch "$(converter_folder)" converter
    fi
}

# ---- Starting --------------------------------------------------------------------------------------------------------

seconds_since() {
    awk -v from="$1" -v to="$EPOCHREALTIME" 'BEGIN { printf "%.1f", to - from }'
}

ready_line() {
    say "$(printf '%-10s %-30s %s' "$1" "$2" "$3")"
}

# stack_spawn PART NAME=VALUE... -- COMMAND...: starts it, unless it runs with this very command and configuration.
stack_spawn() {
    local part=$1 sum
    shift
    sum=$({ printf '%s\n' "$@" && { cat -- "$stack/etc/$part.properties" 2>/dev/null || true; }; } | sha256sum)
    if part_pid "$part" >/dev/null; then
        [[ $(recall "SUM_$part") != "$sum" ]] || return 0
        say "$part runs with other settings; starting it again"
        proc_stop "$stack/run/$part" 20 || die 70 "$part cannot be stopped"
    fi
    remember "SUM_$part" "$sum"
    # What a killed one has left in its temporary folder goes.
    rm -rf -- "$stack/$part/tmp"
    mkdir -p -- "$stack/$part/tmp"
    proc_spawn "$stack/run/$part" "$stack/$part" "$stack/logs/$part.log" "PATH=$PATH" LC_ALL=C.UTF-8 \
        "HOME=$stack/$part" "TMPDIR=$stack/$part/tmp" "BAZAARD_STACK_OF=$stack" "$@"
}

# java_command PART HEAP_MB: sets the array java to the beginning of a command line.
java_command() {
    local more
    read -r -a more <<<"${BAZAARD_JAVA_OPTIONS:-}"
    java=("$stack_java" "${more[@]}" -Xms64m "-Xmx${2}m" -Xss512k -XX:+UseSerialGC -XX:MaxDirectMemorySize=64m
        -XX:ReservedCodeCacheSize=96m -XX:+ExitOnOutOfMemoryError -XX:-UsePerfData
        "-Djava.io.tmpdir=$stack/$1/tmp" "-Dbazaard.log=$stack/logs/$1.log"
        "-Dlog4j2.configurationFile=$top/stack/log4j2.properties")
}

# complaint PART: prints the line of its log that says best why it ended.
complaint() {
    local lines
    lines=$(tail -n 200 -- "$stack/logs/$1.log" 2>/dev/null) || lines=
    { grep -E '^Caused by: |^[a-z.]+[.][A-Za-z]+(Exception|Error): ' <<<"$lines" ||
        grep -E ' (ERROR|FATAL) |^Error|"level":"error"' <<<"$lines" || cat <<<"$lines"; } | tail -n 1 | cut -c1-300
}

# await PART WHAT SECONDS COMMAND...: asks until it is true, and says how long that took from began on.
await() {
    local part=$1 what=$2 limit=$3 end=$((SECONDS + $3))
    shift 3
    until "$@"; do
        part_pid "$part" >/dev/null || die 69 "$part has ended: $(complaint "$part") (see $stack/logs/$part.log)"
        ((SECONDS < end)) || die 69 "$part: not '$what' within $limit s (see $stack/logs/$part.log)"
        sleep 0.1
    done
    ready_line "$part" "$what" "$(seconds_since "$began") s"
}

# ---- PostgreSQL ------------------------------------------------------------------------------------------------------

stack_psql() {
    PGCONNECT_TIMEOUT=3 pg_psql "$stack/postgres" -XqAt -c "$1"
}

postgres_is_ready() {
    [[ $(stack_psql "SELECT 1" 2>/dev/null) == 1 ]]
}

postgres_start() {
    local began=$EPOCHREALTIME earlier port
    earlier=$(part_port postgres)
    # Somebody killed the start after the server was up and before it was noted how to reach it.
    [[ -e $stack/postgres/env ]] || pg_stop "$stack/postgres" immediate
    # A slot that nobody reads is to fill no disk.
    pg_start "$stack/postgres" --fast --set wal_level=logical --set max_slot_wal_keep_size=4GB
    port=$(pg_value "$stack/postgres" PGPORT)
    [[ -z $earlier || $earlier == "$port" ]] ||
        say "another process has taken port $earlier; tell connectors that name it: $port"
    remember PORT_postgres "$port"
    postgres_write_secrets
    await postgres "answers" 60 postgres_is_ready
}

postgres_write_secrets() {
    local password
    password=$(sed -n 's/^127\.0\.0\.1:[^:]*:[^:]*:[^:]*://p' "$stack/postgres/pgpass")
    [[ -d $stack/secrets ]] || mkdir -m 0700 -- "$stack/secrets"
    (umask 077 && printf 'password=%s\n' "$password" >"$stack/secrets/db.properties")
    # The role of the connector gets the password that the workers know already.
    (umask 077 && printf '%s\n' "$password" >"$stack/secrets/connector")
}

# ---- Kafka -----------------------------------------------------------------------------------------------------------

kafka_configure() {
    local port controller
    port=$(part_port kafka)
    controller=$(part_port controller)
    cat >"$stack/etc/kafka.properties" <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=$stack/kafka/data
auto.create.topics.enable=false
num.partitions=1
default.replication.factor=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=1000
broker.session.timeout.ms=5000
num.network.threads=2
num.io.threads=2
log.segment.bytes=104857600
log.cleaner.dedupe.buffer.size=16777216
END
}

# A data directory gets its mark when it is complete.
kafka_format() {
    local java id began=$EPOCHREALTIME
    [[ ! -e $stack/kafka/formatted ]] || return 0
    rm -rf -- "$stack/kafka"
    mkdir -p -- "$stack/kafka/tmp"
    # 16 bytes in 22 characters, as Kafka writes them. The last holds 2 bits; a dash in front would be taken for an option.
    id=M$(head -c 15 /dev/urandom | base64 | tr '+/' '-_')A
    java_command kafka 128
    "${java[@]}" -cp "$(kafka_folder)/jars/*" kafka.tools.StorageTool format -t "$id" -c "$stack/etc/kafka.properties" \
        </dev/null >>"$stack/logs/kafka.log" 2>&1 ||
        die 70 "Kafka's data directory could not be made: $(complaint kafka) (see $stack/logs/kafka.log)"
    : >"$stack/kafka/formatted"
    ready_line kafka "data directory made" "$(seconds_since "$began") s"
}

kafka_start() {
    local java
    kafka_configure
    kafka_format
    java_command kafka 256
    stack_spawn kafka -- "${java[@]}" -cp "$(kafka_folder)/jars/*" kafka.Kafka "$stack/etc/kafka.properties"
}

# Asks for the cluster's metadata as a client does (Metadata version 4, of no topic). The answer is 4 bytes of length, 4 of
# the request's number, 4 of throttling, 4 of the number of brokers, and so on.
kafka_is_ready() (
    exec 3<>"/dev/tcp/127.0.0.1/$(part_port kafka)" || exit 1
    printf '\0\0\0\x0f\0\x03\0\x04\0\0\0\x01\xff\xff\0\0\0\0\0' >&3
    answer=$(timeout 2 head -c 16 <&3 | od -An -v -tx1 | tr -d ' \n')
    [[ $answer =~ ^.{8}00000001.{8}00000001$ ]]
) 2>/dev/null

# ---- Connect ---------------------------------------------------------------------------------------------------------

connect_configure() {
    local plugins discovery=service_load exactly=disabled
    plugins=$(debezium_folder "$(recall DEBEZIUM)")
    if [[ $(recall AVRO) == yes ]]; then
        # The converters do not announce themselves: Connect has to look through the classes.
        plugins+=,$(converter_folder)
        discovery=hybrid_warn
    fi
    [[ $(recall EXACTLY_ONCE) != yes ]] || exactly=enabled
    cat >"$stack/etc/connect.properties" <<END
bootstrap.servers=127.0.0.1:$(part_port kafka)
group.id=bazaard-connect
listeners=http://127.0.0.1:$(part_port connect)
rest.advertised.host.name=127.0.0.1
key.converter=org.apache.kafka.connect.json.JsonConverter
value.converter=org.apache.kafka.connect.json.JsonConverter
key.converter.schemas.enable=false
value.converter.schemas.enable=false
config.storage.topic=_connect_configs
offset.storage.topic=_connect_offsets
status.storage.topic=_connect_status
config.storage.replication.factor=1
offset.storage.replication.factor=1
status.storage.replication.factor=1
offset.storage.partitions=1
status.storage.partitions=1
offset.flush.interval.ms=1000
plugin.path=$plugins
plugin.discovery=$discovery
topic.creation.enable=true
scheduled.rebalance.max.delay.ms=0
session.timeout.ms=6000
heartbeat.interval.ms=2000
exactly.once.source.support=$exactly
config.providers=env,file
config.providers.env.class=org.apache.kafka.common.config.provider.EnvVarConfigProvider
config.providers.file.class=org.apache.kafka.common.config.provider.FileConfigProvider
config.providers.file.param.allowed.paths=$stack/secrets
END
}

connect_start() {
    local java password
    connect_configure
    password=$(sed -n 's/^password=//p' "$stack/secrets/db.properties")
    java_command connect 512
    stack_spawn connect "BAZAARD_DB_PASSWORD=$password" -- "${java[@]}" -cp "$(kafka_folder)/jars/*" \
        org.apache.kafka.connect.cli.ConnectDistributed "$stack/etc/connect.properties"
}

# get PART PATH: what it answers on its port.
get() {
    curl -fsS --noproxy '*' --max-time 5 "http://127.0.0.1:$(part_port "$1")$2" 2>/dev/null
}

connect_is_ready() {
    [[ $(get connect /health) == *'"healthy"'* ]]
}

# Prints the names of the connectors, one per line.
connector_names() {
    get connect /connectors | tr -d '[]" ' | tr ',' '\n' | sed '/^$/d'
}

# connector_states NAME: prints the connector's state and those of its tasks, as in "RUNNING RUNNING".
connector_states() {
    get connect "/connectors/$1/status" | { grep -oE '"state":"[A-Z_]+"' || true; } | cut -d'"' -f4 | xargs
}

# Whether each connector runs with each of its tasks. One that somebody has stopped need not.
connectors_run() {
    local names name states
    names=$(connector_names) || return 1
    for name in $names; do
        states=$(connector_states "$name") || return 1
        [[ $states =~ ^(STOPPED|PAUSED( PAUSED)*|RUNNING( RUNNING)+)$ ]] || return 1
    done
}

# The connectors of last time go on by themselves. Waits for it; but one that cannot is not the stack's failure.
connectors_await() {
    local end=$((SECONDS + 30)) names name
    names=$(connector_names) || names=
    [[ -n $names ]] || return 0
    until connectors_run || ((SECONDS >= end)); do
        sleep 0.2
    done
    for name in $names; do
        ready_line connect "connector $name" "$(seconds_since "$began") s: $(connector_states "$name")"
    done
}

slots_are_active() {
    [[ $(stack_psql "SELECT bool_and(active) FROM pg_replication_slots WHERE slot_type = 'logical'") == t ]]
}

# Whether an order has come to Kafka. Connect names a topic when its first record is there.
order_arrived() {
    get connect "/connectors/bazaard-demo/topics" | grep -qF "\"$(recall TOPIC_PREFIX).demo.orders\""
}

# Prints the last verdict of the program that verifies the demo's topics.
last_verdict() {
    grep -E '(clean|mismatch|not proven)(, partial .*)?: events' "$stack/logs/verify.log" 2>/dev/null | tail -n 1 |
        sed -E 's/.*((clean|mismatch|not proven).*: events)/\1/'
}

verdict_is_there() {
    [[ -n $(last_verdict) ]]
}

# ---- Registry --------------------------------------------------------------------------------------------------------

registry_start() {
    local java
    java_command registry 256
    stack_spawn registry "HTTP_PORT=$(part_port registry)" QUARKUS_HTTP_HOST=127.0.0.1 \
        "REGISTRY_DATASOURCE_URL=jdbc:h2:file:$stack/registry/schemas" \
        -- "${java[@]}" -jar "$(registry_folder)/apicurio-registry-app-$(pinned apicurio)-runner.jar"
}

registry_is_ready() {
    get registry /apis/registry/v2/system/info >/dev/null
}
