#!/usr/bin/env python3
"""Checks that what the dashboard and the alert rules ask for is what the daemon has.

    check.py [--self-test] [DIRECTORY]

DIRECTORY is the top of the tree. Every metric and label of deploy/grafana/dashboard.json and deploy/prometheus/alerts.yml has to be
in docs/metrics.md, every target of deploy/prometheus/prometheus.yml a port of a service of docker-compose.yml. Prints one line for
each problem; exit status 1 when there is any. With --self-test the checks are shown files that they must find fault with. What
promtool knows better, tests/ci/monitoring asks it.
"""

import json
import os
import re
import shutil
import sys
import tempfile

DASHBOARD, ALERTS = "deploy/grafana/dashboard.json", "deploy/prometheus/alerts.yml"
SOURCE, SCRAPE = "deploy/grafana/provisioning/datasources/prometheus.yml", "deploy/prometheus/prometheus.yml"
METRICS, COMPOSE = "docs/metrics.md", "docker-compose.yml"
FILES = (DASHBOARD, ALERTS, SOURCE, SCRAPE, METRICS, COMPOSE)
# What Prometheus adds itself.
OWN_LABELS = {"instance", "job", "alertname"}


def read(directory, path):
    with open(os.path.join(directory, path), encoding="utf-8") as file:
        return file.read()


def described(directory):
    """Labels and type of each metric, with the series that a histogram consists of."""
    known = {"up": (set(), "gauge")}
    for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \| ([\w, ]*?) *\|", read(directory, METRICS), re.M):
        own = set(labels.replace(",", " ").split())
        known[name] = (own, kind)
        if kind == "histogram":
            del known[name]
            known.update({f"{name}_bucket": (own | {"le"}, "counter"), f"{name}_sum": (own, "counter"),
                          f"{name}_count": (own, "counter")})
    return known


def expressions(directory):
    """Pairs of a place and a text of PromQL."""
    board = json.loads(read(directory, DASHBOARD))
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield f"panel {panel['title']!r}", target["expr"]
    for note in board["annotations"]["list"]:
        yield f"annotation {note['name']!r}", note["expr"]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield f"variable {variable['name']!r}", variable["query"]["query"]
    for name, body in alerts(directory):
        for text in re.findall(r"^        expr: (.*)$", body, re.M):
            yield f"alert {name}", text


def alerts(directory):
    parts = re.split(r"^      - alert: (\S+)$", read(directory, ALERTS), flags=re.M)
    return list(zip(parts[1::2], parts[2::2]))


def check_metrics(directory):
    """Names, labels, and that a counter is looked at by its growth."""
    known = described(directory)
    if len(known) < 40:
        yield f"{METRICS} could not be read: {len(known)} metrics"
    count = 0
    for place, text in expressions(directory):
        bare = re.sub(r'"[^"]*"', '""', text)
        names = re.findall(r"\b((?:bazaard|process)_\w+|up)\b", bare)
        count += len(names)
        if not names:
            yield f"{place} asks for no metric of ours: {text}"
        for name in names:
            if name not in known:
                yield f"{place} asks for {name}, which {METRICS} does not have"
                continue
            growing = re.search(r"\b(?:rate|increase)\(" + name + r"\b", bare)
            if known[name][1] == "counter" and not growing and name != "bazaard_ticks_total":
                yield f"{place} asks for the counter {name}, and not for its growth"
            if known[name][1] != "counter" and growing:
                yield f"{place} asks for the growth of {name}, which is no counter"
        allowed = OWN_LABELS.union(*(known[name][0] for name in names if name in known))
        used = set(re.findall(r"(\w+)\s*=~?\s*\"", text))
        for inside in re.findall(r"\b(?:by|on|without|ignoring) ?\(([^)]*)\)", bare):
            used |= set(re.findall(r"\w+", inside))
        for label in sorted(used - allowed):
            yield f"{place} asks for the label {label}, which none of {sorted(set(names))} has"
    if count < 40:
        yield f"only {count} metrics were found in the files"


def check_board(directory):
    """Panels have titles, numbers and places of their own, and the source that they name."""
    board = json.loads(read(directory, DASHBOARD))
    taken, numbers = {}, set()
    for panel in board["panels"]:
        if not panel.get("title") or not panel.get("targets"):
            yield f"panel {panel['id']} has no title, or asks for nothing"
        if panel["id"] in numbers:
            yield f"two panels have the number {panel['id']}"
        numbers.add(panel["id"])
        at = panel["gridPos"]
        if at["x"] + at["w"] > 24:
            yield f"panel {panel['title']!r} is too wide"
        for cell in ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])):
            if (other := taken.setdefault(cell, panel["id"])) != panel["id"]:
                yield f"panels {other} and {panel['id']} lie upon each other"
                break
    variables = {variable["name"] for variable in board["templating"]["list"]}
    for name in sorted(set(re.findall(r"\$\{?([a-z]\w*)", json.dumps(board))) - variables):
        yield f"the dashboard has no variable {name}"


def check_alerts(directory):
    """Each alert says what is wrong, and how bad that is."""
    names = [name for name, _ in alerts(directory)]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"there are two alerts {name}"
    for name, body in alerts(directory):
        if len(re.findall(r"^        expr: \S", body, re.M)) != 1:
            yield f"alert {name} has not one expr"
        if not re.search(r"^        labels: \{severity: (?:critical|warning|info)\}$", body, re.M):
            yield f"alert {name} has no severity"
        if not re.search(r'^          summary: "[^"]{20,}"$', body, re.M):
            yield f"alert {name} has no summary"


def check_addresses(directory):
    """Prometheus asks where the shop answers; Grafana asks where Prometheus does."""
    services = dict(re.findall(r"^  ([a-z]\w*):\n((?:    .*\n|\n)+)", read(directory, COMPOSE), re.M))
    for path, pattern in ((SCRAPE, r'"([a-z]\w*):(\d+)"'), (SOURCE, r"//([a-z]\w*):(\d+)")):
        found = re.findall(pattern, read(directory, path))
        if not found:
            yield f"{path} names no address"
        for host, port in found:
            if f":{port}\"]" not in services.get(host, ""):
                yield f"{path} names {host}:{port}, where no service of {COMPOSE} answers"
    for source in sorted({*re.findall(r"\./(deploy/[\w./-]+):", read(directory, COMPOSE))}):
        if not os.path.exists(os.path.join(directory, source)):
            yield f"{COMPOSE} names {source}, which is not there"


def problems(directory):
    try:
        return [line for check in (check_metrics, check_board, check_alerts, check_addresses) for line in check(directory)]
    except (ValueError, KeyError) as wrong:
        return [f"cannot be read: {wrong!r}"]


# A file, what is replaced in it, by what, and what must be said then.
FAULTS = (
    (DASHBOARD, "bazaard_lag_seconds", "bazaard_lag", "asks for bazaard_lag, which"),
    (DASHBOARD, "bazaard_unit_service_seconds_bucket", "bazaard_unit_service_seconds", "bazaard_unit_service_seconds, which"),
    (DASHBOARD, "sum by (outcome)", "sum by (result)", "asks for the label result"),
    (DASHBOARD, "rate(bazaard_rows_written_total", "sum(bazaard_rows_written_total", "not for its growth"),
    (DASHBOARD, '"id": 2,', '"id": 1,', "two panels have the number 1"),
    (DASHBOARD, '"x": 4,', '"x": 3,', "lie upon each other"),
    (DASHBOARD, '"name": "instance"', '"name": "daemon"', "has no variable instance"),
    (DASHBOARD, "label_values(bazaard_build_info", "label_values(bazaard_build", "variable 'instance' asks for bazaard_build, which"),
    (DASHBOARD, "{", "", "cannot be read"),
    (ALERTS, "bazaard_db_up == 0", "bazaard_database_up == 0", "alert BazaardDatabaseAway asks for bazaard_database_up"),
    (ALERTS, 'outcome="refused"', 'result="refused"', "asks for the label result"),
    (ALERTS, "bazaard_paused == 1", "increase(bazaard_paused[5m]) > 0", "which is no counter"),
    (ALERTS, "- alert: BazaardDatabaseAway", "- alert: BazaardDown", "two alerts BazaardDown"),
    (ALERTS, "severity: critical", "severity: bad", "has no severity"),
    (ALERTS, "          summary:", "          title:", "has no summary"),
    (METRICS, "| `bazaard_slot_active` |", "| `bazaard_slot_read` |", "asks for bazaard_slot_active"),
    (SCRAPE, "shop:9187", "shop:9188", "names shop:9188"),
    (SOURCE, "//prometheus:", "//metrics:", "names metrics:9090"),
    (COMPOSE, "./deploy/prometheus/alerts.yml", "./deploy/prometheus/alarms.yml", "which is not there"),
)


def self_test(directory):
    """Returns what the checks did not find."""
    missed = []
    for file, old, new, expected in FAULTS:
        with tempfile.TemporaryDirectory() as copy:
            shutil.copytree(os.path.join(directory, "deploy"), os.path.join(copy, "deploy"))
            os.mkdir(os.path.join(copy, "docs"))
            for name in (METRICS, COMPOSE):
                shutil.copy(os.path.join(directory, name), os.path.join(copy, name))
            text = read(copy, file)
            if old not in text:
                missed.append(f"{file} has no longer: {old}")
                continue
            with open(os.path.join(copy, file), "w", encoding="utf-8") as to:
                to.write(text.replace(old, new, 1))
            found = problems(copy)
            if not any(expected in line for line in found):
                missed.append(f"with {new!r} in {file} nobody says {expected!r}, but {found}")
    return missed


def main():
    words = [word for word in sys.argv[1:] if word != "--self-test"]
    directory = words[0] if words else "."
    found = problems(directory)
    if "--self-test" in sys.argv and not found:
        found = self_test(directory)
    print(*found, sep="\n", end="\n" if found else "")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
