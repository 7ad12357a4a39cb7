"""Harms of a stream as a whole, and of topics."""

import json

from harms import BROKEN, TOPICS_ONLY, begins_behind, claim, harm, insert, pick, rows_of, solid
from oracle import CLEAN, MISMATCH, NOT_PROVEN, Expect, Need
from stream import Message

# ---- The stream as a whole -------------------------------------------------------------------------------------------


@harm
def cut_off(case):
    """The last line is not whole."""
    if case.form.files in ("each", "tables") or case.cut or not case.messages or case.messages[-1].text is not None:
        return None
    m = case.messages[-1]
    if m.kind == "tombstone":
        return None
    claim(case, m)
    case.cut = case.chance.randrange(3, 60)
    lost = m.unit is not None and m.run == "main" and begins_behind(case) < m.unit < case.bound() and not m.again and m.op != "r" and case.recipe.ended
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
    needs = [Need("lost", [m.row_key]) for m in gone if begins_behind(case) < m.unit < case.plan.settled] if case.recipe.ended else []
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
    if middle > case.plan.settled:
        # Refused: the card ends before it.
        return None
    above = [u for u in case.order if u >= middle and all(case.plan.history((c.table, c.key))[-1].unit == u for c in case.plan.units[u])]
    below = [u for u in case.order if u < middle]
    if not above or not below:
        return None
    unit = case.chance.choice(above)
    case.messages = [m for m in case.messages if m.unit != unit]
    case.words += ["--up-to", str(middle)]
    case.claimed |= set(case.plan.units)
    return Expect("up_to", CLEAN, lines=["nothing is demanded"] if middle == 0 else [], where=f"up to {middle}, unit {unit} dropped")


@harm
def column_missing(case):
    """A column that the connector leaves out."""
    if case.form.without or case.claimed:
        return None
    table = case.chance.choice(("users", "orders", "order_items", "events", "products"))
    # Of a table with no judged event, there is nothing to say.
    low, bound = begins_behind(case), case.bound()
    m = next((m for m in case.messages if m.kind == "change" and m.table == table and m.after and m.run in ("", "main") and
              (m.unit is None or low < m.unit < bound)), None)
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
