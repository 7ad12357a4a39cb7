#!/usr/bin/env python3
"""Compares which flags each verb takes (its --help) with which options its code reads, in both directions.

The code is followed by name: from the function of a verb through all functions and classes of src/app and src/daemon that it mentions. A flag that is
taken and never read is one that the verb ignores; an option that is read without its flag being taken comes from nowhere. Variables that
scripts export are flags, or the program knows that they are none.

  flags.py PROGRAM             compares
  flags.py --self-test PROGRAM  shows that both kinds of fault are found
"""

import os
import pathlib
import re
import subprocess
import sys

top = pathlib.Path(__file__).resolve().parents[2]

# The functions of each verb. Where one function serves several verbs and branches, its branches; SHALLOW: what it reads itself counts,
# what it calls does not.
ROOTS = {
    "run": ["run"], "load": ["load"], "init": ["init"], "plan": ["plan"], "answers": ["answers"], "explain": ["explain"],
    "card": ["card"], "reset": ["reset"], "doctor": ["doctor"],
    "cdc setup": ["cdc_setup"], "cdc drop": ["command_cdc:drop"],
    "connector config": ["command_connector:config"], "connector register": ["command_connector:register_it", "connector_name", "connect_place_of"],
    "connector status": ["command_connector:status", "connector_name", "connect_place_of"], "connector pause": ["command_connector:turn", "connector_name", "connect_place_of"],
    "connector resume": ["command_connector:turn", "connector_name", "connect_place_of"], "connector delete": ["command_connector:remove", "connector_name", "connect_place_of"],
    "topics ensure": ["ensure_topics"], "topics check": ["topic_options", "kafka_admin"],
    "topics delete": ["command_topics:remove", "topic_names", "kafka_admin"],
    "verify tables": ["verify_tables"], "verify topics": ["verify_topics"], "verify events": ["verify_events"],
    "verify stream": ["verify_stream"],
    "ctl status": ["command_ctl:status", "command_ctl:daemon_link"], "ctl health": ["command_ctl:daemon_link"],
    "ctl pause": ["command_ctl:obey", "command_ctl:daemon_link"], "ctl resume": ["command_ctl:obey", "command_ctl:daemon_link"],
    "describe": ["describe"],
    "views create": ["command_views:create_views", "place_of_run", "scenario_in"],
    "views drop": ["command_views:drop_them", "place_of_run", "scenario_in"],
    "scenario list": ["command_scenario:list_scenarios"], "scenario check": ["command_scenario:check_scenarios"], "scenario show": ["command_scenario:show_scenario"],
    "scenario new": ["command_scenario:new_scenario"],
    "ctl drain": ["command_ctl:obey", "command_ctl:daemon_link"], "ctl set": ["command_ctl:obey", "command_ctl:daemon_link"],
}
SHALLOW = {"cdc": "cdc", "connector": "connector", "topics": "topics", "ctl": "ctl", "verify": "verify", "scenario": "scenarios", "views": "views"}

COMMANDS = {verb.split()[0] for verb in ROOTS}

# main() and the reader of the sources use these, of any command.
GENERAL = {"config", "print-config", "log-level", "log-format", "core-dumps", "help", "version"}

# Read, though no flag of the verb gives it, and why that is right.
READ_ONLY = {
    # `run --create-topic` and `init --create-topic` are `topics ensure` without its --apply and --dry-run.
    ("run", "apply"), ("init", "dry-run"),
    # One function begins the runs of both; a load always ends now.
    ("load", "unpaced"),
    # The keeper's own options, which a load leaves alone.
    ("load", "heartbeat-interval"),
    # One function makes the whole configuration; the doctor compares what it has flags for.
    *(("doctor", name) for name in ("connector-db-host", "connector-db-port", "connector-password", "registry-url", "snapshot", "flat",
                                    "exactly-once")),
    # One function tells a run that no database has; a unit is explained by seed and start alone.
    ("explain", "unpaced"), ("explain", "max-iter"), ("explain", "window"), ("plan", "window"), ("answers", "window"),
    # One function makes the record of a new run; a plan that is only looked at has neither schema nor window.
    ("describe", "window"), ("describe", "db-schema"),
    # One function serves topics and events; the worker is asked, and agreement with it demanded, for topics alone.
    *(("verify events", name) for name in ("connect-url", "connect-user", "connect-password", "connect-password-file",
                                          "connect-ca-file", "connect-cert-file", "connect-key-file", "connect-tls-verify",
                                          "connector-name", "topic-prefix", "slot-name")),
}


def code(text):
    """The text without comments and the insides of literals, of the same length."""
    out, i = list(text), 0
    while i < len(text):
        two = text[i:i + 2]
        if two == "//":
            end = text.find("\n", i)
        elif two == "/*":
            end = text.index("*/", i) + 2
        elif text[i] == '"':
            end = i + 1
            while text[end] != '"':
                end += 2 if text[end] == "\\" else 1
            i = end + 1
            continue
        elif text[i] == "'" and (not text[i - 1].isalnum() or text[i - 1] == "L"):
            i = text.index("'", i + (3 if text[i + 1] == "\\" else 2)) + 1
            continue
        else:
            i += 1
            continue
        out[i:end] = " " * (end - i)
        i = end
    return "".join(out)


def blocks(text):
    """Top-level definitions: (name, in an anonymous namespace, text)."""
    depth, start, anonymous = 0, 0, []
    i = 0
    while i < len(text):
        c = text[i]
        if c == '"':
            i += 1
            while text[i] != '"':
                i += 2 if text[i] == "\\" else 1
        elif c == "'" and (not text[i - 1].isalnum() or text[i - 1] == "L"):
            i = text.index("'", i + (3 if text[i + 1] == "\\" else 2))
        elif c == "{":
            head = text[start:i].strip()
            if depth == 0 and re.search(r"\bnamespace\b[\w: ]*$", head):
                anonymous.append(re.search(r"\bnamespace\s*$", head) is not None)
                start = i + 1
                i += 1
                continue
            depth += 1
        elif c == "}":
            if depth == 0:
                anonymous.pop()
                start = i + 1
            else:
                depth -= 1
                if depth == 0:
                    name = name_of(text[start:i + 1])
                    if name:
                        yield name, any(anonymous), text[start:i + 1]
        elif c == ";" and depth == 0:
            start = i + 1
        if depth == 0 and c in "}":
            start = i + 1
        i += 1


def name_of(text):
    head = text[:text.index("{")]
    made = re.search(r"\b(?:class|struct)\s+(\w+)", head)
    if made:
        return made.group(1)
    method = re.search(r"\b(\w+)::~?\w+\s*\(", head)
    if method and method.group(1)[0].islower() and method.group(1) not in ("std", "postgres", "verify", "run", "observe", "kafka",
                                                                          "scenario", "model", "app", "process", "capture", "fmt", "chrono"):
        return method.group(1)
    function = re.search(r"\b(\w+)\s*\(", head)
    return function.group(1) if function else None


class node:
    def __init__(self, stem, name, hidden):
        self.stem, self.name, self.hidden = stem, name, hidden
        self.text = ""
        self.is_class = False


def nodes_of(folders):
    found = {}
    files = [path for folder in folders for path in sorted(folder.glob("*.cpp")) + sorted(folder.glob("*.hpp"))]
    for path in files:
        if path.stem in ("flag_table", "options", "options_rules", "options_sources", "flag", "flag_value", "help", "completion", "man_page"):
            continue
        text = re.sub(r"(?m)^#.*$", "", code(path.read_text())).replace("daemon::", "")
        for name, hidden, body in blocks(text):
            key = (path.stem, name)
            one = found.setdefault(key, node(path.stem, name, hidden))
            one.text += body + "\n"
            one.is_class |= re.match(r"\s*(class|struct)\b", body) is not None
    return joined(found)


def joined(nodes):
    """A class with methods in several files is one."""
    for name in {one.name for one in nodes.values() if one.is_class and not one.hidden}:
        parts = [one for one in nodes.values() if one.name == name and not one.hidden]
        text = "".join(one.text for one in parts)
        for one in parts:
            one.text = text
    return nodes


def members_of(header, name):
    text = header.read_text()
    body = text[text.index(f"struct {name}"):]
    body = body[:body.index("\n};")]
    return set(re.findall(r"\b(\w+)(?:\{[^;{}]*\})?(?: = [^;]*)?;", body)) | set(re.findall(r"\b(\w+),\s*\w+;", body)) | {
        name for line in re.findall(r"std::string ([\w, ]+);", body) for name in line.split(", ")}


def reads(text, members):
    """Members of an options object that the text mentions, and flags that it asks for by name."""
    names = set(re.findall(r"\b(?:options|(?<!scenario::)settings)&?\s+(\w+)", text))
    names |= {alias for alias, of in re.findall(r"\bauto (\w+) = (\w+);", text) if of in names}
    found = set()
    for name in names:
        found |= {m for m in re.findall(rf"\b{name}\.(\w+)", text) if m in members}
    asked = set(re.findall(r'\b(?:given\.find|is_given|given\.at)\("([a-z-]+)"\)', text))
    asked |= {first for first in re.findall(r'\bagree\(\w+, "([a-z-]+)"', text)}
    return found, asked


def reachable(roots, nodes, members):
    by_name = {}
    for (stem, name), one in nodes.items():
        by_name.setdefault(name, []).append(one)
    todo, seen = [], set()
    for root in roots:
        stem, _, name = root.rpartition(":")
        if stem:
            todo.append(nodes[(stem, name)])
        else:
            open_ones = [one for one in by_name[name] if not one.hidden]
            assert open_ones, f"there is no function {name}"
            todo += open_ones
    found, asked = set(), set()
    while todo:
        one = todo.pop()
        if (one.stem, one.name) in seen:
            continue
        seen.add((one.stem, one.name))
        here, by = reads(one.text, members)
        found |= here
        asked |= by
        # Functions where they are called, classes where they are named; what has another room's name before it is not ours.
        calls = set(re.findall(r"(?<![.:\w>])(\w+)(?:<[\w: ,]*>)?\s*[({]", one.text)) | set(
            re.findall(r"(?<![.:\w>])(\w+)(?: const)?[&>]?\s+\w+[;({=]", one.text)) | set(re.findall(r"<(\w+)>", one.text))
        # No command calls another one; methods may be called so.
        for word in calls - {one.name} - COMMANDS:
            if (one.stem, word) in nodes:
                todo.append(nodes[(one.stem, word)])
            else:
                todo += [other for other in by_name.get(word, []) if not other.hidden]
    return found, asked


def flags_of_table(text):
    """Flag -> members that its setter sets."""
    helpers = {}
    for name, _, body in blocks(re.sub(r"(?m)^#.*$", "", code(text))):
        helpers.setdefault(name, set()).update(re.findall(r"\bto\.(\w+)", body))
    table = {}
    parts = re.split(r'\.name = "([a-z-]+)"', text)
    for name, body in zip(parts[1::2], parts[2::2]):
        body = body.split("table.push_back")[0]
        sets = set(re.findall(r"options::(\w+)", body)) | set(re.findall(r"\bto\.(\w+)", body))
        if "database_flags::" in body:
            sets.add("database")
        for helper in re.findall(r"\.set = (set_\w+)", body):
            sets |= helpers[helper]
        table[name] = sets - {"ask", "what"}
    return table


def scenario_flags(document):
    """Those of the topics that the scenarios fill."""
    shops = re.findall(r"\n## Shop(?: of [a-z0-9-]+)?\n(.*?)(?=\n## )", document, flags=re.S)
    return re.findall(r"(?m)^\| `--(?:\[no-\])?([a-z-]+)", "".join(shops))


def taken_by(program, verb):
    text = subprocess.run([program, *verb.split(), "--help"], check=True, capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin"}).stdout
    return {m for m in re.findall(r"(?m)^  --(?:\[no-\])?([a-z-]+)", text)} - GENERAL


def compare(program, nodes, table, shop, members, taken=taken_by):
    wrong = []
    for verb, roots in ROOTS.items():
        found, asked = reachable(roots, nodes, members)
        command = verb.split()[0]
        if command in SHALLOW and verb not in ROOTS.get(command, ()):
            for one in nodes.values():
                if one.name == SHALLOW[command] and not one.hidden and one.stem == f"command_{command}":
                    here, by = reads(one.text, members)
                    found |= here - {"verb", "connect_url" if verb == "connector config" else ""}
                    asked |= by
        takes = taken(program, verb)
        for flag, sets in table.items():
            if flag in GENERAL or flag.startswith("help-"):
                continue
            read = bool(sets & found) or flag in asked
            if flag == "dry-run":
                read = read or verb == "run"
            if flag in takes and not read:
                wrong.append(f"{verb} takes --{flag} and does not read it")
            if flag not in takes and sets and sets <= found and (verb, flag) not in READ_ONLY:
                wrong.append(f"{verb} reads what --{flag} sets ({', '.join(sorted(sets))}) and does not take it")
        for flag in shop:
            if flag in takes and not {"configuration", "given_settings"} & found:
                wrong.append(f"{verb} takes --{flag} and does not read it")
        for flag in takes - set(table) - set(shop):
            wrong.append(f"{verb} takes --{flag}, which no table has")
    return wrong


def exported():
    """Variables that scripts and tests export, which each program that they start gets."""
    files = [path for folder in ("scripts", "tests/ci", "tests/support") for path in (top / folder).rglob("*") if path.is_file()]
    return {name for path in files for name in re.findall(r"\bexport (BAZAARD_\w+)", path.read_text(errors="replace"))}


def unknown_variables(program, names, flags):
    """Those of the variables that are no flag, and that the program takes for a mistyped one: it warns of them."""
    others = names - {"BAZAARD_" + flag.upper().replace("-", "_") for flag in flags}
    told = subprocess.run([program, "plan", "--units", "0..0", "--seed", "1"], capture_output=True, text=True, check=False,
                          env={**os.environ, **{name: "1" for name in others}})
    return sorted(name for name in others if f"{name} in the environment is not known" in told.stderr)


def main():
    self_test = sys.argv[1] == "--self-test"
    program = sys.argv[-1]
    nodes = nodes_of([top / "src/app", top / "src/daemon", top / "include/bazaar/daemon"])
    table = flags_of_table((top / "src/app/flag_table.cpp").read_text())
    shop = scenario_flags((top / "docs/flags.md").read_text())
    members = members_of(top / "include/bazaar/app/options.hpp", "options :") | members_of(
        top / "include/bazaar/daemon/settings.hpp", "settings")
    if not self_test:
        wrong = compare(program, nodes, table, shop, members)
        wrong += [f"{name} is exported by a script, and the program does not know it: see is_reserved in options_sources.cpp"
                  for name in unknown_variables(program, exported(), set(table) | set(shop))]
        for line in wrong:
            print(line)
        print(f"{len(ROOTS)} verbs, {len(table) + len(shop)} flags")
        return 1 if wrong else 0

    def lying(also, less):
        return lambda p, verb: (taken_by(p, verb) | {f for v, f in also if v == verb}) - {f for v, f in less if v == verb}

    ignored = [("topics check", "apply"), ("verify events", "follow"), ("card", "seed-dir"), ("cdc drop", "replica-identity"),
               ("connector pause", "db-host"), ("verify stream", "card"), ("ctl health", "json"), ("card", "avg-qps")]
    wrong = compare(program, nodes, table, shop, members, lying(ignored, []))
    missed = [f"{v} {f}" for v, f in ignored if f"{v} takes --{f} and does not read it" not in wrong]
    unheard = [("topics delete", "yes"), ("verify topics", "barrier-timeout"), ("load", "workers"), ("connector register", "connect-timeout")]
    wrong = compare(program, nodes, table, shop, members, lying([], unheard))
    missed += [f"{v} {f}" for v, f in unheard if not any(w.startswith(f"{v} reads what --{f} sets") for w in wrong)]
    made_up = "BAZAARD_SOMETHING"
    if unknown_variables(program, exported() | {made_up}, set(table) | set(shop)) != [made_up]:
        missed.append(f"{made_up} in the environment")
    for line in missed:
        print(f"not found: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
