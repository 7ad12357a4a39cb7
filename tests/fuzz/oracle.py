"""What a report of `verify` must say of a stream or a database that was harmed, decided from the harms alone."""

import re
from dataclasses import dataclass, field

from ids import Codec

CLEAN, MISMATCH, NOT_PROVEN = 0, 1, 2
# Words that make a verdict a mismatch.
MISMATCHES = {"missing", "extra", "different", "stale", "lost", "doubled", "reordered", "altered", "wrong before", "wrong op", "unknown",
              "stale read", "miscounted", "torn"}


@dataclass
class Need:
    """A finding that must be there: one of these words, of one of these rows, and of this column where it has one."""

    words: frozenset
    rows: frozenset
    column: str = ""

    def __init__(self, words, rows, column=""):
        self.words = frozenset([words] if isinstance(words, str) else words)
        self.rows = frozenset(rows)
        self.column = column

    def is_met_by(self, one):
        return (one["defect"] in self.words and any(table in (one["table"], None) and (key is None or names(one["key"], key)) for table, key in self.rows) and
                (not self.column or one.get("column") == self.column))


def names(told, key):
    """Whether a key in a report is this one. Of what came late, its row number is said."""
    told, key = str(told), str(key)
    return told == key or len(key) == 36 and re.fullmatch(rf"row {Codec.parts(key)[2]}\b.*", told) is not None


@dataclass
class Expect:
    harm: str
    verdicts: frozenset
    needs: list = field(default_factory=list)
    may: list = field(default_factory=list)  # Findings that are right, too.
    lines: list = field(default_factory=list)  # Reasons of "not proven" that are right.
    must: list = field(default_factory=list)  # Lines that have to be there.
    said: str = ""  # Has to be somewhere in the text.
    where: str = ""

    def __init__(self, harm, verdicts, needs=(), may=(), lines=(), must=(), said="", where=""):
        self.harm = harm
        self.verdicts = frozenset([verdicts] if isinstance(verdicts, int) else verdicts)
        self.needs, self.may, self.lines, self.must, self.said, self.where = list(needs), list(may), list(lines), list(must), said, where


@dataclass
class Outcome:
    status: int
    report: dict
    text: str
    errors: str


def combined(expects):
    """The verdicts that are right when all of these hold: a mismatch goes before what is not proven, and that before clean."""
    rank = {CLEAN: 0, NOT_PROVEN: 1, MISMATCH: 2}
    right = {CLEAN}
    for expect in expects:
        right = {max(a, b, key=rank.get) for a in right for b in expect.verdicts}
    return right


def faults(outcome, expects):
    """What is wrong with a verdict: pairs of a kind and an explanation. Nothing: it is right."""
    if outcome.status not in (CLEAN, MISMATCH, NOT_PROVEN):
        return [(f"exit {outcome.status}", outcome.errors.strip()[-600:] or outcome.text[-600:])]
    found = []
    right = combined(expects)
    report = outcome.report
    examples, lines = report.get("examples", []), report.get("not_proven", [])
    if outcome.status not in right:
        found.append((f"verdict {outcome.status} instead of {'/'.join(map(str, sorted(right)))}", outcome.text.strip()[-900:]))
    said = {"clean": CLEAN, "mismatch": MISMATCH, "not proven": NOT_PROVEN}.get(report.get("verdict"))
    if said != outcome.status:
        found.append(("report and exit status differ", f"{report.get('verdict')} with {outcome.status}"))
    wanted = [need for expect in expects for need in expect.needs]
    allowed = wanted + [need for expect in expects for need in expect.may]
    for expect in expects:
        for need in expect.needs:
            if not any(need.is_met_by(one) for one in examples):
                of_row = [one["defect"] + "." + one.get("column", "") for one in examples
                          if Need(one["defect"], need.rows).is_met_by(one)]
                found.append((f"{expect.harm}: not named as {'/'.join(sorted(need.words))}"
                              + (f", but as {'/'.join(sorted(set(of_row)))}" if of_row else ""),
                              f"{sorted(map(str, need.rows))} {need.column}"))
        if expect.said not in outcome.text:
            found.append((f"{expect.harm}: does not say {expect.said}", outcome.text[-600:]))
        for line in expect.must:
            if not any(re.search(line, one) for one in lines):
                found.append((f"{expect.harm}: no line '{line}'", "; ".join(lines)))
    for one in examples:
        if one["defect"] != "repeated" and not any(need.is_met_by(one) for need in allowed):
            found.append((f"blames an innocent row: {one['defect']}",
                          " ".join(str(one.get(name, "")) for name in ("table", "key", "unit", "column", "expected", "found"))))
    reasons = [line for expect in expects for line in expect.lines + expect.must]
    for line in lines:
        if not any(re.search(reason, line) for reason in reasons):
            found.append(("not proven without a reason: " + re.sub(r"\d+", "N", line)[:90], line))
    if outcome.status == MISMATCH and not any(report.get("counts", {}).get(word) for word in MISMATCHES):
        found.append(("a mismatch of nothing", outcome.text[-600:]))
    return found
