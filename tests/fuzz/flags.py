"""The flags of the program as its documentation has them, and values to try of each, with what the documentation says of them."""

import datetime
import re
import subprocess
from dataclasses import dataclass
from decimal import Decimal
from typing import Callable, Optional

DURATION = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600), "d": Decimal(86400)}

# Texts of which any is right or wrong for reasons of their own: names, places, files, servers. What is tried of them is in TEXTS.
TEXT_FLAGS = {"country", "state", "postal-code", "to", "card", "seed-dir", "table", "db-host", "db-port", "db-user", "db-password",
              "db-password-file", "db-name", "db-url", "db-sslrootcert", "db-sslcert", "db-sslkey", "writer-role", "publication-name",
              "slot-name", "cdc-user", "cdc-password-file", "connector-name", "connect-url", "connect-user", "connect-password",
              "connect-password-file", "connect-ca-file", "connect-cert-file", "connect-key-file", "connector-db-host",
              "connector-password", "registry-url", "bootstrap-servers", "topic-prefix", "sasl-username", "sasl-password",
              "sasl-password-file", "kafka-ca-file", "kafka-cert-file", "kafka-key-file", "kafka-conf", "source-url", "report",
              "connector-config", "topic-pattern", "views-schema", "html", "control-socket", "http-listen", "http-host", "http-token-file", "config", "skip", "format"}

# Nothing of these is tried: they print something else, or change how a failure looks.
LEFT_OUT = {"help", "version", "print-config", "log-level", "log-format", "progress", "core-dumps", "dry-run", "yes", "wait", "apply", "follow", "watch"}


@dataclass
class Value:
    text: Optional[str]  # None: the flag stands alone.
    inside: bool

    def word(self, name):
        return f"--{name}" if self.text is None else f"--{name}={self.text}"


@dataclass
class Flag:
    name: str
    commands: str
    range: str
    draw: Callable = None  # A generator of random numbers and whether the value is to be inside -> Value.
    edges: tuple = ()

    def of(self, verb):
        """Whether a verb like "plan" or "verify tables" takes it."""
        names = re.split(r", | and ", self.commands)
        return verb in names or verb.split()[0] in names


def seconds(text):
    number, unit = re.fullmatch(r"([0-9.]+)(ms|s|m|h|d)?", text).groups()
    return Decimal(number) * DURATION[unit or "s"]


def plain(number):
    return format(number, "f")


def bounded(low, high, step, also=(), duration=False):
    """Values of a range: its edges, what lies beside them, and any between, small ones as often as great ones."""
    also = [Decimal(one) for one in also]

    def value(number):
        return Value(plain(number), low <= number <= high or number in also)

    outside = [one for one in (low - step, high + step, -high, high * 1000, Decimal(10) ** 30) if not low <= one <= high and one not in also]
    if duration:  # What is below a microsecond is none.
        outside = [one for one in outside if one >= 0] + [-step]
    edges = tuple(map(value, [low, high, min(low + step, high), max(high - step, low), *also, *outside]))

    def draw(chance, inside):
        if not inside:
            return value(chance.choice(outside))
        if chance.random() < 0.4:
            return chance.choice([one for one in edges if one.inside])
        least = max(low, step)
        number = least * (high / least) ** Decimal(str(round(chance.random(), 6)))
        return value(min(high, max(low, (number / step).to_integral_value() * step)))

    return draw, edges


def chosen(words):
    edges = tuple([Value(word, True) for word in words] + [Value(word, False) for word in ("", "other", words[0] + "x")])
    return (lambda chance, inside: chance.choice([one for one in edges if one.inside == inside])), edges


def listed(values):
    return (lambda chance, inside: chance.choice([one for one in values if one.inside == inside])), tuple(values)


def units(most):
    last = (1 << 40) - 2
    return listed([Value(text, good) for text, good in (
        ("0..0", True), ("0..9", True), ("5..40", True), (f"{last}..{last}", True), (f"0..{most - 1}", True), ("1000..1020", True),
        (f"{last}..{last + 1}", False), ("9..0", False), ("-1..3", False), ("3", False), (f"0..{10**30}", False))])


def moments():
    now = datetime.datetime.now(datetime.timezone.utc)
    ago = [now - datetime.timedelta(seconds=one) for one in (0, 1, 3600, 10**8)]
    return listed([Value("2000-01-01", True), Value("2000-01-01T00:00:00.000001Z", True)] +
                  [Value(one.strftime("%Y-%m-%dT%H:%M:%SZ"), True) for one in ago] +
                  [Value(text, False) for text in ("1999-12-31T23:59:59.999999Z", "0001-01-01", "9999-12-31T23:59:59Z", "0000-01-01", "2000-13-01",
                                                   "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "noon")])


def spans_back():
    most = Decimal(int((datetime.datetime.now(datetime.timezone.utc) - datetime.datetime(1975, 1, 1, tzinfo=datetime.timezone.utc)).total_seconds()))
    draw, edges = bounded(Decimal(1), most - 60, Decimal("0.000001"), duration=True)
    beyond = [Value(text, False) for text in ("20800d", "36500d", "36501d", "106751991d", "10000000000d")]
    return (lambda chance, inside: draw(chance, True) if inside else chance.choice(beyond)), \
        tuple(one for one in edges if one.inside or Decimal(one.text) < 1) + tuple(beyond)


SPECIAL = {
    "run": lambda: listed([Value("main", True), Value("a", True), Value("0" * 31, True), Value("0" * 32, False), Value("-a", False),
                           Value("A", False), Value("", False)]),
    "db-schema": lambda: listed([Value("demo", True), Value("d" * 63, True), Value("d" * 64, False), Value("pg_x", False), Value("", False)]),
    "seed": lambda: bounded(Decimal(0), Decimal(2**64 - 1), Decimal(1)),
    "start-time": moments,
    "history": spans_back,
    "units": lambda: units(1_000_000),
    "slot-wal-warn": lambda: listed([Value("0", True), Value("1KiB", True), Value("8388607TiB", True), Value("9223372036854775807", True),
                                     Value("8388608TiB", False), Value("-1", False), Value("9223372036854775808", False)]),
    "retention": lambda: listed([Value("1m", True), Value("87600h", True), Value("forever", True), Value("59s", False), Value("87601h", False)]),
    "replication-factor": lambda: bounded(Decimal(1), Decimal(100), Decimal(1), also=[-1]),
    "replica-identity": lambda: chosen(["default", "full", "nothing"]),
    # Of a stream of changes; `scenario new` takes a file.
    "from": lambda: bounded(Decimal(0), Decimal((1 << 40) - 2), Decimal(1)),
    # The other flags of a line are of this one.
    "scenario": lambda: chosen(["thelook"]),
}


def rule_of(flag, placeholder):
    if flag.name in SPECIAL:
        return SPECIAL[flag.name]()
    if not placeholder:
        return listed([Value(None, True)])
    if flag.range.startswith("one of "):
        return chosen(flag.range[len("one of "):].split(", "))
    both = re.fullmatch(r"([a-z-]+) or ([a-z-]+)", flag.range)
    if both:
        return chosen(list(both.groups()))
    bounds = re.fullmatch(r"(?:(-?[0-9]+)(?: \([a-z ]+\))? or )?from (\S+) to (\S+)", flag.range)
    if not bounds:
        return None
    also, low, high = bounds.groups()
    also = [also] if also else []
    if placeholder in ("DURATION", "AGE"):
        return bounded(seconds(low), seconds(high), Decimal("0.000001"), also=also, duration=True)
    decimals = 9 if placeholder == "P" else len(low.partition(".")[2])
    return bounded(Decimal(low), Decimal(high), Decimal(1).scaleb(-decimals), also=also)


def documented(program):
    """All flags that can be tried. Fails when there is one that is neither tried nor named above: somebody has to say what it takes."""
    text = subprocess.run([program, "--help-markdown"], capture_output=True, text=True, check=True).stdout
    flags, unknown, left = {}, [], set()
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split(" | ")]
        if not line.startswith("| `--") or len(cells) != 5:
            continue
        words = cells[0].strip("| `").replace("[no-]", "").split()
        name = words[0].strip("-,")
        if name in LEFT_OUT | TEXT_FLAGS:
            left.add(name)
            continue
        placeholder = words[-1] if not words[-1].startswith("-") else ""
        flag = Flag(name, cells[3], cells[2])
        rule = rule_of(flag, placeholder)
        if rule is None:
            unknown.append(f"--{name} {placeholder}: {flag.range}")
            continue
        flag.draw, flag.edges = rule
        flags[name] = flag
    unknown += [f"--{name}: is no flag" for name in sorted((LEFT_OUT | TEXT_FLAGS) - left)]
    if unknown:
        raise RuntimeError("flags.py does not know what these flags take:\n" + "\n".join(unknown))
    return flags
