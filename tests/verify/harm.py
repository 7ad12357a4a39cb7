#!/usr/bin/env python3
r"""Copies a capture of change events, as kcat -C -J prints them, with exactly one event harmed.

    harm.py write CAPTURE KIND SEED VICTIM   the copy on standard output; what was harmed as JSON in the file VICTIM
    harm.py messages CAPTURE TOPIC           keys and payloads of the topics whose names end so, for kcat -P -K '\x01'
    harm.py named REPORT VICTIM              whether this report of 'bazaard verify' names what was harmed, and nothing else
    harm.py try CAPTURE SEEDS COMMAND...     each kind with each seed: the command gets the copy on standard input, must end
                                             with 1, and its report, asked for with --report FILE, must name what was harmed

KIND is dropped, doubled, reordered (changed places with the event before of the same row), altered (one column) or split (it
says another transaction than the others of its unit). The exit status is 1 when something harmed was not found.
"""

import concurrent.futures
import itertools
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

KINDS = ("dropped", "doubled", "reordered", "altered", "split")
# What the report may call it.
DEFECTS = {
    "dropped": {"lost"},
    "doubled": {"doubled"},
    "reordered": {"reordered"},
    "altered": {"altered"},
    "split": {"torn"},
}


class Capture:
    """All lines of a file, with the file in memory."""

    def __init__(self, path):
        self.data = pathlib.Path(path).read_bytes()
        if not self.data.endswith(b"\n"):
            raise SystemExit(f"harm.py: {path} is empty, or its last line has no end")

    def line_around(self, place):
        begin = self.data.rfind(b"\n", 0, place) + 1
        return begin, self.data.index(b"\n", begin) + 1

    def event(self, at):
        message = json.loads(self.data[at[0] : at[1]])
        return message, json.loads(message["payload"])

    def pick(self, chance, good):
        """An event at random for which `good` finds something; with what it found."""
        for _ in range(10_000):
            at = self.line_around(chance.randrange(len(self.data)))
            message, value = self.event(at)
            if found := good(at, message, value):
                return at, message, value, found
        raise SystemExit("harm.py: no event of this capture can be harmed so")

    def before(self, at, message):
        """The line of the event before of the same row."""
        key = b'"key":' + json.dumps(message["key"]).encode()
        found = self.data.rfind(key, 0, at[0])
        while found >= 0:
            earlier = self.line_around(found)
            if self.event(earlier)[0]["topic"] == message["topic"]:
                return earlier
            found = self.data.rfind(key, 0, earlier[0])
        return None

    def has_siblings(self, at, value):
        """Whether another event has the same transaction."""
        of = rf'\"txId\":{value["source"]["txId"]},'.encode()
        return self.data.find(of, 0, at[0]) >= 0 or self.data.find(of, at[1]) >= 0


def other(value, column):
    """A value of the same form which is another one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if value is None:
        return "2026-01-02T03:04:05.678901Z" if column.endswith("_at") else "7"
    digits = [i for i, c in enumerate(value) if c.isdigit()]
    if re.fullmatch(r"[0-9.:TZ+-]+|[0-9a-f-]{36}", value) and digits:
        last = digits[-1]
        return value[:last] + str((int(value[last]) + 1) % 10) + value[last + 1 :]
    return value + "x"


def harmed(capture, kind, seed):
    """The pieces of the copy, and what was harmed: table, key and column."""
    chance = random.Random(f"{kind} {seed}")
    data = memoryview(capture.data)
    find = {
        "reordered": lambda at, message, value: value["op"] == "u" and capture.before(at, message),
        "split": lambda at, message, value: value["op"] in "cu" and capture.has_siblings(at, value),
        "altered": lambda at, message, value: value["after"] and len(value["after"]) > 1,
    }.get(kind, lambda at, message, value: True)
    (begin, end), message, value, found = capture.pick(chance, find)
    key = json.loads(message["key"])
    victim = {"kind": kind, "seed": seed, "table": value["source"]["table"], "key": str(*key.values())}
    if kind == "dropped":
        pieces = [data[:begin], data[end:]]
    elif kind == "doubled":
        # The copy comes at once, or later in the same capture.
        again = capture.line_around(chance.randrange(begin, len(data)))[1]
        pieces = [data[:again], data[begin:end], data[again:]]
    elif kind == "reordered":
        first, last = found
        pieces = [data[:first], data[begin:end], data[last:begin], data[first:last], data[end:]]
    else:
        if kind == "split":
            value["source"]["txId"] += 1_000_000_000
        else:
            column = chance.choice(sorted(set(value["after"]) - set(key)))
            value["after"][column] = other(value["after"][column], column)
            victim["column"] = column
        message["payload"] = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        line = json.dumps(message, separators=(",", ":"), ensure_ascii=False) + "\n"
        pieces = [data[:begin], line.encode(), data[end:]]
    return pieces, victim


def complaint(report, victim):
    """What is wrong with a report on a copy; nothing if it names what was harmed and nothing else."""
    names = [
        one
        for one in report["examples"]
        if one["defect"] in DEFECTS[victim["kind"]]
        and (one["table"], one["key"], one.get("column")) == (victim["table"], victim["key"], victim.get("column"))
    ]
    if not names:
        return "is not named"
    units = {one["unit"] for one in names}
    besides = [one for one in report["examples"] if one["key"] != victim["key"] and one["unit"] not in units]
    return f"and besides, {besides}" if besides else ""


def feed(process, pieces):
    try:
        for piece in pieces:
            process.stdin.write(piece)
        process.stdin.close()
    except BrokenPipeError:
        pass


def attempt(capture, kind, seed, command):
    """Harms, has it looked for, and says what went wrong."""
    pieces, victim = harmed(capture, kind, seed)
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        words = [*command, "--report", file.name]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            writer = threading.Thread(target=feed, args=(process, pieces))
            writer.start()
            text, _ = process.stdout.read(), process.stderr.read()
            writer.join()
        if process.returncode != 1:
            return victim, f"exit status {process.returncode}: {text.decode()}"
        report = json.load(open(file.name, encoding="utf-8"))
        wrong = complaint(report, victim)
        # It would not name just anything.
        elsewhere = {**victim, "key": victim["key"][:-1] + ("0" if victim["key"][-1] != "0" else "1")}
        return victim, wrong or ("" if complaint(report, elsewhere) else "another key is named, too")


def try_all(path, seeds, command):
    capture = Capture(path)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for kind in KINDS:
            began = time.monotonic()
            done = list(pool.map(attempt, itertools.repeat(capture), itertools.repeat(kind), range(seeds),
                                 itertools.repeat(command)))
            for victim, wrong in done:
                if wrong:
                    print(f"  {victim}: {wrong}")
            good = sum(not wrong for _, wrong in done)
            tables = sorted({victim["table"] for victim, _ in done})
            print(f"  {kind}: {good} of {seeds} found, in {', '.join(tables)}; {time.monotonic() - began:.1f} s", flush=True)
            failed += seeds - good
    return failed == 0


def main():
    match sys.argv[1:]:
        case ["write", path, kind, seed, file] if kind in KINDS:
            pieces, victim = harmed(Capture(path), kind, int(seed))
            pathlib.Path(file).write_text(json.dumps(victim), encoding="utf-8")
            for piece in pieces:
                sys.stdout.buffer.write(piece)
        case ["messages", path, topic]:
            wanted = re.compile(rb'{"topic":"[^"]*\.' + re.escape(topic).encode() + b'"')
            with open(path, "rb") as file:
                for line in filter(wanted.match, file):
                    message = json.loads(line)
                    sys.stdout.buffer.write(f"{message['key']}\x01{message['payload']}\n".encode())
        case ["named", report, file]:
            victim = json.loads(pathlib.Path(file).read_text(encoding="utf-8"))
            wrong = complaint(json.loads(pathlib.Path(report).read_text(encoding="utf-8")), victim)
            print(f"  {victim} {wrong or 'is named'}")
            sys.exit(1 if wrong else 0)
        case ["try", path, seeds, *command] if command:
            sys.exit(0 if try_all(path, int(seeds), command) else 1)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
