"""Harms of a stream of change events: what each does, and what has to be said of it."""

import copy
import json

from oracle import CLEAN, MISMATCH, NOT_PROVEN, Expect, Need
from plans import FIXED, NUMBER, VERSIONED
from stream import DECIMALS, Message, Raw, base64_of

KINDS = {}
TOPICS_ONLY = set()
# Of what a dump is alone.
DUMPS_ONLY = {"cut_off", "garbage", "table_missing", "ends_early", "dropped_behind_the_cut"}
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


def solid(case, good=lambda m: True, demanded=True):
    """Changes of the run by a unit that is demanded, or that the card knows at least, told by this one message alone."""
    bound = case.bound() if demanded else case.plan.settled
    low = max(case.missing_units, default=-1) + (case.recipe.window if case.missing_units else 0)
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


# ---- Lost, doubled, reordered ----------------------------------------------------------------------------------------


@harm
def dropped(case):
    at = pick(case, solid(case))
    if at is None:
        return None
    m = take(case, at)
    return Expect("dropped", MISMATCH, [Need("lost", [m.row_key])], where=str(m.row_key))


@harm
def dropped_delete(case):
    at = pick(case, solid(case, lambda m: m.op == "d"))
    if at is None:
        return None
    m = take(case, at)
    return Expect("dropped_delete", MISMATCH, [Need("lost", [m.row_key])], where=str(m.row_key))


@harm
def dropped_unit(case):
    all_of = solid(case)
    units = {case.messages[at].unit for at in all_of}
    whole = [at for at in all_of if sum(case.messages[o].unit == case.messages[at].unit for o in all_of) ==
             size_of(case, case.messages[at].unit)]
    at = pick(case, whole)
    if at is None or len(units) < 2 or case.messages[at].unit == max(m.unit or 0 for m in case.messages):
        return None
    unit = case.messages[at].unit
    case.messages = [m for m in case.messages if m.unit != unit]
    return Expect("dropped_unit", MISMATCH, [Need("lost", [key]) for key in rows_of(case, unit)], where=f"unit {unit}")


@harm
def dropped_first_row(case):
    at = pick(case, first_rows(case))
    if at is None:
        return None
    m = take(case, at)
    # Of the only row of a table nobody can know whether the stream has first rows of it.
    sole = not any(o.kind == "change" and o.table == m.table and o.unit is None and o.op in "cr" for o in case.messages)
    later = bool(case.plan.history(m.row_key))
    if sole:
        return Expect("dropped_first_row", (CLEAN, MISMATCH, NOT_PROVEN), may=[Need("lost", [m.row_key])], lines=[m.table, "first rows"])
    if later:
        return Expect("dropped_first_row", (MISMATCH, NOT_PROVEN), may=[Need("lost", [m.row_key])], lines=[m.table, "first rows"])
    return Expect("dropped_first_row", MISMATCH, [Need("lost", [m.row_key])], where=str(m.row_key))


@harm
def dropped_behind_the_cut(case):
    """A whole unit that nobody demands."""
    if case.recipe.ended:
        return None
    bound, top = case.bound(), max((m.unit for m in case.messages if m.unit is not None), default=0)
    units = {m.unit for m in case.messages if m.unit is not None and m.run == "main" and bound <= m.unit < top}
    units = [u for u in units if u not in case.claimed and u >= case.plan.settled - 0 and
             all(case.plan.history((c.table, c.key))[-1].unit == u for c in case.plan.units[u]) and
             not any(m.unit == u and m.op == "r" for m in case.messages)]
    if not units:
        return None
    unit = case.chance.choice(sorted(units))
    case.claimed.add(unit)
    case.messages = [m for m in case.messages if m.unit != unit]
    return Expect("dropped_behind_the_cut", (CLEAN, NOT_PROVEN), lines=[r"ends at unit", "nothing is demanded", "behind"], where=str(unit))


@harm
def doubled(case):
    at = pick(case, solid(case, demanded=False))
    if at is None:
        return None
    m = case.messages[at]
    later = next((n for n in range(at + 1, len(case.messages)) if case.messages[n].row_key == m.row_key and
                  case.messages[n].kind == "change"), len(case.messages))
    insert(case, case.chance.choice((at + 1, case.chance.randint(at + 1, later))), m.copy())
    if case.form.flat:
        # A row does not tell when the connector made it.
        return Expect("doubled", (CLEAN, MISMATCH, NOT_PROVEN), may=[Need("doubled", [m.row_key])], lines=["came again without the time"])
    return Expect("doubled", MISMATCH, [Need("doubled", [m.row_key])], where=str(m.row_key))


@harm
def doubled_read(case):
    at = pick(case, case.positions(lambda m: m.op == "r" and is_free(case, m) and m.run == "main"))
    if at is None or case.form.flat:
        return None
    m = case.messages[at]
    insert(case, at + 1, m.copy())
    return Expect("doubled_read", (CLEAN, MISMATCH), may=[Need("doubled", [m.row_key])], where=str(m.row_key))


@harm
def repeated(case):
    """The newest version once more: harmless, unless exactly once is promised."""
    at = pick(case, solid(case, demanded=False))
    if at is None:
        return None
    m = case.messages[at]
    if last_of(case, m.row_key) != at:
        return None
    again = m.copy(stamp=case.builder.stamp(), again=True)
    insert(case, case.chance.randint(at + 1, len(case.messages)), again)
    if case.recipe.exactly_once:
        return Expect("repeated", MISMATCH, [Need("doubled", [m.row_key])])
    if case.form.flat:
        return Expect("repeated", (CLEAN, NOT_PROVEN), lines=["came again without the time"])
    return Expect("repeated", CLEAN)


@harm
def old_version_again(case):
    """An older version behind the newest, with a new stamp, as no restart leaves it."""
    def has_newer(m):
        at = last_of(case, m.row_key)
        newest = case.messages[at].change
        return newest is not None and newest is not m.change and newest.unit < case.plan.settled
    at = pick(case, solid(case, has_newer, demanded=False))
    if at is None:
        return None
    m = case.messages[at]
    last = last_of(case, m.row_key)
    insert(case, case.chance.randint(last + 1, len(case.messages)), m.copy(stamp=case.builder.stamp(), again=True))
    # It may be the begin of what a connector sends again.
    return Expect("old_version_again", (MISMATCH, NOT_PROVEN), may=[Need(("reordered", "doubled"), [m.row_key])],
                  lines=["older at the end of the stream", *(["came again without the time"] if case.form.flat else [])], where=str(m.row_key))


def swap_with_earlier(case, positions, name, words):
    """Changes places with the event before of the same row."""
    for at in case.chance.sample(positions, len(positions)):
        m = case.messages[at]
        before = next((n for n in range(at - 1, -1, -1) if case.messages[n].kind == "change" and
                       case.messages[n].row_key == m.row_key), None)
        if before is None or case.messages[before].change is m.change:
            continue
        claim(case, m)
        first = case.messages[before]
        case.messages[before], case.messages[at] = m, first
        needed = words if first.op != "r" else ("stale read", "reordered")
        return Expect(name, MISMATCH, [Need(needed, [m.row_key])], where=str(m.row_key))
    return None


@harm
def reordered(case):
    return swap_with_earlier(case, solid(case, lambda m: m.op == "u", demanded=False), "reordered", ("reordered",))


@harm
def reordered_first_row(case):
    """The insert of a row of before unit 0 behind its first update."""
    def is_first_update(m):
        return m.op == "u" and case.plan.history(m.row_key)[0] is m.change
    return swap_with_earlier(case, solid(case, is_first_update, demanded=False), "reordered_first_row", ("reordered", "stale read"))


@harm
def delete_before_the_rest(case):
    at = pick(case, solid(case, lambda m: m.op == "d", demanded=False))
    if at is None:
        return None
    key = case.messages[at].row_key
    before = [n for n in range(at) if case.messages[n].kind == "change" and case.messages[n].row_key == key]
    if not before or case.messages[before[-1]].op == "r":
        return None
    m = take(case, at)
    insert(case, before[-1], m)
    return Expect("delete_before_the_rest", MISMATCH, [Need("reordered", [m.row_key])], where=str(m.row_key))


@harm
def across(case):
    """Events of other rows overtake each other, those of one row do not: harmless."""
    begin = case.chance.randrange(max(1, len(case.messages)))
    part = case.messages[begin:begin + 60]
    if any(m.kind == "other" or m.again for m in part) or any(m.again for m in case.messages):
        return None
    by_key = {}
    for m in part:
        by_key.setdefault(m.row_key, []).append(m)
    mixed = []
    while by_key:
        key = case.chance.choice(list(by_key))
        mixed.append(by_key[key].pop(0))
        if not by_key[key]:
            del by_key[key]
    case.messages[begin:begin + 60] = mixed
    # Which rows a snapshot within the stream has read before is no longer said by the order.
    return Expect("across", CLEAN)


# ---- Altered ---------------------------------------------------------------------------------------------------------


def another(case, value, column):
    if value is None:
        return "2026-01-02T03:04:05.678901Z" if column.endswith("_at") else 7 if column == "product_id" else "x" \
            if not column.endswith("user_id") else case.plan.first["users"][0]["id"]
    if isinstance(value, (int, float)):
        return value + case.chance.choice((1, -1, 100))
    if column in DECIMALS:
        return f"{float(value) + 0.01:.2f}"
    if column.endswith("_at"):
        # Both digits are before those that a coarse encoding rounds.
        return value[:18] + str((int(value[18]) + 1) % 10) + value[19:]
    if column.endswith("_id"):
        return value[:-1] + ("0" if value[-1] != "0" else "1")
    return case.chance.choice((value + "x", value.swapcase() if value.swapcase() != value else value + "y", value + " ", "", None)) \
        if value else "x"


def alter(case, m, side, column):
    row = dict(getattr(m, side))
    row[column] = another(case, row[column], column)
    return m.copy(**{side: row})


@harm
def altered(case):
    at = pick(case, solid(case, lambda m: m.op in "cu", demanded=True))
    if at is None:
        return None
    m = case.messages[at]
    column = case.chance.choice(sorted(set(m.after) - {"id", "updated_at"}))
    if case.form.without == f"{m.table}.{column}":
        return None
    case.messages[at] = alter(case, m, "after", column)
    return Expect("altered", MISMATCH, [Need("altered", [m.row_key], column)], where=f"{m.row_key} {column}")


@harm
def altered_version(case):
    at = pick(case, solid(case, lambda m: m.op in "cu" and "updated_at" in m.after))
    if at is None:
        return None
    m = case.messages[at]
    case.messages[at] = alter(case, m, "after", "updated_at")
    return Expect("altered_version", MISMATCH, [Need(("altered", "lost"), [m.row_key])], may=[Need(ANY, [m.row_key])],
                  where=str(m.row_key))


@harm
def altered_first_row(case):
    at = pick(case, first_rows(case))
    if at is None:
        return None
    m = case.messages[at]
    column = case.chance.choice(sorted(set(m.after) - {"id", "updated_at"}))
    case.messages[at] = alter(case, m, "after", column)
    return Expect("altered_first_row", MISMATCH, [Need("altered", [m.row_key], column)], where=f"{m.row_key} {column}")


@harm
def altered_read(case):
    at = pick(case, case.positions(lambda m: m.op == "r" and m.unit is not None and m.run == "main" and is_free(case, m)
                                   and m.unit < case.plan.settled))
    if at is None:
        return None
    m = case.messages[at]
    column = case.chance.choice(sorted(set(m.after) - {"id", "updated_at"}))
    case.messages[at] = alter(case, m, "after", column)
    return Expect("altered_read", MISMATCH, [Need("altered", [m.row_key], column)], where=f"{m.row_key} {column}")


@harm
def altered_before(case):
    if case.form.flat or not case.form.full:
        return None
    at = pick(case, solid(case, lambda m: m.op in "ud"))
    if at is None:
        return None
    m = case.messages[at]
    column = case.chance.choice(sorted(set(m.before) - {"id", "updated_at"}))
    case.messages[at] = alter(case, m, "before", column)
    return Expect("altered_before", MISMATCH, [Need("wrong before", [m.row_key], column)], where=f"{m.row_key} {column}")


@harm
def altered_before_version(case):
    if case.form.flat or not case.form.full:
        return None
    at = pick(case, solid(case, lambda m: m.op in "ud" and "updated_at" in m.before))
    if at is None:
        return None
    m = case.messages[at]
    case.messages[at] = alter(case, m, "before", "updated_at")
    return Expect("altered_before_version", MISMATCH, [Need("wrong before", [m.row_key])], may=[Need(ANY, [m.row_key])],
                  where=str(m.row_key))


@harm
def no_before(case):
    """REPLICA IDENTITY FULL, and one event tells nothing of the row before: allowed, it is changed at will."""
    if case.form.flat or not case.form.full:
        return None
    at = pick(case, solid(case, lambda m: m.op == "u"))
    if at is None:
        return None
    case.messages[at] = case.messages[at].copy(before=None, loose=True)
    return Expect("no_before", CLEAN)


@harm
def made_up_before(case):
    """Of a delete under REPLICA IDENTITY DEFAULT the key alone is believed: harmless."""
    if case.form.full:
        return None
    at = pick(case, solid(case, lambda m: m.op == "d"))
    if at is None:
        return None
    m = case.messages[at]
    row = {name: None if name != "id" else value for name, value in m.before.items()}
    case.messages[at] = m.copy(before=row, loose=True)
    return Expect("made_up_before", CLEAN)


ODD_VALUES = {
    # By what the column holds.
    "integer": (Raw("4294967314"), Raw("18446744073709551634"), Raw("1e1"), Raw("true"), Raw('"7"'), Raw("-1"), Raw("[]"), Raw("{}"),
                Raw("1.5"), Raw("9223372036854775808")),
    "decimal": (Raw('"184467440737095516.44"'), Raw('"1e400"'), Raw('"NaN"'), Raw("true"), Raw('""'), Raw('"-"'), Raw('"1.0.0"'),
                Raw('"////////////"'), Raw("1e308"), Raw("[]"), Raw('{"scale":2,"value":"AQ=="}'), Raw("null"),
                Raw('"99999999999999999999999999999999999999999999999999"')),
    "moment": (Raw('"yesterday"'), Raw('"2026-13-01T00:00:00Z"'), Raw('"2026-02-30T00:00:00.000000Z"'), Raw("-1"), Raw("true"),
               Raw('""'), Raw('"infinity"'), Raw("9223372036854775807"), Raw("18446744073709551615"), Raw("[]"), Raw("0"),
               Raw('"2026-01-01T25:00:00Z"')),
    "text": (Raw("1"), Raw("true"), Raw("[]"), Raw('{"a":1}'), Raw('"\\u0000"'), Raw('"\\ud800"'), Raw('"' + "x" * 9000 + '"')),
    "id": (Raw('"b1374c00"'), Raw('""'), Raw("7"), Raw('"zzzzzzzz-0000-8000-8000-000000000000"'), Raw("[]")),
}


def form_of(table, column):
    if column in DECIMALS:
        return "decimal"
    if column.endswith("_at"):
        return "moment"
    if column == "product_id" or column in ("age", "num_of_items", "quantity", "sequence_number", "distribution_center_id"):
        return "integer"
    if column.endswith("_id"):
        return "id"
    return "text" if column not in ("latitude", "longitude") else ""


@harm
def odd_value(case):
    """A value that no connector writes there."""
    at = pick(case, solid(case, lambda m: m.op in "cu"))
    if at is None:
        return None
    m = case.messages[at]
    column = case.chance.choice([c for c in sorted(set(m.after) - {"id", "updated_at"}) if form_of(m.table, c)])
    if m.after[column] is None:
        return None
    value = case.chance.choice(ODD_VALUES[form_of(m.table, column)])
    case.messages[at] = m.copy(raw={column: value})
    return Expect("odd_value", MISMATCH, [Need(("altered", "lost"), [m.row_key])], lines=[BROKEN], where=f"{m.row_key} {column} {value[:60]}")


@harm
def wrapped_decimal(case):
    """A number whose unscaled value is the right one modulo a power of two."""
    at = pick(case, solid(case, lambda m: m.op in "cu" and m.table == "order_items"))
    if at is None:
        return None
    m = case.messages[at]
    unscaled = int(m.after["sale_price"].replace(".", ""))
    wrong = unscaled + (1 << case.chance.choice((32, 64, 64, 64, 128))) * case.chance.choice((1, -1))
    if case.form.decimals == "precise":
        value = base64_of(wrong)
    else:
        sign, digits = ("-" if wrong < 0 else ""), f"{abs(wrong):03d}"
        value = f"{sign}{digits[:-2]}.{digits[-2:]}"
    case.messages[at] = m.copy(raw={"sale_price": value})
    return Expect("wrapped_decimal", MISMATCH, [Need(("altered", "lost"), [m.row_key])], lines=[BROKEN], where=f"{m.row_key} {value}")


# ---- Operations and sides --------------------------------------------------------------------------------------------


@harm
def wrong_op(case):
    """Another letter, and nothing else."""
    at = pick(case, solid(case))
    if at is None:
        return None
    m = case.messages[at]
    op = case.chance.choice([o for o in "cud" if o != m.op])
    case.messages[at] = m.copy(op=op, loose=True, before=m.before if case.form.full or m.op == "d" else None)
    return Expect("wrong_op", MISMATCH, [Need(("wrong op", "lost"), [m.row_key])], may=[Need(ANY, [m.row_key])], where=f"{m.row_key} {m.op} as {op}")


@harm
def wrong_op_in_form(case):
    """Another operation, with the sides that it has."""
    at = pick(case, solid(case))
    if at is None:
        return None
    m = case.messages[at]
    op = case.chance.choice([o for o in "cud" if o != m.op])
    row = m.after or m.before
    sides = {"c": (None, row), "u": (row if case.form.full else None, row), "d": (row, None)}[op]
    case.messages[at] = m.copy(op=op, before=sides[0], after=sides[1], loose=op == "d" and case.form.full)
    return Expect("wrong_op_in_form", MISMATCH, [Need(("wrong op", "lost"), [m.row_key])], may=[Need(ANY, [m.row_key])],
                  where=f"{m.row_key} {m.op} as {op}")


@harm
def odd_op(case):
    at = pick(case, solid(case))
    if at is None:
        return None
    m = case.messages[at]
    case.messages[at] = m.copy(op=case.chance.choice(("x", "", "cc", "m", "C")))
    return Expect("odd_op", MISMATCH, [Need(("wrong op", "lost"), [m.row_key])], lines=[BROKEN], where=f"{m.row_key} {case.messages[at].op!r}")


@harm
def row_only_in_before(case):
    """`after` null, the row stands in `before`."""
    if case.form.flat:
        return None
    at = pick(case, solid(case, lambda m: m.op in "cu"))
    if at is None:
        return None
    m = case.messages[at]
    case.messages[at] = m.copy(before=m.after, after=None, loose=True)
    return Expect("row_only_in_before", MISMATCH, [Need(("altered", "lost", "wrong op", "wrong before"), [m.row_key])],
                  may=[Need(ANY, [m.row_key])], lines=[BROKEN], where=f"{m.row_key} {m.op}")


@harm
def no_sides(case):
    if case.form.flat:
        return None
    at = pick(case, solid(case))
    if at is None:
        return None
    m = case.messages[at]
    case.messages[at] = m.copy(before=None, after=None, loose=True)
    return Expect("no_sides", MISMATCH, [Need(("altered", "lost", "wrong op"), [m.row_key])], lines=[BROKEN], where=f"{m.row_key} {m.op}")


@harm
def insert_with_before(case):
    if case.form.flat:
        return None
    at = pick(case, solid(case, lambda m: m.op == "c"))
    if at is None:
        return None
    m = case.messages[at]
    case.messages[at] = m.copy(before=dict(m.after), loose=True)
    return Expect("insert_with_before", MISMATCH, [Need(("wrong before", "wrong op"), [m.row_key])], may=[Need(ANY, [m.row_key])],
                  where=str(m.row_key))


@harm
def delete_with_after(case):
    if case.form.flat:
        return None
    at = pick(case, solid(case, lambda m: m.op == "d"))
    if at is None:
        return None
    m = case.messages[at]
    case.messages[at] = m.copy(after=dict(m.before), loose=True)
    return Expect("delete_with_after", MISMATCH, [Need(("altered", "wrong op", "lost"), [m.row_key])], may=[Need(ANY, [m.row_key])],
                  where=str(m.row_key))


@harm
def first_row_as_update(case):
    """An insert of before unit 0, told as an update."""
    at = pick(case, first_rows(case, lambda m: m.op == "c"))
    if at is None:
        return None
    m = case.messages[at]
    case.messages[at] = m.copy(op="u")
    return Expect("first_row_as_update", MISMATCH, [Need(("wrong op", "lost"), [m.row_key])], may=[Need(ANY, [m.row_key])],
                  where=str(m.row_key))


@harm
def first_update_as_insert(case):
    """The first update of a row of before unit 0, told as an insert."""
    at = pick(case, solid(case, lambda m: m.op == "u" and case.plan.history(m.row_key)[0] is m.change))
    if at is None:
        return None
    m = case.messages[at]
    case.messages[at] = m.copy(op="c", before=None)
    return Expect("first_update_as_insert", MISMATCH, [Need("wrong op", [m.row_key])], may=[Need("lost", [m.row_key])], where=str(m.row_key))


# ---- Transactions ----------------------------------------------------------------------------------------------------


def torn_rows(case, unit, m, other=None):
    """Whom a moved event may be blamed on: itself; where no transaction has most of the unit, all of it."""
    size = size_of(case, unit)
    if size == 2:
        return rows_of(case, unit)
    return frozenset([m.row_key])


@harm
def split(case):
    """One event says another transaction than its unit."""
    at = pick(case, solid(case, lambda m: size_of(case, m.unit) > 1 and all(not case.covered(c) for c in case.plan.units[m.unit])))
    if at is None:
        return None
    m = case.messages[at]
    case.messages[at] = m.copy(tx=m.tx + 1_000_000)
    return Expect("split", MISMATCH, [Need("torn", [m.row_key])], may=[Need("torn", torn_rows(case, m.unit, m))], where=str(m.row_key))


@harm
def moved(case):
    """One event says the transaction of another unit."""
    def whole(m):
        return all(not case.covered(c) for c in case.plan.units[m.unit])
    at = pick(case, solid(case, whole))
    if at is None:
        return None
    m = case.messages[at]
    to = pick(case, solid(case, lambda o: o.unit != m.unit and whole(o)))
    if to is None:
        return None
    other = case.messages[to]
    case.messages[at] = m.copy(tx=other.tx)
    may = [Need("torn", torn_rows(case, m.unit, m))]
    if size_of(case, m.unit) == 1 and size_of(case, other.unit) == 1:
        may.append(Need("torn", rows_of(case, other.unit)))
    return Expect("moved", MISMATCH, [Need("torn", [m.row_key])], may=may, where=f"{m.row_key} to unit {other.unit}")


@harm
def merged(case):
    """Two units in one transaction."""
    def whole(m):
        return all(not case.covered(c) for c in case.plan.units[m.unit])
    at = pick(case, solid(case, whole))
    if at is None:
        return None
    m = case.messages[at]
    to = pick(case, solid(case, lambda o: o.unit != m.unit and whole(o)))
    if to is None:
        return None
    other = case.messages[to]
    case.messages = [one.copy(tx=other.tx) if one.kind == "change" and one.unit == m.unit else one for one in case.messages]
    both = rows_of(case, m.unit, other.unit)
    return Expect("merged", MISMATCH, [Need("torn", both)], may=[Need("torn", both)], where=f"units {m.unit} and {other.unit}")


@harm
def twice_in_two_transactions(case):
    """An insert or delete once more, in another transaction."""
    at = pick(case, solid(case, lambda m: m.op in "cd" and last_of(case, m.row_key) == case.messages.index(m)))
    if at is None:
        return None
    m = case.messages[at]
    insert(case, case.chance.randint(at + 1, len(case.messages)), fresh(case, m))
    return Expect("twice_in_two_transactions", (MISMATCH, NOT_PROVEN), [Need(("foreign edit", "doubled", "torn", "reordered"), [m.row_key])],
                  where=f"{m.row_key} {m.op}")


@harm
def update_in_two_transactions(case):
    at = pick(case, solid(case, lambda m: m.op == "u" and last_of(case, m.row_key) == case.messages.index(m)))
    if at is None:
        return None
    m = case.messages[at]
    insert(case, case.chance.randint(at + 1, len(case.messages)), fresh(case, m))
    return Expect("update_in_two_transactions", (MISMATCH, NOT_PROVEN),
                  [Need(("foreign edit", "doubled", "torn", "reordered"), [m.row_key])], where=f"{m.row_key} {m.op}")


@harm
def back_from_the_dead(case):
    """A removed row is inserted once more."""
    at = pick(case, solid(case, lambda m: m.op == "d"))
    if at is None:
        return None
    m = case.messages[at]
    first = case.plan.history(m.row_key)[0]
    if first.op != "c":
        return None
    again = fresh(case, m, op="c", before=None, after=dict(first.after))
    insert(case, case.chance.randint(at + 2, len(case.messages)), again)
    return Expect("back_from_the_dead", (MISMATCH, NOT_PROVEN), [Need(("foreign edit", "reordered", "torn", "doubled"), [m.row_key])],
                  where=str(m.row_key))


# ---- Of nobody's plan ------------------------------------------------------------------------------------------------


def unplanned(case, m, key, op):
    """A message of a row that is not planned, made of one that is."""
    row = dict(m.after or m.before, id=key)
    if op == "d":
        return fresh(case, m, key=key, op="d", before=row, after=None, run="", loose=case.form.full)
    return fresh(case, m, key=key, op=op, before=row if op == "u" and case.form.full else None, after=row, run="",
                 snapshot="incremental" if op == "r" else "false")


def unplanned_id(case, name, key_of, verdicts=(MISMATCH,), ops="ccur", words=("unknown",)):
    at = pick(case, solid(case, lambda m: m.op in "cu" and m.table not in FIXED))
    if at is None:
        return None
    m = case.messages[at]
    key = key_of(m)
    if key is None:
        return None
    op = case.chance.choice(ops)
    insert(case, case.chance.randint(0, len(case.messages)), unplanned(case, m, key, op))
    if op == "d" or case.form.flat and op == "d":
        verdicts, words = (MISMATCH, NOT_PROVEN), (*words, "foreign edit")
    return Expect(name, verdicts, [Need(words, [(m.table, key)])], where=f"{m.table} {key} {op} {case.plan.codec.parts(key)[1:]}")


@harm
def unknown_of_planned_unit(case):
    """An id of a planned unit that does not insert this row."""
    def key_of(m):
        tag, table, row, unit = case.plan.codec.parts(case.chance.choice([m.key, next(iter(rows_of(case, m.unit)))[1]])
                                                      if m.table in NUMBER else m.key)
        choice = case.chance.randrange(3)
        if choice == 0:
            return case.plan.codec.encode(NUMBER[m.table], row + 1000, m.unit)
        if choice == 1:
            return case.plan.codec.encode(NUMBER[m.table], row, m.unit + 1 if m.unit + 1 in case.plan.units else m.unit - 1)
        return case.plan.codec.encode(NUMBER[m.table], case.chance.randrange(1 << 20), m.unit)

    def unused(m):
        key = key_of(m)
        return None if case.plan.history((m.table, key)) else key
    return unplanned_id(case, "unknown_of_planned_unit", unused, ops="ccurd")


@harm
def unknown_of_another_table(case):
    """An id whose table is another one's."""
    def key_of(m):
        _, table, row, unit = case.plan.codec.parts(m.key)
        if unit not in case.plan.units:
            return None
        other = case.chance.choice([t for t in ("users", "orders", "order_items", "events") if t != m.table])
        return case.chance.choice([key for n in case.plan.units for t, key in rows_of(case, n) if t != m.table and isinstance(key, str)]
                                  + [case.plan.codec.encode(NUMBER[other], row, unit)])
    return unplanned_id(case, "unknown_of_another_table", key_of, ops="ccurd")


@harm
def unknown_of_first_rows(case):
    """An id of before unit 0 that is none of the first users'."""
    def key_of(m):
        return case.plan.codec.encode(NUMBER[m.table], case.recipe.users + case.chance.randrange(3), (1 << 40) - 1)
    return unplanned_id(case, "unknown_of_first_rows", key_of, ops="ccurd")


@harm
def unknown_beyond_the_end(case):
    """An id of a unit that an ended run does not have; of a going one, of a unit that does not insert it."""
    def key_of(m):
        far = case.plan.settled + case.chance.choice((0, 1, case.recipe.window, 100_000, 1 << 38))
        return case.plan.codec.encode(NUMBER[m.table], (1 << 39) + case.chance.randrange(100), far)
    verdicts = (MISMATCH,) if case.recipe.ended else (MISMATCH, NOT_PROVEN)
    words = ("unknown",) if case.recipe.ended else ("unknown", "foreign edit")
    made = unplanned_id(case, "unknown_beyond_the_end", key_of, verdicts, "ccur", words)
    if made and not case.recipe.ended:
        # A card says what it knows: beyond it, counted.
        made.may, made.needs = made.needs, []
        made.verdicts = frozenset((CLEAN, MISMATCH, NOT_PROVEN))
        made.lines.append("ends at unit|beyond|behind|the card")
    if made:
        made.lines.append("where the run has ended")
    return made


@harm
def corrupted_id(case):
    """The check of an id is wrong: a row that no run has made."""
    def key_of(m):
        _, table, row, unit = case.plan.codec.parts(m.key)
        return case.plan.codec.encode(table, row, unit, spoil=1 << case.chance.randrange(20))
    return unplanned_id(case, "corrupted_id", key_of, (MISMATCH, NOT_PROVEN), "ccurd", ("unknown", "foreign edit"))


@harm
def nobodys_id(case):
    """A row with an id of another kind, of somebody who uses the tables, too."""
    def key_of(m):
        return f"{case.chance.getrandbits(32):08x}-1111-4222-9333-{case.chance.getrandbits(48):012x}"
    made = unplanned_id(case, "nobodys_id", key_of, (CLEAN, MISMATCH, NOT_PROVEN), "ccu", ("unknown", "foreign edit"))
    if made:
        made.may, made.needs = made.needs, []
    return made


@harm
def other_runs_id(case):
    """Of a run that is not asked for: harmless."""
    def key_of(m):
        _, table, row, unit = case.plan.codec.parts(m.key)
        return case.plan.codec.encode(table, row, unit, tag=case.plan.codec.tag ^ 5)
    made = unplanned_id(case, "other_runs_id", key_of, (CLEAN,), "ccurd")
    if made:
        made.needs, made.verdicts = [], frozenset([CLEAN])
    return made


@harm
def unknown_fixed_row(case):
    """A product, or centre, that nobody has planned."""
    at = pick(case, first_rows(case, lambda m: m.table in FIXED))
    if at is None:
        return None
    m = case.messages[at]
    key = case.chance.choice((0, -1, 99_999, 1 << 40, 1 << 62))
    op = case.chance.choice("ccurd")
    insert(case, case.chance.randint(at + 1, len(case.messages)), unplanned(case, m, key, op))
    verdicts, words = ((MISMATCH, NOT_PROVEN), ("unknown", "foreign edit")) if op == "d" else ((MISMATCH,), ("unknown",))
    return Expect("unknown_fixed_row", verdicts, [Need(words, [(m.table, key)])], where=f"{m.table} {key} {op}")


@harm
def altered_key(case):
    at = pick(case, solid(case))
    if at is None or case.messages[at].table in FIXED:
        return None
    m = case.messages[at]
    key = case.plan.codec.encode(NUMBER[m.table], (1 << 38) + 7, m.unit)
    row = dict(m.after or m.before, id=key)
    case.messages[at] = m.copy(key=key, before=row if m.before else None, after=row if m.after else None)
    return Expect("altered_key", MISMATCH, [Need("lost", [m.row_key])],
                  may=[Need(("unknown", "foreign edit", "wrong before"), [(m.table, key)])], where=f"{m.row_key} {m.op}")


# ---- Edits of somebody else ------------------------------------------------------------------------------------------


def foreign_version(case, version):
    """A version that no plan has; and whether it is known to be none: a run that goes on may have newer ones."""
    just = version[:-2] + str((int(version[-2]) + 1) % 10) + "Z" if version else "2001-01-01T00:00:00.000000Z"
    value = case.chance.choice((just, "2001-01-01T00:00:00.000000Z", "2026-01-01T01:00:00.141592Z", "2099-12-31T00:00:00.000000Z",
                                "9999-12-31T23:59:59.999999Z"))
    return value, case.recipe.ended or value[:16] <= "2026-01-01T00:00"


def foreign(case, name, m, certain):
    if certain:
        return Expect(name, NOT_PROVEN, [Need("foreign edit", [m.row_key])], where=str(m.row_key))
    return Expect(name, (CLEAN, NOT_PROVEN), may=[Need("foreign edit", [m.row_key])], lines=["beyond|behind|the card"], where=str(m.row_key))


@harm
def foreign_update(case):
    """Somebody else's version of a row, behind the planned ones."""
    at = pick(case, current(case, lambda m: "updated_at" in m.after))
    if at is None:
        return None
    m = case.messages[at]
    version, certain = foreign_version(case, m.after["updated_at"])
    row = dict(m.after, updated_at=version)
    column = {"users": "city", "orders": "ship_city", "order_items": "quantity", "products": "name"}[m.table]
    row[column] = 5 if column == "quantity" else "Nowhere"
    place = case.chance.choice((at + 1, len(case.messages), case.chance.randint(at + 1, len(case.messages))))
    insert(case, place, fresh(case, m, op="u", before=dict(m.after), after=row))
    return foreign(case, "foreign_update", m, certain)


@harm
def foreign_update_of_first_row(case):
    """Also of fixed tables, and of rows that no unit changes."""
    at = pick(case, first_rows(case, lambda m: "updated_at" in m.after and not case.plan.history(m.row_key)))
    if at is None:
        return None
    m = case.messages[at]
    version, certain = foreign_version(case, m.after["updated_at"])
    row = dict(m.after, updated_at=version)
    row["city" if m.table == "users" else "name"] = "Nowhere"
    insert(case, case.chance.randint(at + 1, len(case.messages)), fresh(case, m, op="u", before=dict(m.after), after=row, snapshot="false"))
    return foreign(case, "foreign_update_of_first_row", m, certain)


@harm
def foreign_update_without_version(case):
    """An edit that keeps updated_at, or of a table that has none."""
    at = pick(case, current(case))
    if at is None:
        return None
    m = case.messages[at]
    row = dict(m.after)
    column = {"users": "city", "orders": "ship_city", "order_items": "quantity", "products": "name", "events": "browser"}[m.table]
    row[column] = 5 if column == "quantity" and row[column] != 5 else 6 if column == "quantity" else "Nowhere"
    insert(case, case.chance.randint(at + 1, len(case.messages)), fresh(case, m, op="u", before=dict(m.after), after=row))
    return Expect("foreign_update_without_version", (MISMATCH, NOT_PROVEN),
                  [Need(("foreign edit", "altered", "wrong op", "torn", "doubled", "unknown"), [m.row_key])], may=[Need(ANY, [m.row_key])],
                  where=str(m.row_key))


@harm
def foreign_delete(case):
    """Somebody else removes a row that stays."""
    going = not case.recipe.ended and case.plan.retains
    at = pick(case, current(case, lambda m: not (going and m.table not in ("users", "products"))))
    if at is None:
        return None
    m = case.messages[at]
    insert(case, case.chance.randint(at + 1, len(case.messages)), fresh(case, m, op="d", before=dict(m.after), after=None))
    return Expect("foreign_delete", (MISMATCH, NOT_PROVEN), [Need(("foreign edit", "unknown"), [m.row_key])], where=str(m.row_key))


@harm
def foreign_delete_of_first_row(case):
    at = pick(case, first_rows(case, lambda m: not case.plan.history(m.row_key)))
    if at is None:
        return None
    m = case.messages[at]
    insert(case, case.chance.randint(at + 1, len(case.messages)),
           fresh(case, m, op="d", before=dict(m.after), after=None, snapshot="false"))
    return Expect("foreign_delete_of_first_row", (MISMATCH, NOT_PROVEN), [Need(("foreign edit", "unknown"), [m.row_key])],
                  where=str(m.row_key))


@harm
def truncated(case):
    if case.form.flat:
        return None
    m = next((m for m in case.messages if m.kind == "change" and m.table not in FIXED), None)
    if m is None:
        return None
    insert(case, case.chance.randint(0, len(case.messages)), fresh(case, m, op="t", key=None, before=None, after=None, run=""))
    return Expect("truncated", (MISMATCH, NOT_PROVEN), lines=["(?i)truncate"], may=[Need("foreign edit", [(m.table, "every row")])])


# ---- Snapshots -------------------------------------------------------------------------------------------------------


@harm
def read_of_a_deleted_row(case):
    at = pick(case, solid(case, lambda m: m.op == "d", demanded=False))
    if at is None:
        return None
    m = case.messages[at]
    insert(case, case.chance.randint(at + 1, len(case.messages)),
           fresh(case, m, op="r", before=None, after=dict(m.before), snapshot="incremental"))
    return Expect("read_of_a_deleted_row", MISMATCH, [Need(("stale read", "reordered"), [m.row_key])], where=str(m.row_key))


@harm
def stale_read(case):
    """A row of a snapshot, older than an event that came before."""
    at = pick(case, solid(case, lambda m: m.op == "u" and m.before is not None, demanded=False))
    if at is None:
        return None
    m = case.messages[at]
    insert(case, case.chance.randint(at + 1, len(case.messages)),
           fresh(case, m, op="r", before=None, after=dict(m.before), snapshot="incremental"))
    return Expect("stale_read", MISMATCH, [Need("stale read", [m.row_key])], where=str(m.row_key))


@harm
def foreign_read(case):
    at = pick(case, current(case, lambda m: "updated_at" in m.after))
    if at is None:
        return None
    m = case.messages[at]
    version, certain = foreign_version(case, m.after["updated_at"])
    row = dict(m.after, updated_at=version)
    insert(case, case.chance.randint(at + 1, len(case.messages)), fresh(case, m, op="r", before=None, after=row, snapshot="incremental"))
    return foreign(case, "foreign_read", m, certain)


@harm
def one_read_only(case):
    """A single row of a snapshot within the stream: harmless."""
    at = pick(case, current(case))
    if at is None:
        return None
    m = case.messages[at]
    place = next((n for n in range(at + 1, len(case.messages) + 1)), at + 1)
    insert(case, place if m.op != "d" else place + 1, fresh(case, m, op="r", before=None, after=dict(m.after), snapshot="incremental"))
    case.messages[place].change, case.messages[place].unit = m.change, m.unit
    return Expect("one_read_only", CLEAN)


# ---- The stream as a whole -------------------------------------------------------------------------------------------


@harm
def cut_off(case):
    """The last line is not whole."""
    if case.form.files == "each" or case.cut or any(m.text is not None for m in case.messages[-1:]):
        return None
    if case.form.files == "tables":
        return None
    m = case.messages[-1]
    if m.kind == "tombstone":
        return None
    claim(case, m)
    case.cut = case.chance.randrange(3, 60)
    lost = m.unit is not None and m.run == "main" and m.unit < case.bound() and not m.again and m.op != "r" and case.recipe.ended
    if any(o is not m and o.change is m.change for o in case.messages if o.kind == "change"):
        lost = False
    words = [Need("lost", [m.row_key])] if lost else []
    may = [Need(("lost", "torn"), rows_of(case, m.unit) if m.unit is not None else [m.row_key])]
    return Expect("cut_off", MISMATCH if lost else (NOT_PROVEN, MISMATCH), words, may, [BROKEN, "end of the stream", "ends at unit", "ends within",
                                                                                      "nothing is demanded"], where=str(m.row_key))


@harm
def ends_early(case):
    """The end of the stream is not there, from the begin of a unit on."""
    if any(m.again for m in case.messages) or case.recipe.incremental:
        return None
    units = case.order[-5:]
    if len(case.order) < 12:
        return None
    unit = case.chance.choice(units)
    at = next((n for n, m in enumerate(case.messages) if m.unit == unit and m.op != "r"), None)
    if at is None or case.claimed & set(units) or case.messages[at:] and any(m.run == "other" for m in case.messages[at:]):
        return None
    gone = [m for m in case.messages[at:] if m.kind == "change" and m.unit is not None and not case.covered(m.change)]
    case.messages = case.messages[:at]
    case.claimed |= {m.unit for m in gone}
    needs = [Need("lost", [m.row_key]) for m in gone if m.unit < case.plan.settled] if case.recipe.ended else []
    if case.recipe.ended and needs:
        return Expect("ends_early", MISMATCH, needs, where=f"before unit {unit}")
    return Expect("ends_early", (CLEAN, NOT_PROVEN), lines=["ends at unit", "nothing is demanded"], where=f"before unit {unit}")


@harm
def garbage(case):
    """A line that is no message."""
    text = case.chance.choice(('{"op":', "hello", "[]", "7", '""', "{}", '{"after":{}}', '{"op":"c","after":{},"source":{}}',
                               "\x00", '{"payload":1}',
                               '{"op":7,"after":[],"source":{"schema":"demo","table":"users"}}', "nul", '{"a":' * 2000))
    if case.form.wrapper == "kcat" or case.form.flat:
        return None
    insert(case, case.chance.randint(0, len(case.messages)), Message("other", table="", text=text))
    return Expect("garbage", (CLEAN, NOT_PROVEN), lines=[BROKEN], where=text[:40])


@harm
def table_missing(case):
    """No event of a table at all."""
    if case.claimed or case.recipe.start != "inserts":
        return None
    tables = sorted({m.table for m in case.messages if m.kind == "change" and m.unit is not None and m.unit < case.bound()})
    if not tables or len(tables) < 2:
        return None
    table = case.chance.choice(tables)
    gone = [m for m in case.messages if m.kind == "change" and m.table == table]
    case.messages = [m for m in case.messages if m.table != table]
    case.claimed |= {m.unit for m in gone} | {m.row_key for m in gone}
    rows = [m.row_key for m in gone]
    case.claimed |= set(case.plan.units)
    if not any(m.unit is not None for m in case.messages):
        return None
    return Expect("table_missing", (MISMATCH, NOT_PROVEN), may=[Need("lost", rows)],
                  lines=[table, "nothing is demanded", "ends at unit", "only a part is in it"],
                  where=table)


@harm
def from_beyond(case):
    """--from leaves out everything."""
    if "--from" in case.words or case.claimed or case.missing_units:
        return None
    case.words += ["--from", str(case.recipe.units + case.chance.choice((1, 1000, 1 << 39)))]
    case.claimed |= set(case.plan.units)
    return Expect("from_beyond", NOT_PROVEN, lines=["nothing is demanded|leaves out"], must=["nothing is demanded|leaves out"])


@harm
def up_to(case):
    """--up-to a unit in the middle: what is lost above does not count."""
    if case.recipe.start != "inserts" or case.claimed or len(case.order) < 8 or any(m.again for m in case.messages):
        return None
    middle = case.chance.choice(case.order[2:-2])
    above = [u for u in case.order if u >= middle and all(case.plan.history((c.table, c.key))[-1].unit == u for c in case.plan.units[u])]
    below = [u for u in case.order if u < middle]
    if not above or not below:
        return None
    unit = case.chance.choice(above)
    case.messages = [m for m in case.messages if m.unit != unit]
    case.words += ["--up-to", str(middle)]
    case.claimed |= set(case.plan.units)
    return Expect("up_to", CLEAN, lines=["nothing is demanded"] if middle == 0 else [], where=f"up to {middle}, unit {unit} dropped")


# ---- Topics alone ----------------------------------------------------------------------------------------------------


def topics_only(function):
    TOPICS_ONLY.add(function.__name__)
    return harm(function)


def is_counted(case, m):
    """An END of a whole demanded unit, told once, of which nothing else was harmed."""
    if m.op != "END" or sum(o.op == "END" and o.tx == m.tx for o in case.messages) != 1:
        return False
    units = {o.unit for o in case.messages if o.kind == "change" and o.tx == m.tx}
    return (len(units) == 1 and None not in units and not units & case.claimed and min(units) < case.bound() and
            not units & case.missing_units and all(o.run == "main" for o in case.messages if o.kind == "change" and o.tx == m.tx))


def pick_end(case):
    if case.form.flat or case.recipe.repeats:
        return None
    ends = [at for at, m in enumerate(case.messages) if is_counted(case, m)]
    if not ends:
        return None
    at = case.chance.choice(ends)
    for m in case.messages:
        if m.kind == "change" and m.tx == case.messages[at].tx:
            claim(case, m)
    return at


@topics_only
def end_missing(case):
    at = pick_end(case)
    if at is None:
        return None
    m = case.messages.pop(at)
    return Expect("end_missing", MISMATCH, [Need("miscounted", [(None, f"transaction {m.tx}")])], where=f"transaction {m.tx}")


@topics_only
def end_miscounts(case):
    at = pick_end(case)
    if at is None:
        return None
    m = case.messages[at]
    value = json.loads(m.text)
    one = case.chance.choice(value["data_collections"])
    change = case.chance.choice((1, 1, -1, 1000))
    if change < 0 and one["event_count"] == 1:
        value["data_collections"].remove(one)
    else:
        one["event_count"] += change
    value["event_count"] += change
    case.messages[at] = m.copy(text=json.dumps(value))
    table = one["data_collection"].partition(".")[2]
    return Expect("end_miscounts", MISMATCH, [Need("miscounted", [(table, f"transaction {m.tx}")])], where=f"transaction {m.tx} {table}")


@topics_only
def end_told_anew(case):
    """A connector that starts again tells BEGIN and END once more and counts nothing: harmless."""
    at = pick_end(case)
    if at is None:
        return None
    m = case.messages[at]
    begin = next((o for o in case.messages if o.op == "BEGIN" and o.tx == m.tx), None)
    if begin is None:
        return None
    value = json.loads(m.text) | {"event_count": 0, "data_collections": []}
    place = case.chance.randint(at + 1, len(case.messages))
    insert(case, place, begin.copy(stamp=case.builder.stamp()), m.copy(stamp=case.builder.stamp(), text=json.dumps(value)))
    return Expect("end_told_anew", CLEAN)


@topics_only
def no_transaction_topic(case):
    if case.claimed:
        return None
    case.messages = [m for m in case.messages if m.table != "transaction"]
    return Expect("no_transaction_topic", CLEAN)


@topics_only
def topic_empty(case):
    """A table's topic has no message, or is not there."""
    if case.claimed:
        return None
    table = case.chance.choice(("dist_centers", "products", "users", "orders", "order_items", "events"))
    gone = {m.row_key for m in case.messages if m.kind == "change" and m.table == table}
    if not gone or not any(m.unit is not None and m.table != table for m in case.messages):
        return None
    case.messages = [m for m in case.messages if m.table != table]
    case.empty_topics = {table} if case.chance.random() < 0.5 else set()
    case.claimed |= set(case.plan.units) | {m.row_key for m in case.messages} | gone
    return Expect("topic_empty", (MISMATCH, NOT_PROVEN), may=[Need(("lost", "miscounted"), [(table, None)])],
                  lines=[table, "only a part is in it", "ends at unit", "nothing is demanded", "before the stream begins"], said=table,
                  where=f"{table} {'empty' if case.empty_topics else 'not there'}")


@harm
def column_missing(case):
    """A column that the connector leaves out."""
    if case.form.without or case.claimed:
        return None
    table = case.chance.choice(("users", "orders", "order_items", "events", "products"))
    m = next((m for m in case.messages if m.kind == "change" and m.table == table and m.after), None)
    if m is None:
        return None
    column = case.chance.choice(sorted(set(m.after) - {"id"}))
    case.form.without = f"{table}.{column}"
    case.claimed |= {m.row_key for m in case.messages if m.table == table} | {m.unit for m in case.messages if m.table == table}
    return Expect("column_missing", NOT_PROVEN, lines=[rf"{column}"], must=[rf"{table}.*{column}"], where=case.form.without)


@harm
def unavailable(case):
    """The placeholder of a large value that the change did not touch."""
    at = pick(case, solid(case, lambda m: m.op == "u" and m.table in ("users", "orders")))
    if at is None:
        return None
    m = case.messages[at]
    column = "street_address" if m.table == "users" else "ship_street_address"
    case.messages[at] = m.copy(raw={column: "__debezium_unavailable_value"})
    return Expect("unavailable", NOT_PROVEN, lines=[column], must=[column], where=str(m.row_key))


@harm
def coarse_times(case):
    """Moments in milliseconds."""
    if case.form.times != "iso" or case.claimed or case.form.full:
        return None
    case.form.times = "millis"
    # Versions are told apart by less than they need: harms are not combined with it.
    case.claimed |= set(case.plan.units) | {m.row_key for m in case.messages}
    if not any(m.kind == "change" and m.run != "other" for m in case.messages):
        return None
    return Expect("coarse_times", NOT_PROVEN, lines=["rounded"], must=["rounded"])
