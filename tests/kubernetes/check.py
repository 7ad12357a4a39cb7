#!/usr/bin/env python3
"""Checks the manifests of Kubernetes against the published schemas and against the program that they start.

    check.py --flags FILE [--self-test] DIRECTORY

Needs kubernetes-validate, which carries the schemas. FILE is what `bazaard --help-markdown` prints. Prints one line for each
problem; exit status 1 when there is any. With --self-test each check is shown a manifest that it must find fault with.
"""

import argparse
import copy
import pathlib
import re
import sys

import kubernetes_validate
import yaml

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "compose"))
from check import Help  # noqa: E402

# The oldest and the newest version that are promised.
VERSIONS = ("1.31", "1.34")
EXIT_CODES = pathlib.Path(__file__).parent.parent.parent / "docs" / "exit-codes.md"


def documents(directory):
    found = []
    for file in sorted(pathlib.Path(directory).glob("*.yaml")):
        for document in yaml.safe_load_all(file.read_text(encoding="utf-8")):
            found.append((file.name, document))
    if not found:
        sys.exit(f"check.py: no manifests in {directory}")
    return found


def by_schema(found):
    for file, document in found:
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except kubernetes_validate.ValidationError as problem:
                yield f"{file}: {document.get('kind')} of {version}: {problem.message}"
            except kubernetes_validate.SchemaNotFoundError as problem:
                yield f"{file}: {problem}"


def pods(found):
    for file, document in found:
        if template := document.get("spec", {}).get("template"):
            yield f"{file}: {document['kind']} {document['metadata']['name']}", document, template["spec"]


def restricted(found):
    """What the Pod Security Standard `restricted` asks for, and a read-only root besides."""
    for where, _, pod in pods(found):
        whole = pod.get("securityContext", {})
        if whole.get("runAsNonRoot") is not True or not whole.get("runAsUser"):
            yield f"{where}: may run as root"
        if whole.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{where}: no seccomp profile"
        if pod.get("automountServiceAccountToken") is not False:
            yield f"{where}: gets a token of the cluster that it has no use for"
        for name in ("hostNetwork", "hostPID", "hostIPC"):
            if pod.get(name):
                yield f"{where}: {name}"
        for volume in pod.get("volumes", []):
            if not set(volume) - {"name"} <= {"secret", "emptyDir", "configMap", "projected"}:
                yield f"{where}: volume {volume['name']} is of a kind that is not allowed"
        for container in pod["containers"]:
            own = container.get("securityContext", {})
            if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
                yield f"{where}: may gain privileges"
            if own.get("capabilities", {}) != {"drop": ["ALL"]}:
                yield f"{where}: keeps capabilities"
            if own.get("readOnlyRootFilesystem") is not True:
                yield f"{where}: can write to its root"
            if "limits" not in container.get("resources", {}):
                yield f"{where}: no limit of memory"


def known_to_program(found, known):
    maps = {document["metadata"]["name"]: document["data"] for _, document in found if document["kind"] == "ConfigMap"}
    secrets = {document["metadata"]["name"] for _, document in found if document["kind"] == "Secret"}
    variables = known.variables()
    for where, _, pod in pods(found):
        for container in pod["containers"]:
            words = container["args"]
            if words[0] not in known.verbs:
                yield f"{where}: no command {words[0]}"
            for word in words:
                if word.startswith("--") and words[0] not in known.flags.get(word[2:], ()):
                    yield f"{where}: {words[0]} has no flag {word}"
            names = [entry["name"] for entry in container.get("env", [])]
            for source in container.get("envFrom", []):
                if source["configMapRef"]["name"] not in maps:
                    yield f"{where}: no ConfigMap {source['configMapRef']['name']}"
                else:
                    names += maps[source["configMapRef"]["name"]]
            for name in names:
                if name.startswith("BAZAARD_") and name not in variables:
                    yield f"{where}: no variable {name}"
            for used in re.findall(r"\$\((\w+)\)", " ".join(words)):
                if used not in names:
                    yield f"{where}: $({used}) is not set"
            if any("PASSWORD" in name and not name.endswith("_FILE") for name in names):
                yield f"{where}: a password in the environment"
        for volume in pod.get("volumes", []):
            if "secret" in volume and volume["secret"]["secretName"] not in secrets:
                yield f"{where}: no Secret {volume['secret']['secretName']}"


def probes(found):
    for where, document, pod in pods(found):
        if document["kind"] != "StatefulSet":
            continue
        container = pod["containers"][0]
        ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
        words = container["args"]
        listens = int(words[words.index("--http-listen") + 1].rpartition(":")[2]) if "--http-listen" in words else None
        for probe, path in (("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")):
            get = container.get(probe, {}).get("httpGet", {})
            if get.get("path") != path:
                yield f"{where}: {probe} is not {path}"
            if listens is None or ports.get(get.get("port")) != listens:
                yield f"{where}: {probe} does not ask where the program listens"
        if "$(POD_NAME)" not in words or pod["terminationGracePeriodSeconds"] <= 20:
            yield f"{where}: not a run of its own, or not given the time to end"


def exit_codes(found):
    final = {int(code) for code in re.findall(r"^\| (\d+) \|", EXIT_CODES.read_text(encoding="utf-8"), re.M)}
    again = {0, 69, 70, 71, 74, 75}
    for where, document, _ in pods(found):
        if document["kind"] == "Job":
            for rule in document["spec"]["podFailurePolicy"]["rules"]:
                values = set(rule["onExitCodes"]["values"])
                if not values <= final - again or not {64, 77, 78} <= values:
                    yield f"{where}: fails for good on {sorted(values)}"


def problems(found, known):
    for check in (by_schema, restricted, lambda all: known_to_program(all, known), probes, exit_codes):
        yield from check(found)


def self_test(found, known):
    """Each change must be found by exactly the check that is for it."""

    def changed(change):
        copied = copy.deepcopy(found)
        for _, document in copied:
            change(document)
        return copied

    def stateful(change):
        return lambda document: change(document["spec"]["template"]["spec"]) if document["kind"] == "StatefulSet" else None

    def job(change):
        return lambda document: change(document["spec"]) if document["kind"] == "Job" else None

    def container(change):
        return stateful(lambda pod: change(pod["containers"][0]))

    cases = {
        "a word that is no field": stateful(lambda pod: pod.update(restartpolicy="Always")),
        "a text for a number": lambda d: d["spec"].update(replicas="two") if d["kind"] == "StatefulSet" else None,
        "root": stateful(lambda pod: pod["securityContext"].update(runAsNonRoot=False)),
        "no seccomp": stateful(lambda pod: pod["securityContext"].pop("seccompProfile")),
        "a token": stateful(lambda pod: pod.pop("automountServiceAccountToken")),
        "the network of the host": stateful(lambda pod: pod.update(hostNetwork=True)),
        "a path of the host": stateful(lambda pod: pod["volumes"].append({"name": "x", "hostPath": {"path": "/"}})),
        "escalation": container(lambda c: c["securityContext"].pop("allowPrivilegeEscalation")),
        "capabilities": container(lambda c: c["securityContext"].update(capabilities={"drop": []})),
        "a root that can be written": container(lambda c: c["securityContext"].pop("readOnlyRootFilesystem")),
        "no limits": container(lambda c: c["resources"].pop("limits")),
        "an unknown flag": container(lambda c: c["args"].append("--no-such-flag")),
        "a flag of another command": container(lambda c: c["args"].append("--skip-connect")),
        "an unknown variable": container(lambda c: c["env"].append({"name": "BAZAARD_NO_SUCH", "value": "1"})),
        "a variable that is not set": container(lambda c: c["args"].append("$(NOBODY)")),
        "a password in the environment": container(lambda c: c["env"].append({"name": "BAZAARD_DB_PASSWORD", "value": "x"})),
        "another Secret": stateful(lambda pod: pod["volumes"][0]["secret"].update(secretName="other")),
        "another path": container(lambda c: c["readinessProbe"]["httpGet"].update(path="/livez")),
        "another port": container(lambda c: c["ports"][0].update(containerPort=1)),
        "too little time": stateful(lambda pod: pod.update(terminationGracePeriodSeconds=10)),
        "no end of retries": job(lambda spec: spec["podFailurePolicy"]["rules"][0]["onExitCodes"].update(values=[69, 75])),
    }
    unseen = [what for what, change in cases.items() if set(problems(changed(change), known)) <= set(problems(found, known))]
    for what in unseen:
        print(f"check.py: does not find {what}")
    return not unseen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flags", required=True)
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("directory")
    given = parser.parse_args()
    found = documents(given.directory)
    known = Help(pathlib.Path(given.flags).read_text(encoding="utf-8"))
    if given.self_test:
        sys.exit(0 if self_test(found, known) else 1)
    wrong = list(problems(found, known))
    for line in wrong:
        print(line)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
