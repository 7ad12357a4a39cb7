"""Streams of change events as Debezium writes them of a plan, and their text as `bazaard verify events` reads it."""

import base64
import copy
import datetime
import decimal
import json
from dataclasses import dataclass, field
from typing import Optional

from plans import TABLES, Change

DECIMALS = {"cost", "retail_price", "sale_price"}
BIG = {"products.id", "dist_centers.id", "product_id", "distribution_center_id"}
SCHEMA, PREFIX = "demo", "ecomm"
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
T0 = 1795292132553740
MADE_UP = {"at": "1970-01-01T00:00:00.000000Z", "decimal": "0.00"}


@dataclass
class Form:
    """How a connector writes."""

    decimals: str = "string"  # precise, double
    times: str = "iso"  # micros, nanos, millis, short (ISO without zeros at the end)
    schemas: bool = False
    flat: bool = False
    full: bool = False
    wrapper: str = "value"  # kcat: key, topic and offset, too
    files: str = "one"  # tables: one behind the other; each: a file for each table
    further: bool = False  # columns that no plan has
    metadata: bool = False  # messages of the topic of transactions, heartbeats
    without: str = ""  # a column that is nowhere: TABLE.COLUMN

    def simpler(self):
        """The forms with one peculiarity less."""
        plain = Form()
        for name, value in vars(self).items():
            if value != getattr(plain, name):
                one = copy.copy(self)
                setattr(one, name, getattr(plain, name))
                yield one


@dataclass
class Message:
    kind: str  # change, tombstone, other
    table: str = ""
    key: object = None
    op: str = ""
    before: Optional[dict] = None
    after: Optional[dict] = None
    tx: int = 0
    lsn: int = 0
    stamp: int = 0  # When the connector made it.
    commit: int = 0
    order: int = 0
    snapshot: str = "false"
    unit: Optional[int] = None  # None: of no unit.
    change: Optional[Change] = None
    run: str = ""
    again: bool = False
    text: Optional[str] = None  # Of kind other; or instead of all.
    raw: dict = field(default_factory=dict)  # Columns of `after` that are not encoded.
    raw_before: dict = field(default_factory=dict)
    schema: str = SCHEMA
    loose: bool = False  # `before` stands there whatever the identity.

    @property
    def row_key(self):
        return self.table, self.key

    def copy(self, **changes):
        made = copy.copy(self)
        made.raw, made.raw_before = dict(self.raw), dict(self.raw_before)
        for side in ("before", "after"):
            if getattr(made, side) is not None:
                setattr(made, side, dict(getattr(made, side)))
        for name, value in changes.items():
            setattr(made, name, value)
        return made


# ---- Streams ---------------------------------------------------------------------------------------------------------


REFERENCES = {"user_id": "users", "order_id": "orders", "product_id": "products"}


def commit_order(chance, plan, units, window):
    """Units in an order in which several writers may commit them."""
    waits_for, wrote, read = {}, {}, {}
    for number in units:
        waits = waits_for[number] = set()
        for change in plan.units[number]:
            row = change.table, change.key
            waits |= {wrote.get(row)} | read.get(row, set())
            for name, table in REFERENCES.items():
                waits.add(wrote.get((table, change.row.get(name))))
        for change in plan.units[number]:
            wrote[change.table, change.key] = number
            read[change.table, change.key] = set()
            for name, table in REFERENCES.items():
                read.setdefault((table, change.row.get(name)), set()).add(number)
        waits -= {None, number}
    todo, done, order = list(units), set(), []
    reach = chance.choice((1, 2, 4, window - 1))
    while todo:
        near = [n for n in todo[:reach] if n < todo[0] + window and not waits_for[n] - done]
        number = chance.choice(near)
        todo.remove(number)
        done.add(number)
        order.append(number)
    return order


class Builder:
    def __init__(self, chance, form):
        self.chance, self.form = chance, form
        self.messages = []
        self.tx = chance.randrange(700, 5000)
        self.lsn = chance.randrange(1 << 24, 1 << 34)
        self.now = T0
        self.state = {}  # Of rows as they stand: by table and key.

    def stamp(self):
        self.now += self.chance.randrange(1, 900)
        return self.now

    def emit(self, **what):
        self.messages.append(Message("change", stamp=self.stamp(), **what))
        return self.messages[-1]

    def begin(self):
        self.tx += self.chance.randrange(1, 4)
        self.commit = self.stamp()
        self.order = 0
        self.lsn += 24
        if self.form.metadata:
            self.mark("BEGIN", None)

    def mark(self, status, counts):
        value = {"status": status, "id": f"{self.tx}:{self.lsn}", "event_count": None, "data_collections": None,
                 "ts_ms": self.now // 1000}
        if counts is not None:
            value["event_count"] = sum(counts.values())
            value["data_collections"] = [{"data_collection": f"{SCHEMA}.{table}", "event_count": count}
                                         for table, count in counts.items()]
        self.messages.append(Message("other", table="transaction", text=json.dumps(value), tx=self.tx, lsn=self.lsn, op=status,
                                     stamp=self.now))

    def change(self, change, run, unit=None):
        self.lsn += self.chance.randrange(40, 400)
        self.order += 1
        message = self.emit(table=change.table, key=change.key, op=change.op, before=change.before, after=change.after, tx=self.tx,
                            lsn=self.lsn, commit=self.commit, order=self.order, unit=unit, change=change, run=run)
        if change.op == "d":
            self.state.pop(message.row_key, None)
            self.messages.append(Message("tombstone", message.table, message.key, tx=self.tx, stamp=message.stamp, unit=unit))
        else:
            self.state[message.row_key] = (change.after, change, unit, run)

    def end(self, changes):
        self.lsn += 48
        if self.form.metadata:
            counts = {}
            for change in changes:
                counts[change.table] = counts.get(change.table, 0) + 1
            self.mark("END", counts)
            if self.chance.random() < 0.3:
                self.messages.append(Message("other", table="heartbeat", text=json.dumps({"ts_ms": self.now // 1000})))

    def transaction(self, changes, run, unit):
        self.begin()
        for change in changes:
            self.change(change, run, unit)
        self.end(changes)

    def reads(self, keys, snapshot):
        """Rows of a snapshot, as they stand."""
        lsn = self.lsn + 8
        for table, key in keys:
            row, change, unit, run = self.state[table, key]
            self.emit(table=table, key=key, op="r", after=row, tx=self.tx, lsn=lsn, commit=self.now, snapshot=snapshot, unit=unit,
                      change=change, run=run)

    def preload(self, rows, run):
        for table in TABLES:
            for row in rows[table]:
                self.state.setdefault((table, row["id"]), (row, None, None, run))

    def repeat(self, length):
        """A restart: the newest messages of the stream once more, of each table not as many."""
        keep = {}
        newest = self.messages[-length:]
        for message in newest:
            keep.setdefault(message.table, self.chance.choice((0, len(newest) // 2)))
        seen, again = {}, []
        for message in newest:
            seen[message.table] = seen.get(message.table, 0) + 1
            if seen[message.table] > keep[message.table] and message.op != "r":
                again.append(message.copy(stamp=self.stamp(), again=True))
        self.messages += again
        return len(again)


# ---- Texts -----------------------------------------------------------------------------------------------------------


def encode_decimal(text, form):
    if form.decimals == "string":
        return text
    number = decimal.Decimal(text)
    if form.decimals == "double":
        return float(number)
    unscaled = int(number.scaleb(2).to_integral_value())
    return base64_of(unscaled)


def base64_of(unscaled):
    size = (unscaled + (unscaled < 0)).bit_length() // 8 + 1
    return base64.b64encode(unscaled.to_bytes(size, "big", signed=True)).decode()


def encode_time(text, form):
    if form.times == "iso":
        return text
    if form.times == "short":
        return text.rstrip("Z").rstrip("0").rstrip(".") + "Z"
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    micros = (moment - EPOCH) // datetime.timedelta(microseconds=1)
    return {"micros": micros, "nanos": micros * 1000, "millis": micros // 1000}[form.times]


def encode_row(row, table, form, raw):
    if row is None:
        return None
    made = {}
    for name, value in row.items():
        if form.without == f"{table}.{name}":
            continue
        if value is not None and isinstance(value, str):
            try:
                if name in DECIMALS:
                    value = encode_decimal(value, form)
                elif name.endswith("_at"):
                    value = encode_time(value, form)
            except (ValueError, decimal.InvalidOperation):
                pass
        made[name] = value
    for name, value in raw.items():
        made[name] = value
    if form.further:
        made["loyalty"] = 3
        made["note"] = "zusätzlich"
    return made


def made_up(row):
    """What Debezium tells of a deleted row under REPLICA IDENTITY DEFAULT, beside the key."""
    made = {}
    for name, value in row.items():
        if name == "id" or value is None:
            made[name] = value
        elif name in DECIMALS:
            made[name] = MADE_UP["decimal"]
        elif name.endswith("_at"):
            made[name] = MADE_UP["at"]
        else:
            made[name] = "" if isinstance(value, str) else 0
    return made


class Raw(str):
    """JSON text that stands in a message as it is: what no dumps would write."""


def dumps(value):
    """JSON; texts of class Raw as they are."""
    kept = []

    def swap(part):
        if isinstance(part, Raw):
            kept.append(str(part))
            return f"\u0001{len(kept) - 1}\u0001"
        if isinstance(part, dict):
            return {name: swap(one) for name, one in part.items()}
        return [swap(one) for one in part] if isinstance(part, list) else part

    text = json.dumps(swap(value), separators=(",", ":"), ensure_ascii=False)
    for number, raw in enumerate(kept):
        text = text.replace(f'"\\u0001{number}\\u0001"', raw)
    return text


def value_text(m, form):
    """The value of a message, as JSON."""
    if m.text is not None:
        return m.text
    if m.kind == "tombstone":
        return ""
    after = encode_row(m.after, m.table, form, m.raw)
    before = m.before
    if m.op == "t":
        before = after = None
    elif not m.loose and not form.full:
        before = made_up(before) if m.op == "d" and before else None
    before = encode_row(before, m.table, form, m.raw_before)
    if form.flat:
        row = dict(after if after is not None else before or {})
        row |= {"__deleted": "true" if m.op == "d" else "false", "__op": m.op, "__lsn": m.lsn, "__txId": m.tx,
                "__source_ts_us": m.commit, "__table": m.table}
        return with_schema(row, form)
    value = {
        "before": before, "after": after,
        "source": {"version": "3.7.0.Final", "connector": "postgresql", "name": PREFIX, "ts_ms": m.commit // 1000,
                   "snapshot": m.snapshot, "db": "fh_dev", "sequence": f'["{m.lsn - 8}","{m.lsn}"]', "ts_us": m.commit,
                   "ts_ns": m.commit * 1000, "schema": m.schema, "table": m.table, "txId": m.tx, "lsn": m.lsn, "xmin": None},
        "transaction": {"id": f"{m.tx}:{m.lsn}", "total_order": m.order, "data_collection_order": m.order}
        if form.metadata and m.op != "r" else None,
        "op": m.op, "ts_ms": m.stamp // 1000, "ts_us": m.stamp, "ts_ns": m.stamp * 1000,
    }
    return with_schema(value, form)


def with_schema(value, form):
    if form.schemas:
        value = {"schema": {"type": "struct", "optional": False, "name": "ecomm.demo.x.Envelope", "fields": []}, "payload": value}
    return dumps(value)


def topic_of(m):
    if m.table == "transaction":
        return f"{PREFIX}.transaction"
    if m.table == "heartbeat":
        return f"__debezium-heartbeat.{PREFIX}"
    return f"{PREFIX}.{m.schema}.{m.table}"


def lines_of(messages, form):
    """Pairs of table and line."""
    offsets = {}
    for m in messages:
        text = value_text(m, form)
        if form.wrapper == "kcat" or form.flat:
            topic = topic_of(m)
            offsets[topic] = offsets.get(topic, -1) + 1
            if m.kind == "tombstone" and m.text is None:
                text = None
            key = json.dumps({"id": m.key}, separators=(",", ":")) if m.key is not None else None
            text = json.dumps({"topic": topic, "partition": 0, "offset": offsets[topic], "tstype": "create", "ts": m.stamp // 1000,
                               "broker": 1, "key": key, "payload": text}, separators=(",", ":"), ensure_ascii=False)
        yield m.table, text


def write(messages, form, directory, cut=0):
    """The files of a dump, each a list of lines; their paths. `cut`: so many bytes of the last line are not there."""
    by_file = {}
    for table, line in lines_of(messages, form):
        name = "all" if form.files == "one" else table
        by_file.setdefault(name, []).append(line + "\n")
    if form.files == "tables":
        by_file = {"all": [line for table in sorted(by_file) for line in by_file[table]]}
    paths = []
    for name, lines in by_file.items():
        path = directory / f"{name}.jsonl"
        data = "".join(lines).encode("utf-8", "surrogatepass")
        path.write_bytes(data[:len(data) - cut] if cut else data)
        paths.append(path)
    return paths
