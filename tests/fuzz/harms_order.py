"""Changes that are lost, come again, or come in another order."""

from harms import harm, is_free, claim, solid, first_rows, pick, rows_of, size_of, insert, fresh, take, last_of, current
from harms_others import foreign, foreign_version
from oracle import CLEAN, MISMATCH, NOT_PROVEN, Expect, Need

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
