#!/usr/bin/env python3
"""Checks docker-compose.yml against the program that it starts, against .env, and against itself.

    check.py --compose PROGRAM --flags FILE [--self-test] [DIRECTORY]

PROGRAM is docker-compose, whose own reading of the file (`config`: interpolation, the schema of the Compose specification)
is what is checked here; no engine is needed for that. FILE is what `bazaard --help-markdown` of the image prints. Prints one
line for each problem; exit status 1 when there is any. With --self-test each check is shown a file that it must find fault
with.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

FILES = ("docker-compose.yml", ".env", "Dockerfile", "lake/Dockerfile")


class Help:
    """What the program says that it knows: commands with their verbs, and flags with the commands that they are for."""

    def __init__(self, text):
        self.verbs = {}
        self.flags = {}
        for line in text.splitlines():
            if found := re.match(r"\| `bazaard ([^`]*)` \|", line):
                words = [word for word in found[1].split() if word not in ("[FLAG]...", "ID")]
                self.verbs[words[0].strip("[]")] = set("|".join(words[1:]).replace("\\", "").split("|")) - {""}
            elif line.startswith("| `--"):
                cells = re.split(r" ?(?<!\\)\| ?", line)
                commands = set(re.findall(r"\w+", cells[4])) - {"and"}
                for name in re.findall(r"--(?:\[no-\])?([a-z][a-z0-9-]*)", cells[1]):
                    self.flags[name] = commands
        if not self.verbs or not self.flags:
            sys.exit("check.py: the help of the program could not be read")

    def variables(self):
        return {"BAZAARD_" + name.upper().replace("-", "_"): commands for name, commands in self.flags.items()}


def read_env_file(path):
    """Pairs of the lines NAME=VALUE, in order."""
    with open(path, encoding="utf-8") as file:
        lines = (line.strip() for line in file)
        return [tuple(line.split("=", 1)) for line in lines if line and not line.startswith("#")]


def resolved(program, directory):
    """What docker-compose makes of the files, every profile included. Raises ValueError with its words."""
    clean = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": "/nonexistent"}
    answer = subprocess.run([program, "--profile", "*", "config", "--format", "json"], cwd=directory, env=clean,
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    if answer.returncode != 0:
        raise ValueError(answer.stderr.strip() or f"docker-compose ended with {answer.returncode}")
    return json.loads(answer.stdout)


def words_of(command):
    return command if isinstance(command, list) else (command or "").split()


def health_commands(service):
    """The commands of a health check, in words each: a shell runs it unless it is a list that begins with CMD."""
    test = service.get("healthcheck", {}).get("test", [])
    if test[:1] == ["CMD"]:
        return [test[1:]]
    text = test if isinstance(test, str) else " ".join(test[1:])
    return [part.split() for part in re.split("&&|;", text)]


def is_one_shot(service):
    return service.get("restart") == "no"


def has_health_check(service):
    return not service.get("healthcheck", {"disable": True}).get("disable", False)


def check_variables(directory, _config, _help):
    """Each ${NAME} is in .env, and nothing else is there."""
    pairs = read_env_file(os.path.join(directory, ".env"))
    names = [name for name, _ in pairs]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f".env says {name} twice"
    with open(os.path.join(directory, "docker-compose.yml"), encoding="utf-8") as file:
        text = "\n".join(re.sub(r"(^|\s)#.*", "", line) for line in file)
    used = set(re.findall(r"\$\{([A-Za-z_][A-Za-z0-9_]*)", text)) | set(re.findall(r"^    environment: (\w+)$", text, re.M))
    for name in sorted(used - set(names)):
        yield f"{name} is used and not in .env"
    for name in sorted(set(names) - used):
        yield f"{name} is in .env and not used"


def check_services(_directory, config, _help):
    """Several stacks can live beside each other, versions are said, and everything that lives has a health check."""
    for name, service in config["services"].items():
        if "container_name" in service:
            yield f"{name} has a container_name: a second stack could not start"
        tag = service.get("image", "").rpartition("/")[2].partition(":")[2]
        if not tag or tag == "latest":
            yield f"{name}: the image {service.get('image')} has no version"
        if not is_one_shot(service) and not has_health_check(service):
            yield f"{name} goes on running and has no health check"
        if is_one_shot(service) and has_health_check(service):
            yield f"{name} ends by itself and has a health check"
        if "build" in service:
            folder = service["build"]["context"]
            if not os.path.exists(os.path.join(folder, service["build"].get("dockerfile", "Dockerfile"))):
                yield f"{name}: there is no Dockerfile in {folder}"


def check_order(_directory, config, _help):
    """What is waited for can come."""
    services = config["services"]
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            needed = services[other]
            if how["condition"] == "service_healthy" and not has_health_check(needed):
                yield f"{name} waits until {other} is healthy, which has no health check"
            if how["condition"] == "service_completed_successfully" and not is_one_shot(needed):
                yield f"{name} waits for the end of {other}, which does not end"
            if how["condition"] == "service_started":
                yield f"{name} does not wait until {other} is ready"
            if needed.get("profiles") and needed["profiles"] != service.get("profiles") and how.get("required", True):
                yield f"{name} cannot do without {other}, which only a profile starts"


def check_ports(_directory, config, _help):
    """No two services want one port of the host, and none is open to the world unasked."""
    taken = {}
    for name, service in config["services"].items():
        for port in service.get("ports", []):
            other = taken.setdefault(port["published"], name)
            if other != name:
                yield f"{name} and {other} both want port {port['published']}"
            if port.get("host_ip") != "127.0.0.1":
                yield f"{name}: port {port['published']} is open to other machines"


def check_addresses(_directory, config, _help):
    """Who names another service and its port names one that listens there."""
    services = config["services"]
    listening = {name: {port["target"] for port in service.get("ports", [])} for name, service in services.items()}
    for name, service in services.items():
        for value in (service.get("environment") or {}).values():
            listening[name] |= {int(port) for port in re.findall(r"://:(\d+)", value or "")}
    for name, service in services.items():
        for variable, value in (service.get("environment") or {}).items():
            for host, port in re.findall(r"(?:^|//|@|,)([a-z][a-z0-9.-]*):(\d+)", value or ""):
                if host == "localhost":
                    continue
                if host not in services:
                    yield f"{name}: {variable} names {host}, which is no service"
                elif int(port) not in listening[host]:
                    yield f"{name}: {variable} names port {port} of {host}, which listens on {sorted(listening[host])}"
        if (host := (service.get("environment") or {}).get("BAZAARD_DB_HOST")) not in (None, *services):
            yield f"{name}: BAZAARD_DB_HOST names {host}, which is no service"


def check_secrets(directory, config, _help):
    """Passwords stand in no command line, and who reads a secret's file has got it."""
    values = dict(read_env_file(os.path.join(directory, ".env")))
    passwords = {name: value for name, value in values.items() if "PASSWORD" in name}
    for name, service in config["services"].items():
        spoken = " ".join(words_of(service.get("command")) + words_of(service.get("entrypoint")) +
                          words_of(service.get("healthcheck", {}).get("test")))
        for which, value in passwords.items():
            if value in spoken:
                yield f"{name} has {which} in a command line"
        granted = {os.path.join("/run/secrets", secret.get("target") or secret["source"])
                   for secret in service.get("secrets", [])}
        for variable, value in (service.get("environment") or {}).items():
            if value and value.startswith("/run/secrets/") and value not in granted:
                yield f"{name}: {variable} names {value}, a secret that it has not got"


def check_program(_directory, config, known):
    """The commands, flags and variables of our services are the program's."""
    variables = known.variables()
    for name, service in config["services"].items():
        if service["image"] != config["services"]["shop"]["image"]:
            continue
        if service.get("entrypoint"):
            yield f"{name} has another entrypoint than the image"
        words = words_of(service.get("command"))
        command = words[0] if words else "run"
        if command not in known.verbs:
            yield f"{name}: there is no command bazaard {command}"
            continue
        rest = words[1:]
        if known.verbs[command]:
            if not rest or rest[0] not in known.verbs[command]:
                yield f"{name}: bazaard {command} has no verb {rest[0] if rest else ''}"
            rest = rest[1:]
        for word in rest:
            flag = re.sub(r"^--(no-)?|=.*", "", word)
            if word.startswith("--") and command not in known.flags.get(flag, ()):
                yield f"{name}: bazaard {command} has no flag {word}"
        for variable in service.get("environment") or {}:
            if variable.startswith("BAZAARD_") and variable not in variables:
                yield f"{name}: bazaard knows no {variable}"
        for words in health_commands(service):
            if words[:1] == ["bazaard"] and words[2] not in known.verbs.get(words[1], ()):
                yield f"{name}: its health check asks for {' '.join(words)}"


def base_images(directory, dockerfile):
    """What the stages of the Dockerfile begin with, other stages left out; the values of ARG are put in."""
    with open(os.path.join(directory, dockerfile), encoding="utf-8") as file:
        text = file.read()
    values = dict(re.findall(r"^ARG (\w+)=(\S+)$", text, re.M))
    stages = {name for name in re.findall(r"^FROM \S+ AS (\S+)$", text, re.M)}
    for image in re.findall(r"^FROM (\S+)", text, re.M):
        name = re.sub(r"\$\{?(\w+)\}?", lambda found: values.get(found[1], ""), image)
        if name not in stages:
            yield name


def check_confinement(directory, config, _help):
    """Our services write nowhere but to /tmp and have no rights; the image begins with the same bytes each time."""
    for name, service in config["services"].items():
        if service["image"] != config["services"]["shop"]["image"] and name != "lander":
            continue
        if not service.get("read_only"):
            yield f"{name} can write to its image"
        if service.get("tmpfs") != ["/tmp"]:
            yield f"{name} has no /tmp of its own"
        if service.get("cap_drop") != ["ALL"] or "no-new-privileges:true" not in service.get("security_opt", []):
            yield f"{name} has more rights than it needs"
    for dockerfile in (name for name in FILES if name.endswith("Dockerfile")):
        for image in base_images(directory, dockerfile):
            if not re.fullmatch(r"[^@]+:[^@]+@sha256:[0-9a-f]{64}", image):
                yield f"{dockerfile}: {image} is not named by its digest"


CHECKS = (check_variables, check_services, check_order, check_ports, check_addresses, check_secrets, check_program,
          check_confinement)


def problems(program, directory, known):
    try:
        config = resolved(program, directory)
    except ValueError as said:
        return [f"docker-compose: {said}"]
    return [problem for check in CHECKS for problem in check(directory, config, known)]


# A file, what is replaced in it, by what, and what must be said then.
FAULTS = (
    ("docker-compose.yml", "    shm_size: 128mb", "    shm_sizes: 128mb", "Additional property shm_sizes is not allowed"),
    ("docker-compose.yml", "interval: 2s", "interval: soon", "docker-compose: "),
    ("docker-compose.yml", "      init: {condition: service_completed_successfully}",
     "      inti: {condition: service_completed_successfully}", "inti"),
    ("docker-compose.yml", "${AVG_QPS}", "${AVERAGE_QPS}", "AVERAGE_QPS is used and not in .env"),
    (".env", "AVG_QPS=20", "AVG_QPS=20\nFORMER=1", "FORMER is in .env and not used"),
    (".env", "AVG_QPS=20", "AVG_QPS=20\nAVG_QPS=30", ".env says AVG_QPS twice"),
    ("docker-compose.yml", "    shm_size: 128mb", "    container_name: postgres", "postgres has a container_name"),
    ("docker-compose.yml", "postgres:${POSTGRES_VERSION}", "postgres", "has no version"),
    (".env", "KAFKA_VERSION=4.3.1", "KAFKA_VERSION=latest", "has no version"),
    ("docker-compose.yml", '  restart: "no"', "  restart: always", "which does not end"),
    ("docker-compose.yml", "      kafka: {condition: service_healthy}", "      kafka: {condition: service_started}",
     "does not wait until kafka is ready"),
    ("docker-compose.yml", "{condition: service_healthy, required: false}", "{condition: service_healthy}",
     "register cannot do without registry"),
    ("docker-compose.yml", "      test: [CMD, bash, -c, \": </dev/tcp/127.0.0.1/9092\"]\n      interval: 2s\n"
     "      timeout: 3s\n      retries: 60\n", "      disable: true\n", "which has no health check"),
    (".env", "UI_PORT=8081", "UI_PORT=8083", "both want port 8083"),
    (".env", "HOST_ADDRESS=127.0.0.1", "HOST_ADDRESS=0.0.0.0", "is open to other machines"),
    ("docker-compose.yml", "BAZAARD_CONNECT_URL: http://connect:8083", "BAZAARD_CONNECT_URL: http://connector:8083",
     "names connector, which is no service"),
    ("docker-compose.yml", "      BOOTSTRAP_SERVERS: kafka:9092", "      BOOTSTRAP_SERVERS: kafka:9095",
     "names port 9095 of kafka"),
    ("docker-compose.yml", "BAZAARD_DB_HOST: postgres", "BAZAARD_DB_HOST: database", "BAZAARD_DB_HOST names database"),
    ("docker-compose.yml", "    command: [run]", "    command: [run, --db-password, '${SHOP_PASSWORD}']",
     "shop has SHOP_PASSWORD in a command line"),
    ("docker-compose.yml", "    secrets: [shop_password, connector_password]", "    secrets: [shop_password]",
     "a secret that it has not got"),
    ("docker-compose.yml", "command: [init, --cdc]", "command: [inti, --cdc]", "there is no command bazaard inti"),
    ("docker-compose.yml", "command: [init, --cdc]", "command: [init, --cdcs]", "bazaard init has no flag --cdcs"),
    ("docker-compose.yml", "command: [init, --cdc]", "command: [init, --cdc, --unpaced]", "bazaard init has no flag --unpaced"),
    ("docker-compose.yml", "command: [connector, register]", "command: [connector, make]", "has no verb make"),
    ("docker-compose.yml", "BAZAARD_DB_USER", "BAZAARD_DB_USERS", "bazaard knows no BAZAARD_DB_USERS"),
    ("docker-compose.yml", "bazaard connector status]", "bazaard connector state]", "its health check asks for bazaard connector state"),
    ("docker-compose.yml", "    build: .", "    build: ./image", "there is no Dockerfile"),
    ("docker-compose.yml", "  read_only: true\n", "", "shop can write to its image"),
    ("docker-compose.yml", "  tmpfs: [/tmp]\n", "", "verify has no /tmp of its own"),
    ("docker-compose.yml", "  cap_drop: [ALL]\n", "", "init has more rights than it needs"),
    ("Dockerfile", "@sha256:", ":", "Dockerfile: "),
    ("lake/Dockerfile", "@sha256:", ":", "lake/Dockerfile: "),
    ("docker-compose.yml", "    build: ./lake", "    build: ./lakes", "lander: there is no Dockerfile"),
    ("docker-compose.yml", "    tmpfs: [/tmp]\n    cap_drop: [ALL]\n", "    tmpfs: [/tmp]\n", "lander has more rights than it needs"),
    ("Dockerfile", "FROM ${BASE_IMAGE}\n", "FROM docker.io/library/debian:trixie-slim\n", "is not named by its digest"),
)


def self_test(program, directory, known):
    """Returns what the checks did not find."""
    before = problems(program, directory, known)
    missed = []
    for file, old, new, expected in FAULTS:
        with tempfile.TemporaryDirectory() as copy:
            for name in FILES:
                os.makedirs(os.path.dirname(os.path.join(copy, name)), exist_ok=True)
                shutil.copy(os.path.join(directory, name), os.path.join(copy, name))
            path = os.path.join(copy, file)
            with open(path, encoding="utf-8") as opened:
                text = opened.read()
            if old not in text:
                missed.append(f"{file} has no longer: {old}")
                continue
            with open(path, "w", encoding="utf-8") as opened:
                opened.write(text.replace(old, new, 1))
            found = problems(program, copy, known)
            if not any(expected in problem for problem in found if problem not in before):
                missed.append(f"with {new!r} in {file} nobody says {expected!r}, but {found}")
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compose", required=True)
    parser.add_argument("--flags", required=True)
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("directory", nargs="?", default=".")
    asked = parser.parse_args()
    with open(asked.flags, encoding="utf-8") as file:
        known = Help(file.read())
    program = shutil.which(asked.compose) or sys.exit(f"check.py: there is no program {asked.compose}")
    found = (self_test if asked.self_test else problems)(os.path.abspath(program), asked.directory, known)
    print(*found, sep="\n", end="\n" if found else "")
    if asked.self_test and not found:
        print(f"each of {len(FAULTS)} faults was found")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
