"""Transactions that are not those of the units; rows and edits that nobody has planned."""

from harms import ANY, harm, solid, first_rows, pick, rows_of, size_of, insert, fresh, last_of, current
from oracle import CLEAN, MISMATCH, NOT_PROVEN, Expect, Need
from plans import FIXED, NUMBER

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


def of_two_units(case):
    """The place of an event, and of one of another unit; both units are in the stream as a whole. None where there are no two."""
    def whole(m):
        return all(not case.covered(c) for c in case.plan.units[m.unit])
    at = pick(case, solid(case, whole))
    if at is None:
        return None
    to = pick(case, solid(case, lambda o: o.unit != case.messages[at].unit and whole(o)))
    return None if to is None else (at, to)


@harm
def moved(case):
    """One event says the transaction of another unit."""
    places = of_two_units(case)
    if places is None:
        return None
    at, to = places
    m, other = case.messages[at], case.messages[to]
    case.messages[at] = m.copy(tx=other.tx)
    may = [Need("torn", torn_rows(case, m.unit, m))]
    if size_of(case, m.unit) == 1 and size_of(case, other.unit) == 1:
        may.append(Need("torn", rows_of(case, other.unit)))
    return Expect("moved", MISMATCH, [Need("torn", [m.row_key])], may=may, where=f"{m.row_key} to unit {other.unit}")


@harm
def merged(case):
    """Two units in one transaction."""
    places = of_two_units(case)
    if places is None:
        return None
    m, other = (case.messages[place] for place in places)
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
                                "2261-12-31T23:59:59.999999Z" if case.form.times == "nanos" else "9999-12-31T23:59:59.999999Z"))
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
