#!/usr/bin/env python3
"""Plays what docker-compose.yml says without an engine: each service's real software in a root directory of its own, all of
them in one network of their own, started in the order and with the health checks that stand there.

    play.py --compose PROGRAM --image ROOT --image-config FILE --postgres ROOT --stack DIRECTORY --java PROGRAM SCENE [DIRECTORY]

What runs: our services in the image that was built (ROOT), as its user; PostgreSQL in a Debian with that (ROOT); Kafka, Connect
with Debezium and the registry from Maven's jars (the cache folder of scripts/local-stack). The converters to Avro are the
registry's version there, in Debezium's image a later one. What an image's start script makes of the
environment is done here in the same way: for Kafka by the image's own class. To be called as root in new namespaces
(`unshare --mount --net --pid --fork --kill-child`): nothing of it is left when this ends, however it ends.
"""

import argparse
import contextlib
import glob
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request

# The ports of the host are the containers' here: there is one network.
ENVIRONMENT = {"KAFKA_PORT": "9094", "PATH": os.environ["PATH"], "HOME": "/nonexistent"}
# The variable of the image where the file gives none (apache/kafka: docker/resources/common-scripts/configureDefaults).
CLUSTER_ID = "5L6g3nShT-eMCtK--X86sw"
# What the distribution of Kafka brings along, and Debezium's image begins with.
CONNECT_DEFAULTS = {
    "bootstrap.servers": "localhost:9092", "group.id": "connect-cluster",
    "key.converter": "org.apache.kafka.connect.json.JsonConverter", "key.converter.schemas.enable": "true",
    "value.converter": "org.apache.kafka.connect.json.JsonConverter", "value.converter.schemas.enable": "true",
    "offset.storage.topic": "connect-offsets", "offset.storage.replication.factor": "1",
    "config.storage.topic": "connect-configs", "config.storage.replication.factor": "1",
    "status.storage.topic": "connect-status", "status.storage.replication.factor": "1",
    "offset.flush.interval.ms": "10000",
}
# The image's names of settings, and what it takes where nothing is said (debezium/container-images: docker-entrypoint.sh).
CONNECT_NAMES = {
    "BOOTSTRAP_SERVERS": "bootstrap.servers", "GROUP_ID": "group.id", "CONFIG_STORAGE_TOPIC": "config.storage.topic",
    "OFFSET_STORAGE_TOPIC": "offset.storage.topic", "STATUS_STORAGE_TOPIC": "status.storage.topic",
    "KEY_CONVERTER": "key.converter", "VALUE_CONVERTER": "value.converter",
    "SHUTDOWN_TIMEOUT": "task.shutdown.graceful.timeout.ms", "OFFSET_FLUSH_INTERVAL_MS": "offset.flush.interval.ms",
    "OFFSET_FLUSH_TIMEOUT_MS": "offset.flush.timeout.ms",
}
CONNECT_UNLESS_SAID = {"GROUP_ID": "1", "OFFSET_FLUSH_INTERVAL_MS": "60000", "OFFSET_FLUSH_TIMEOUT_MS": "5000",
                       "SHUTDOWN_TIMEOUT": "10000"}


def say(text):
    print(f"[{time.monotonic() - BEGAN:5.1f} s] {text}", flush=True)


def fail(text):
    print(f"play.py: {text}", file=sys.stderr, flush=True)
    sys.exit(1)


def seconds(text):
    """A duration as Compose writes it, such as 1m30s."""
    total, number = 0.0, ""
    units = {"h": 3600, "m": 60, "s": 1}
    for char in text.replace("ms", "M"):
        if char in units or char == "M":
            total, number = total + float(number) * units.get(char, 0.001), ""
        else:
            number += char
    return total


def run(*command, **how):
    return subprocess.run(command, check=True, **how)


class Place:
    """A root directory that looks like another one; what is written there is gone with the namespace."""

    def __init__(self, work, name, lower):
        self.root = f"{work}/{name}/root"
        self.sealed = False
        upper, inner = f"{work}/{name}/upper", f"{work}/{name}/inner"
        for folder in (self.root, upper, inner):
            os.makedirs(folder)
        run("mount", "-t", "overlay", "-o", f"lowerdir={lower},upperdir={upper},workdir={inner}", "overlay", self.root)
        for folder in ("proc", "dev", "tmp", "run/secrets"):
            os.makedirs(f"{self.root}/{folder}", exist_ok=True)
        run("mount", "-t", "proc", "proc", f"{self.root}/proc")
        run("mount", "--rbind", "/dev", f"{self.root}/dev")
        # Nothing of this machine's is in a container's.
        run("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", f"{self.root}/tmp")

    def path(self, inside):
        return self.root + inside

    def seal(self, how="ro"):
        """From now on nothing in it can be written, as `read_only` says."""
        run("mount", "-o", f"remount,{how}", self.root)
        self.sealed = how == "ro"

    def write(self, inside, text, mode=0o644, owner=0):
        if self.sealed:
            # From outside, as a secret of Compose's is a file of the host's.
            self.seal("rw")
            self.write(inside, text, mode, owner)
            return self.seal()
        path = self.path(inside)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        os.chown(path, owner, owner)

    def folder(self, inside, owner):
        os.makedirs(self.path(inside), exist_ok=True)
        os.chown(self.path(inside), owner, owner)

    def bind(self, outside, inside):
        os.makedirs(self.path(inside), exist_ok=True)
        if not os.path.ismount(self.path(inside)):
            run("mount", "--bind", outside, self.path(inside))

    def start(self, command, environment, user, **how):
        def enter():
            os.chroot(self.root)
            os.chdir("/")
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)

        return subprocess.Popen(command, env=environment, preexec_fn=enter, stdin=subprocess.DEVNULL,
                                start_new_session=True, **how)

    def ask(self, command, environment, user=0, timeout=30.0):
        """Status and output of a command; None when it took too long."""
        with self.start(command, environment, user, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as asked:
            try:
                # Read while it runs: what fills the pipe would wait for ever.
                words = asked.communicate(timeout=timeout)[0]
                return asked.returncode, words
            except subprocess.TimeoutExpired:
                asked.kill()
                return None, ""


class Play:
    """The services, as far as they have been started."""

    def __init__(self, asked, work):
        self.asked = asked
        self.work = work
        self.config = self.read_config()
        self.secrets = self.read_secrets()
        self.services = self.config["services"]
        self.places = {}
        self.processes = {}
        self.begin = {"postgres": self.postgres, "kafka": self.kafka, "connect": self.connect, "registry": self.registry}

    def read_config(self):
        profiles, other = SCENES[self.asked.scene][1:]
        command = [self.asked.compose, *(f"--profile={profile}" for profile in profiles), "config", "--format", "json"]
        return json.loads(run(*command, cwd=self.asked.directory, env={**ENVIRONMENT, **other}, stdout=subprocess.PIPE,
                              text=True).stdout)

    def read_secrets(self):
        with open(f"{self.asked.directory}/.env", encoding="utf-8") as file:
            values = dict(line.strip().split("=", 1) for line in file if "=" in line and not line.startswith("#"))
        return {name: values[secret["environment"]] for name, secret in self.config["secrets"].items()}

    def environment(self, name):
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        if name == "postgres":
            # The image has them there too.
            binaries = glob.glob(self.asked.postgres + "/usr/lib/postgresql/*/bin")[0].removeprefix(self.asked.postgres)
            path = binaries + ":" + path
        given = self.services[name].get("environment") or {}
        return {"PATH": path, "HOSTNAME": name, **{key: value for key, value in given.items() if value is not None}}

    def place(self, name, lower):
        """The root of a service, with its secrets and the names of all others."""
        if name not in self.places:
            place = self.places[name] = Place(self.work, name, lower)
            hosts = "".join(f"127.0.0.1 {host}\n" for host in ("localhost", os.uname().nodename, *self.services))
            place.write("/etc/hosts", hosts)
            # An engine writes those that come from a variable for all to read.
            for secret in self.services[name].get("secrets", []):
                place.write(f"/run/secrets/{os.path.basename(secret.get('target') or secret['source'])}",
                            self.secrets[secret["source"]], 0o444)
            if self.services[name].get("read_only"):
                place.seal()
        return self.places[name]

    def spawn(self, name, command, environment, user):
        log = open(f"{self.work}/{name}.log", "ab")  # pylint: disable=consider-using-with
        self.processes[name] = self.places[name].start(command, environment, user, stdout=log, stderr=log)

    # ---- What the images' start scripts do ----

    def postgres(self, name):
        place = self.place(name, self.asked.postgres)
        environment = self.environment(name)
        version = place.ask(["postgres", "--version"], environment)[1].split()[2]
        image = self.services[name]["image"].rpartition(":")[2]
        if version.split(".")[0] != image.split(".")[0]:
            fail(f"{name}: the file says {image}, and here is {version}")
        data, role = environment["PGDATA"], environment["POSTGRES_USER"]
        owner = os.stat(place.path("/var/lib/postgresql")).st_uid
        place.folder("/run/postgresql", owner)
        if not os.path.exists(place.path(data) + "/PG_VERSION"):
            place.folder(data, owner)
            steps = [["initdb", "--encoding=UTF8", "--locale=C.UTF-8", "--username=" + role, "--pwfile=" + environment["POSTGRES_PASSWORD_FILE"],
                      "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync", "-D", data],
                     ["pg_ctl", "-D", data, "-o", "-c listen_addresses=", "-w", "start"],
                     ["createdb", "-U", role, environment["POSTGRES_DB"]],
                     ["pg_ctl", "-D", data, "-m", "fast", "-w", "stop"]]
            for step in steps:
                # The server that stays behind would keep a pipe open.
                with open(f"{self.work}/{name}.log", "ab") as log:
                    status = place.start(step, environment, owner, stdout=log, stderr=log).wait(60)
                if status != 0:
                    fail(f"{name}: {step[0]} ended with {status}: {self.last_words(name)}")
            with open(place.path(data) + "/pg_hba.conf", "a", encoding="utf-8") as file:
                file.write("\nhost all all all scram-sha-256\n")
        words = self.services[name]["command"]
        self.spawn(name, [words[0], "-D", data, "-c", "listen_addresses=*", *words[1:]], environment, owner)

    def java(self, place, heap):
        """The beginning of a command line; all users can read the jars there."""
        jars = glob.glob(f"{self.asked.stack}/kafka-{self.version('kafka')}-*/jars")[0]
        place.bind(jars, "/opt/kafka/libs")
        return [*self.java_begin(heap), "-cp", "/opt/kafka/libs/*"]

    def java_begin(self, heap):
        return [self.asked.java, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", *(heap or "-Xmx256m").split()]

    def version(self, name):
        """What the file's image of a service is tagged with; the artefacts have the same versions."""
        return self.services[name]["image"].rpartition(":")[2]

    def kafka(self, name):
        user = 1000
        place = self.place(name, "/")
        environment = {"CLUSTER_ID": CLUSTER_ID, **self.environment(name)}
        for folder in ("/etc/kafka/docker", "/mnt/shared/config", "/opt/kafka/config", environment["KAFKA_LOG_DIRS"]):
            place.folder(folder, user)
        java = self.java(place, environment.get("KAFKA_HEAP_OPTS"))
        # The image's own settings, which are not to be used: whatever runs with them is seen.
        place.write("/etc/kafka/docker/server.properties", "process.roles=broker\n")
        status, words = place.ask([*java, "kafka.docker.KafkaDockerWrapper", "setup",
                                   "--default-configs-dir", "/etc/kafka/docker", "--mounted-configs-dir", "/mnt/shared/config",
                                   "--final-configs-dir", "/opt/kafka/config"], environment, user, 60)
        # The image's script lets this pass, too.
        if status != 0 and "already formatted" not in words:
            fail(f"{name}: the image's setup ended with {status}: {words.strip()}")
        self.spawn(name, [*java, "kafka.Kafka", "/opt/kafka/config/server.properties"], environment, user)

    def connect(self, name):
        user = 1001
        place = self.place(name, "/")
        environment = {**CONNECT_UNLESS_SAID, **self.environment(name)}
        settings = dict(CONNECT_DEFAULTS)
        settings.update({CONNECT_NAMES[key]: value for key, value in environment.items() if key in CONNECT_NAMES})
        settings.update({key.removeprefix("CONNECT_").lower().replace("_", "."): value
                         for key, value in environment.items() if key.startswith("CONNECT_")})
        settings["rest.advertised.host.name"] = name
        settings["plugin.path"] = "/kafka/connect"
        if environment.get("ENABLE_APICURIO_CONVERTERS") == "true":
            # The image puts links to them beside the connectors.
            place.bind(glob.glob(f"{self.asked.stack}/apicurio-converter-*")[0], "/kafka/external_libs/apicurio")
            settings["plugin.path"] += ",/kafka/external_libs/apicurio"
        plugins = f"{self.asked.stack}/debezium-postgres-{self.version(name)}"
        place.bind(plugins, "/kafka/connect")
        place.write("/kafka/config/connect-distributed.properties",
                    "".join(f"{key}={value}\n" for key, value in settings.items()))
        self.spawn(name, [*self.java(place, environment.get("HEAP_OPTS")), "org.apache.kafka.connect.cli.ConnectDistributed",
                          "/kafka/config/connect-distributed.properties"], environment, user)

    def registry(self, name):
        user = 1000
        place = self.place(name, "/")
        place.bind(f"{self.asked.stack}/apicurio-registry-{self.version(name)}", "/deployments")
        self.spawn(name, [*self.java_begin(None), "-jar", f"/deployments/apicurio-registry-app-{self.version(name)}-runner.jar"],
                   self.environment(name), user)

    # ---- Ours ----

    def is_ours(self, name):
        return self.services[name]["image"] == self.services["shop"]["image"]

    def ours(self, name):
        """Root, command line and user as the image's configuration says them."""
        with open(self.asked.image_config, encoding="utf-8") as file:
            image = json.load(file)["Docker"]["config"]
        user = int(image["User"].split(":")[0])
        return self.place(name, self.asked.image), image["Entrypoint"] + (self.services[name].get("command") or image["Cmd"]), user

    def once(self, name, timeout=120.0, **other):
        """Runs a service that ends by itself; its status and output."""
        place, command, user = self.ours(name)
        return place.ask(command, {**self.environment(name), **other}, user, timeout)

    def complete(self, name):
        status, words = self.once(name)
        if status != 0:
            fail(f"{name} ended with {status}: {words.strip()}")
        if "is not known" in words:
            fail(f"{name} does not know a variable: {words.strip()}")
        say(f"{name} is done: " + words.strip().splitlines()[-1])

    # ---- The order ----

    def last_words(self, name):
        with open(f"{self.work}/{name}.log", encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-15:]).strip()

    def await_health(self, name):
        """Asks as the file says, but ten times as often; as long as the file says."""
        check = self.services[name]["healthcheck"]
        kind, *command = check["test"]
        if kind == "CMD-SHELL":
            command = ["/bin/sh", "-c", *command]
        limit = time.monotonic() + seconds(check["interval"]) * check["retries"] + seconds(check.get("start_period", "0s"))
        environment, user = self.environment(name), 0
        if self.is_ours(name):
            user = self.ours(name)[2]
        while True:
            status, words = self.places[name].ask(command, environment, user, seconds(check["timeout"]))
            if status == 0:
                return
            if (ended := self.processes[name].poll()) is not None:
                fail(f"{name} ended with {ended}: {self.last_words(name)}")
            if time.monotonic() > limit:
                fail(f"{name} did not become healthy ({words.strip()}): {self.last_words(name)}")
            time.sleep(seconds(check["interval"]) / 10)

    def start(self, name):
        if name in self.processes:
            return
        began = time.monotonic()
        if name in self.begin:
            self.begin[name](name)
        else:
            _, command, user = self.ours(name)
            self.spawn(name, command, self.environment(name), user)
        self.await_health(name)
        say(f"{name} is healthy after {time.monotonic() - began:.1f} s")

    def up(self):
        """In the order of depends_on."""
        done = set()
        while len(done) < len(self.services):
            ready = [name for name in self.services if name not in done and
                     all(other in done for other in self.services[name].get("depends_on", {}) if other in self.services)]
            if not ready:
                fail("depends_on goes round in circles")
            for name in ready:
                if self.services[name].get("restart") == "no":
                    self.complete(name)
                else:
                    self.start(name)
                done.add(name)

    def stop(self, name):
        """As an engine stops it: its status, -9 when it did not end in its time."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        grace = seconds(self.services[name].get("stop_grace_period", "10s"))
        try:
            return process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def down(self):
        """Who waits for others goes first. What ends by itself ends by the signal, or with 143 where that is Java's way."""
        for name in ("verify", "shop", "connect", "registry", "kafka", "postgres"):
            if name in self.processes and (status := self.stop(name)) not in (0, 143):
                fail(f"{name} ended with {status}: {self.last_words(name)}")
        # The next containers are new ones: a verdict of these must not stand for theirs.
        for place in self.places.values():
            run("find", place.path("/tmp"), "-mindepth", "1", "-delete")
        say("everything is stopped")

    # ---- What must come of it ----

    def sql(self, statement):
        status, words = self.places["postgres"].ask(["psql", "-XqAt", "-U", "bazaar", "-d", "fh_dev", "-c", statement],
                                                     self.environment("postgres"))
        return words.strip() if status == 0 else fail(f"psql: {words}")

    def orders(self):
        return int(self.sql("SELECT count(*) FROM demo.orders"))

    def await_orders(self, number):
        limit = time.monotonic() + 60
        while self.orders() < number:
            if time.monotonic() > limit:
                fail(f"there are {self.orders()} orders instead of {number} after a minute: {self.last_words('shop')}")
            time.sleep(0.2)

    def messages(self, topic):
        """All values of a topic, read from outside: at the address that the file opens for the host."""
        text = run("kcat", "-q", "-C", "-b", "localhost:9094", "-t", topic, "-o", "beginning", "-e", "-f", "%R%s",
                   stdout=subprocess.PIPE, timeout=60).stdout
        while text:
            size = int.from_bytes(text[:4], "big", signed=True)
            yield text[4:4 + max(size, 0)]
            text = text[4 + max(size, 0):]

    def await_captured(self):
        """Until each order's last event says what its row says."""
        limit = time.monotonic() + 60
        while True:
            last = {row["id"]: row["status"] for row in (json.loads(text)["after"] for text in self.messages("ecomm.demo.orders"))}
            rows = dict(line.split("|") for line in self.sql("SELECT id, status FROM demo.orders").splitlines())
            if last == rows:
                return say(f"{len(rows)} orders, and Kafka has each as it is")
            if time.monotonic() > limit:
                fail(f"{len(rows)} orders, and {len(last)} in Kafka; different: {set(last.items()) ^ set(rows.items())}")
            time.sleep(0.5)

    def must_refuse(self, what, name, *words):
        """Runs a service that must fail and say why."""
        status, said = self.once(name, BAZAARD_CONNECT_TIMEOUT="15s")
        last = (said.strip().splitlines() or [""])[-1]
        if status in (0, None) or not any(word in said for word in words):
            fail(f"{what}: {name} ended with {status}: {last}")
        say(f"{what} is seen: {last}")


def plain(play):
    """The file as it stands: everything comes up, every order arrives, all can be done twice; what is wrong is seen."""
    play.up()
    play.await_orders(100)
    play.down()
    # Again, on the same volumes: the shop goes on.
    play.up()
    play.await_orders(200)
    if (status := play.stop("shop")) != 0:
        fail(f"shop ended with {status}: {play.last_words('shop')}")
    play.await_captured()
    if (status := play.stop("verify")) != 0:
        fail(f"verify ended with {status}: {play.last_words('verify')}")
    say("everything was compared: " + play.last_words("verify").splitlines()[-1])

    environment = play.services["connect"]["environment"]
    for what, change in (("a worker that has another password", {"BAZAARD_DB_PASSWORD": "another"}),
                         ("a worker that cannot look up passwords", {"CONNECT_CONFIG_PROVIDERS": None})):
        play.stop("connect")
        play.services["connect"]["environment"] = {**environment, **change}
        play.start("connect")
        play.must_refuse(what, "register", "password authentication failed")
    play.places["init"].write("/run/secrets/shop_password", "another", 0o444)
    play.must_refuse("another password", "init", "password authentication failed")


def avro(play):
    """With the registry: messages are Avro, by schemas that the registry has."""
    # It reads JSON alone.
    del play.services["verify"]
    play.up()
    play.await_orders(20)
    play.stop("shop")
    limit = time.monotonic() + 60
    while len(messages := list(play.messages("ecomm.demo.orders"))) < play.orders():
        if time.monotonic() > limit:
            fail(f"{play.orders()} orders, and {len(messages)} messages")
        time.sleep(0.5)
    if wrong := [text for text in messages if text[:1] != b"\0"]:
        fail(f"no Avro: {wrong[0][:60]}")
    schemas = {int.from_bytes(text[1:5], "big") for text in messages}
    for schema in schemas:
        with urllib.request.urlopen(f"http://127.0.0.1:8080/apis/ccompat/v7/schemas/ids/{schema}", timeout=10) as answer:
            if "ecomm.demo.orders" not in json.load(answer)["schema"]:
                fail(f"schema {schema} is another one")
    say(f"{len(messages)} messages in Avro; their schema is in the registry: {schemas}")


def unhealthy(play):
    """Whoever does not become healthy is named."""
    check = play.services["postgres"]["healthcheck"]
    check.update(test=[*check["test"], "-p", "5433"], retries=2)
    play.up()


# What is played, with which profiles and which variables.
SCENES = {"plain": (plain, [], {}), "avro": (avro, ["registry"], {"MESSAGE_FORMAT": "avro"}), "unhealthy": (unhealthy, [], {})}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option in ("compose", "image", "image-config", "postgres", "stack", "java"):
        parser.add_argument("--" + option, required=True)
    parser.add_argument("scene", choices=SCENES)
    parser.add_argument("directory", nargs="?", default=".")
    asked = parser.parse_args()
    run("ip", "link", "set", "lo", "up")
    work = "/run/play"
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    os.makedirs(work)
    SCENES[asked.scene][0](Play(asked, work))


BEGAN = time.monotonic()
if __name__ == "__main__":
    main()
