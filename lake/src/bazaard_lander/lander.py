"""From the topics of a run to tables: collects, decodes, commits rows with offsets, keeps the tables small."""

import logging
import time
from collections.abc import Callable

import pyarrow as pa

from .changes import LOGGED, LSN, Change, Known, log_change, state_change
from .columns import Column, Unreadable
from .events import Decoder, End, Event, Record, Source
from .observe import Metrics
from .tables import Offsets, Table

log = logging.getLogger("lander")
# Reads the source's catalogue: columns and primary key of a table, nothing if it does not know it.
Catalogue = Callable[[str], tuple[list[Column], tuple[str, ...]]]


class Landing:
    """One topic, and its tables."""

    def __init__(self, topic: str, name: str, tables: list[Table]) -> None:
        self.topic, self.name, self.tables = topic, name, tables
        self.columns: dict[str, Column] = {}
        self.key: tuple[str, ...] = ()
        self.known = Known()
        self.read: Offsets = {}  # up to where this process has read

    def start(self, partition: int) -> int | None:
        """Where to read on: where the table that is furthest behind stands."""
        positions = [table.position(partition) for table in self.tables]
        return None if None in positions else min(position for position in positions if position is not None)


class Lander:
    def __init__(
        self, source: Source, open_tables: Callable[[str], list[Table]], decoder: Decoder, catalogue: Catalogue, metrics: Metrics,
        table_of: Callable[[str], str], step: Callable[[str], None] = lambda _: None, maintain_every: float = 60.0,
    ) -> None:  # fmt: skip
        self.source, self.open_tables, self.decoder, self.catalogue, self.metrics = source, open_tables, decoder, catalogue, metrics
        self.table_of, self.step, self.maintain_every = table_of, step, maintain_every
        self.landings: dict[str, Landing] = {}
        self.assigned: dict[tuple[str, int], int | None] = {}
        self.maintained: dict[str, float] = {}
        self.at_end: dict[tuple[str, int], int] = {}

    def discover(self) -> None:
        """Takes up topics and partitions that are new; those that are read already go on where they are."""
        new = False
        for topic, partitions in self.source.partitions().items():
            if topic not in self.landings:
                self.landings[topic] = Landing(topic, self.table_of(topic), self.open_tables(topic))
            landing = self.landings[topic]
            for partition in partitions:
                if (topic, partition) not in self.assigned:
                    self.assigned[topic, partition] = landing.start(partition)
                    new = True
        if new:
            self.source.assign({(t, p): self.landings[t].read.get(p, start) for (t, p), start in self.assigned.items()})

    def is_at_end(self) -> bool:
        return bool(self.assigned) and self.at_end.keys() == self.assigned.keys()

    def turn(self, seconds: float = 1.0) -> int:
        """Lands what comes within so many seconds; returns the number of messages."""
        got: dict[str, list[Record | End]] = {}
        for item in self.source.poll(seconds):
            got.setdefault(item.topic, []).append(item)
            if isinstance(item, End):
                self.at_end[item.topic, item.partition] = item.offset
        for topic, items in got.items():
            self.land(self.landings[topic], items)
        self.metrics.turns()
        return sum(isinstance(item, Record) for items in got.values() for item in items)

    def land(self, landing: Landing, items: list[Record | End]) -> None:
        offsets: Offsets = {}
        events = []
        for item in items:
            offsets[item.partition] = max(offsets.get(item.partition, 0), item.offset + isinstance(item, Record))
            if isinstance(item, Record):
                events.append(self.decoder.event(item))
        if events:
            self.describe(landing, events)
        for table in landing.tables:
            # Of a topic with nothing but tombstones there is no table to commit to.
            if table.types():
                stands = table.offsets(offsets)
                due = [event for event in events if event.offset >= stands.get(event.partition, 0)]
                if moved := {partition: at for partition, at in offsets.items() if at > stands.get(partition, -1)}:
                    self.commit(landing, table, due, moved)
        landing.read |= offsets

    def describe(self, landing: Landing, events: list[Event]) -> None:
        """Knows the columns of all rows, and adds what the tables lack."""
        new: set[str] = set()
        for event in events:
            if event.row is not None and not event.row.keys() <= landing.columns.keys():
                new |= event.row.keys() - landing.columns.keys()
                said = {column.name: column for column in event.columns}
                landing.columns |= {name: said.get(name, Column(name, None)) for name in event.row if name not in landing.columns}
            if not landing.key and isinstance(event.key, dict):
                landing.key = tuple(event.key)
        if new or not landing.key:
            # The catalogue knows the exact types, the message how its values are written.
            exact, key = self.catalogue(landing.name)
            landing.key = landing.key or key
            for column in exact:
                if (said_here := landing.columns.get(column.name)) is not None:
                    written = column if said_here.type is None else said_here
                    landing.columns[column.name] = column._replace(form=written.form, scale=written.scale)
            if unknown := [name for name, column in landing.columns.items() if column.type is None]:
                raise Unreadable(
                    f"{landing.topic}: nothing says the types of {', '.join(unknown)}; give --source-url, "
                    "or let the connector write json-schema or avro"
                )
            if not landing.key and any(event.key is not None for event in events):
                raise Unreadable(f"{landing.topic}: the key is no row, and no --source-url says which columns it is")
        for event in events:
            if event.key is not None and not isinstance(event.key, dict):
                event.key = {landing.key[0]: event.key}
        if landing.columns:
            for table in landing.tables:
                own = (*LOGGED, *landing.columns.values()) if table.log else (*landing.columns.values(), LSN)
                if added := table.evolve(own):
                    log.info("%s: columns %s", landing.topic, ", ".join(f"{one.name} {one.type}" for one in added))
                    self.step("columns")

    def commit(self, landing: Landing, table: Table, events: list[Event], offsets: Offsets) -> None:
        own = {column.name for column in (*LOGGED, LSN)}
        columns = [landing.columns.get(name, Column(name, type_)) for name, type_ in table.types().items() if name not in own]
        place = landing.name + ("_log" if table.log else "")
        skipped = self.metrics.skipped.labels(place).inc
        if not events:
            change = Change(pa.table({}))
        elif table.log:
            new = landing.known.new(events, landing.key, lambda lowest: table.logged(landing.key, lowest))
            skipped(len(events) - len(new))
            change = log_change(new, columns, landing.key)
        else:
            change = state_change(events, columns, landing.key, skipped)
        with self.metrics.seconds.labels(place).time():
            table.commit(change, offsets)
        self.step("log" if table.log else "state")
        self.metrics.landed(place, events, offsets)
        self.maintain(place, table)

    def maintain(self, place: str, table: Table) -> None:
        now = time.monotonic()
        if now - self.maintained.setdefault(place, now) < self.maintain_every:
            return
        self.metrics.files.labels(place).set(table.maintain())
        self.step("maintained")
        self.maintained[place] = time.monotonic()
