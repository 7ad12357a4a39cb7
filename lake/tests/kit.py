"""A shop in memory that tells its changes as Debezium does, and topics that are read as Kafka's are."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bazaard_lander.columns import Column, of_sql
from bazaard_lander.events import Decoder, End, Record
from bazaard_lander.iceberg import Iceberg
from bazaard_lander.lander import Lander
from bazaard_lander.observe import Metrics
from bazaard_lander.tables import Delta, Table
from pyiceberg.catalog.sql import SqlCatalog

FORMATS = ("delta", "iceberg")
PREFIX = "ecomm.demo."
Row = dict[str, Any]


class Crash(BaseException):
    """Ends the lander where it stands, as kill -9 does."""


class Topics:
    """A source of messages. Its readers get at most `most` messages in a turn, and then the ends."""

    def __init__(self) -> None:
        self.logs: dict[str, list[list[tuple[bytes | None, bytes | None] | None]]] = {}
        self.at: dict[tuple[str, int], int] = {}
        self.most = 1_000_000

    def make(self, topic: str, partitions: int = 1) -> None:
        self.logs[topic] = [[] for _ in range(partitions)]

    def send(self, topic: str, key: Any, value: Any, partition: int = 0) -> None:
        def encoded(one: Any) -> bytes | None:
            return one if one is None or isinstance(one, bytes) else json.dumps(one, separators=(",", ":")).encode()

        self.logs[topic][partition].append((encoded(key), encoded(value)))

    def control(self, topic: str, partition: int = 0) -> None:
        """A mark of a transaction: it has an offset, and no reader gets it."""
        self.logs[topic][partition].append(None)

    def partitions(self) -> dict[str, list[int]]:
        return {topic: list(range(len(logs))) for topic, logs in self.logs.items()}

    def assign(self, starts: dict[tuple[str, int], int | None]) -> None:
        self.at = {place: start or 0 for place, start in starts.items()}

    def poll(self, seconds: float) -> list[Record | End]:
        found: list[Record | End] = []
        for (topic, partition), start in list(self.at.items()):
            log = self.logs[topic][partition]
            for offset in range(start, min(len(log), start + self.most)):
                entry = log[offset]
                if entry is not None:
                    found.append(Record(topic, partition, offset, *entry))
                self.at[topic, partition] = offset + 1
            if self.at[topic, partition] == len(log):
                found.append(End(topic, partition, len(log)))
        return found


class Shop:
    """One table, its changes in a topic."""

    def __init__(self, topics: Topics, table: str = "orders", key: tuple[str, ...] = ("id",), partitions: int = 1) -> None:
        self.topics, self.table, self.key, self.topic = topics, table, key, PREFIX + table
        self.rows: dict[tuple[Any, ...], Row] = {}
        self.lsn, self.tx, self.changes = 1_000, 500, 0
        topics.make(self.topic, partitions)

    def key_of(self, row: Row) -> tuple[Any, ...]:
        return tuple(row[name] for name in self.key)

    def partition(self, at: tuple[Any, ...]) -> int:
        return sum(str(at).encode()) % len(self.topics.logs[self.topic])

    def tell(self, op: str, row: Row, after: Row | None, lsn: int | None, **source: Any) -> None:
        place = {"connector": "postgresql", "table": self.table, "txId": self.tx, "lsn": lsn, "ts_us": 1_795_248_302_559_436, **source}
        # Under REPLICA IDENTITY DEFAULT the row before has made-up values.
        before = {name: row[name] if name in self.key else ("0.00" if name == "price" else None) for name in row} if op == "d" else None
        key = {name: row[name] for name in self.key}
        value = {"before": before, "after": after, "source": place, "op": op, "ts_ms": 1}
        self.topics.send(self.topic, key, value, self.partition(self.key_of(row)))
        if op == "d":
            self.topics.send(self.topic, key, None, self.partition(self.key_of(row)))

    def move(self) -> int:
        self.lsn += 8
        self.tx += 1
        self.changes += 1
        return self.lsn

    def put(self, **row: Any) -> None:
        at = self.key_of(row)
        self.tell("u" if at in self.rows else "c", row, dict(row), self.move())
        self.rows[at] = dict(row)

    def change(self, *at: Any, **values: Any) -> None:
        self.put(**(self.rows[at] | values))

    def delete(self, *at: Any) -> None:
        self.tell("d", self.rows.pop(at), None, self.move())

    def rename(self, old: tuple[Any, ...], new: tuple[Any, ...]) -> None:
        """A changed key: a delete and an insert at one position."""
        row = self.rows.pop(old)
        lsn = self.move()
        self.tell("d", row, None, lsn)
        row = row | dict(zip(self.key, new, strict=True))
        self.tell("c", row, dict(row), lsn)
        self.rows[new] = row
        self.changes += 1

    def snapshot(self, *keys: tuple[Any, ...], incremental: bool = False) -> None:
        for at in keys or tuple(self.rows):
            lsn = None if incremental else self.lsn
            self.tell("r", self.rows[at], dict(self.rows[at]), lsn, snapshot="incremental" if incremental else "true", txId=None)

    def repeat(self, count: int) -> None:
        """Connect was killed: its last messages come again."""
        for log in self.topics.logs[self.topic]:
            log.extend([entry for entry in log if entry is not None][-count:])


COLUMNS = {"id": "text", "status": "text", "price": "numeric(12,2)", "updated_at": "timestamp with time zone"}


class Lake:
    def __init__(self, form: str, place: Path, topics: Topics, columns: dict[str, str] | None = None) -> None:
        self.form, self.place, self.topics = form, place, topics
        self.columns = dict(columns or COLUMNS)
        self.missing: dict[str, str] = {}
        self.log = True
        self.steps = 0
        self.crash_at = -1
        self.maintain_every = 1e9
        self.metrics = Metrics()

    def table(self, topic: str, log: bool = False) -> Table:
        name = topic.removeprefix(PREFIX) + ("_log" if log else "")
        if self.form == "delta":
            return Delta(str(self.place / name), topic, log, {})
        catalogue = SqlCatalog("lake", uri=f"sqlite:///{self.place}/catalogue.db", warehouse=f"file://{self.place}")
        return Iceberg(catalogue, ("demo", name), topic, log)

    def tables(self, topic: str) -> list[Table]:
        return [self.table(topic), self.table(topic, True)] if self.log else [self.table(topic)]

    def catalogue(self, table: str) -> tuple[list[Column], tuple[str, ...]]:
        return [of_sql(name, declared, self.missing.get(name)) for name, declared in self.columns.items()], ()

    def step(self, name: str) -> None:
        self.steps += 1
        if self.steps == self.crash_at:
            raise Crash(name)

    def lander(self, decoder: Decoder | None = None, catalogue: Callable[[str], Any] | None = None) -> Lander:
        made = Lander(
            self.topics, self.tables, decoder or Decoder(), catalogue or self.catalogue, self.metrics,
            lambda topic: topic.removeprefix(PREFIX), self.step, self.maintain_every,
        )  # fmt: skip
        made.discover()
        return made

    def land(self) -> None:
        """Lands all that is there; begins again after a crash."""
        while True:
            try:
                lander = self.lander()
                while lander.turn(0) or not lander.is_at_end():
                    pass
                return
            except Crash:
                self.crash_at = -1

    def rows(self, shop: Shop, log: bool = False) -> list[Row]:
        table = self.table(shop.topic, log)
        return [dict(row) for row in table.reader(list(table.types())).read_all().to_pylist()]

    def state(self, shop: Shop) -> dict[tuple[Any, ...], Row]:
        rows = self.rows(shop)
        found = {shop.key_of(row): {name: text(row[name]) for name in row if name != "_lsn"} for row in rows}
        assert len(found) == len(rows), "a key twice"
        return found


def text(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float | list | bytes) else str(value)


def expected(shop: Shop, columns: dict[str, str] = COLUMNS) -> dict[tuple[Any, ...], Row]:
    def shown(row: Row, name: str) -> Any:
        value = row.get(name)
        return value.replace("T", " ").replace("Z", "+00:00") if columns[name].startswith("timestamp") and value else value

    return {at: {name: shown(row, name) for name in columns} for at, row in shop.rows.items()}


def order(number: int, status: str = "Processing", price: str = "12.50", at: int = 0) -> Row:
    return {"id": f"{number:08d}", "status": status, "price": price, "updated_at": f"2026-11-21T20:15:32.{100_000 + at:06d}Z"}


def live(shop: Shop, dice: random.Random, steps: int) -> None:
    """Some of everything that may happen."""
    for step in range(steps):
        what = dice.random()
        known = list(shop.rows)
        if what < 0.35 or not known:
            shop.put(**order(shop.changes + step, at=step))
        elif what < 0.65:
            shop.change(*dice.choice(known), status=dice.choice(("Shipped", "Delivered", "Returned")), price=f"{dice.randrange(10_000) / 100:.2f}")
        elif what < 0.8:
            shop.delete(*dice.choice(known))
        elif what < 0.85:
            shop.rename(dice.choice(known), (f"9{shop.changes:07d}",))
        elif what < 0.9:
            shop.snapshot(*dice.sample(known, min(3, len(known))), incremental=dice.random() < 0.7)
        elif what < 0.96:
            shop.repeat(dice.randrange(1, 12))
        else:
            shop.topics.control(shop.topic)
