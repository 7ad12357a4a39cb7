"""Harms of a stream of change events: what each does, and what has to be said of it."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "verify"))
from harm import other
from stream import DECIMALS

KINDS = {}
TOPICS_ONLY = set()
# Of what a dump is alone.
DUMPS_ONLY = {"across", "cut_off", "garbage", "table_missing", "ends_early", "dropped_behind_the_cut"}
BROKEN = r"messages? (is|are) not Debezium's, or cut off"
ANY = frozenset(("lost", "doubled", "reordered", "altered", "wrong before", "wrong op", "unknown", "stale read", "torn", "foreign edit"))


def harm(function):
    """A harm by its function's name; it returns what is expected, or nothing where this stream cannot be harmed so."""
    KINDS[function.__name__] = function
    return function


# ---- Victims ---------------------------------------------------------------------------------------------------------


def is_free(case, m):
    """Whether no other harm has to do with this message, or with what belongs to it."""
    keys = {m.row_key}
    units = {m.unit} | {c.unit for c in case.plan.history(m.row_key)}
    keys |= {(c.table, c.key) for c in case.plan.units.get(m.unit, ())}
    return not (keys | units) & case.claimed


def claim(case, *messages):
    for m in messages:
        case.touched.add(m.unit)
        case.claimed |= {m.unit} - {None} | {m.row_key}
        case.claimed |= {c.unit for c in case.plan.history(m.row_key)}
        case.claimed |= {(c.table, c.key) for c in case.plan.units.get(m.unit, ())}


def claim_table(case, table):
    for m in case.messages:
        if m.table == table:
            case.claimed |= {m.row_key, m.unit} - {None}


def begins_behind(case):
    """The unit up to which all may be older than the stream, as it begins later than the run."""
    return max(case.missing_units, default=-1) + (case.recipe.window if case.missing_units else 0)


def solid(case, good=lambda m: True, demanded=True):
    """Changes of the run by a unit that is demanded, or that the card knows at least, told by this one message alone."""
    bound = case.bound() if demanded else case.plan.settled
    low = begins_behind(case)
    told = {}
    for m in case.messages:
        if m.kind == "change" and m.change is not None:
            told[id(m.change)] = told.get(id(m.change), 0) + 1
    return case.positions(lambda m: m.run == "main" and m.unit is not None and low < m.unit < bound and m.op in "cud" and
                          m.change is not None and told[id(m.change)] == 1 and is_free(case, m) and good(m) and
                          not case.covered(m.change))


def first_rows(case, good=lambda m: True):
    return case.positions(lambda m: m.unit is None and m.op in "cr" and m.snapshot != "incremental" and
                          m.run in ("", "main") and is_free(case, m) and good(m) and
                          sum(o.kind == "change" and o.row_key == m.row_key and o.op in "cr" for o in case.messages) == 1)


def pick(case, positions):
    if not positions:
        return None
    at = case.chance.choice(positions)
    claim(case, case.messages[at])
    return at


def rows_of(case, *units):
    return frozenset((c.table, c.key) for unit in units for c in case.plan.units.get(unit, ()))


def size_of(case, unit):
    return len(case.plan.units[unit])


def insert(case, at, *messages):
    """At this place, and with a place in the source's log to it."""
    lsn = next((m.lsn for m in reversed(case.messages[:at]) if m.lsn), case.messages[0].lsn if case.messages else 1)
    for number, m in enumerate(messages):
        if m.kind == "change" and m.change is None and not m.again and m.unit is None:
            m.lsn = lsn + 1 + number
    case.messages[at:at] = messages


def fresh(case, m, **changes):
    """A message of a transaction of its own, made now."""
    build = case.builder
    build.tx += 7
    build.lsn += 400
    return m.copy(tx=build.tx, lsn=build.lsn, stamp=build.stamp(), commit=build.now, order=1, unit=None, change=None, **changes)


def take(case, at):
    """Takes a message away, with the tombstone of a delete."""
    m = case.messages.pop(at)
    if m.op == "d" and at < len(case.messages) and case.messages[at].kind == "tombstone":
        case.messages.pop(at)
    return m


def lives(case, key):
    """Whether the row is there when all planned units are done."""
    history = case.plan.history(key)
    return history[-1].op != "d" if history else any(row["id"] == key[1] for row in case.plan.first[key[0]])


def last_of(case, key):
    return max((at for at, m in enumerate(case.messages) if m.kind == "change" and m.row_key == key), default=None)


def current(case, good=lambda m: True):
    """The newest event of rows that stay."""
    newest = {}
    for at, m in enumerate(case.messages):
        if m.kind == "change" and m.run == "main":
            newest[m.row_key] = at
    return [at for key, at in newest.items() if case.messages[at].op in "cu" and lives(case, key) and
            case.messages[at].unit is not None and case.messages[at].unit < case.bound() and
            case.messages[at].change is case.plan.history(key)[-1] and is_free(case, case.messages[at]) and good(case.messages[at])]


def another(case, value, column):
    """Another value of the same form."""
    if value is None:
        return "2026-01-02T03:04:05.678901Z" if column.endswith("_at") else 7 if column == "product_id" else "x" \
            if not column.endswith("user_id") else case.plan.first["users"][0]["id"]
    if isinstance(value, str) and column not in DECIMALS and not column.endswith(("_at", "_id")):
        odd = [text for text in (value.swapcase(), value + " ", "", None, value[:-1]) if text != value]
        return case.chance.choice((other(value, column), *odd))
    return other(value, column)
