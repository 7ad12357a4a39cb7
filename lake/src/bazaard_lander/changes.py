"""What a batch of events does to a table: the last event of each key, or each event once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from .columns import INSTANT, Column, array
from .events import Event

Key = tuple[Any, ...]
LSN = Column("_lsn", pa.int64())
# The change log's own columns, before those of the table.
LOGGED = (
    Column("_op", pa.string()), Column("_unit", pa.int64()), LSN, Column("_tx", pa.int64()), Column("_committed_at", INSTANT),
    Column("_partition", pa.int32()), Column("_offset", pa.int64()),
)  # fmt: skip
HIDDEN = "_keep "  # and a column's name: whether the row leaves the value of that column as it is.
KNOWN_MOST = 200_000


@dataclass
class Change:
    """Rows for a table; those of a current state have the further columns _op, _group and one for each column with kept values."""

    rows: Any  # pa.Table
    key: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    truncated: bool = False

    def ranges(self) -> list[tuple[Any, Any]]:
        """The least and the greatest first key of new rows, changed rows and deleted rows: these lie far from each other."""
        spans = []
        first = self.rows.column(self.key[0]) if self.rows.num_rows else None
        if first is None or not (pa.types.is_string(first.type) or pa.types.is_integer(first.type)):
            return []
        for group in "cud":
            span = pc.min_max(first.filter(pc.equal(self.rows.column("_group"), group))).as_py()
            if span["min"] is not None:
                spans.append((span["min"], span["max"]))
        return spans


def is_stale(old: Event, new: Event) -> bool:
    """After a restart the connector repeats itself. Only positions of changes say so: that of a snapshot's row is not its change's,
    and an incremental snapshot has none. For all others the order of the topic holds."""
    return old.op != "r" and new.op != "r" and None not in (old.lsn, new.lsn) and int(new.lsn or 0) < int(old.lsn or 0)


def fold(events: Iterable[Event], key: tuple[str, ...], skipped: Callable[[], None]) -> tuple[dict[Key, Event], set[Key], bool]:
    """The last event of each key; the keys of rows that are new; whether the table was emptied before."""
    last: dict[Key, Event] = {}
    fresh: set[Key] = set()
    deleted: set[Key] = set()
    truncated = False
    for event in events:
        if event.op == "t":
            last, fresh, deleted, truncated = {}, set(), set(), True
            continue
        at = tuple(event.key[name] for name in key)
        # A compacted topic may have lost the delete before it.
        if event.tombstone and at in deleted:
            continue
        (deleted.add if event.op == "d" else deleted.discard)(at)
        old = last.get(at)
        if old is not None and is_stale(old, event):
            skipped()
            continue
        if event.kept and old is not None and old.row is not None and event.row is not None:
            event.row |= {name: old.row.get(name) for name in event.kept}
            event.kept &= old.kept
        if old is None and event.op == "c":
            fresh.add(at)
        last[at] = event
    return last, fresh, truncated


def state_change(events: Sequence[Event], columns: Sequence[Column], key: tuple[str, ...], skipped: Callable[[], None]) -> Change:
    last, fresh, truncated = fold(events, key, skipped)
    found = list(last.values())
    rows = [event.row or event.key for event in found]
    data = {column.name: array([row.get(column.name) for row in rows], column) for column in columns}
    data["_lsn"] = pa.array([None if event.op == "r" else event.lsn for event in found], pa.int64())
    data["_op"] = pa.array([event.op for event in found], pa.string())
    groups = ["d" if event.op == "d" else "c" if at in fresh else "u" for at, event in last.items()]
    data["_group"] = pa.array(groups, pa.string())
    kept = tuple(sorted({name for event in found for name in event.kept}))
    for name in kept:
        data[HIDDEN + name] = pa.array([name in event.kept for event in found], pa.bool_())
    return Change(pa.table(data), key, kept, truncated)


def log_change(events: Sequence[Event], columns: Sequence[Column], key: tuple[str, ...]) -> Change:
    rows = [event.row or event.key or {} for event in events]
    own = [(e.op, e.unit, e.lsn, e.tx, e.committed, e.partition, e.offset) for e in events]
    data = {column.name: pa.array([one[at] for one in own], column.type) for at, column in enumerate(LOGGED)}
    for column in columns:
        values = [None if column.name in event.kept else row.get(column.name) for event, row in zip(events, rows, strict=True)]
        data[column.name] = array(values, column)
    return Change(pa.table(data), key)


class Known:
    """Which changes a change log has, so that what a connector repeats is not logged again."""

    def __init__(self) -> None:
        self.recent: dict[Key, None] = {}
        self.floor = 1 << 63  # All that the log has from this position on is in recent.

    def new(self, events: Iterable[Event], key: tuple[str, ...], logged: Callable[[int], Iterable[Key]]) -> list[Event]:
        """Those that are not logged yet; `logged` reads (position, transaction, op, key...) from a position on."""
        events = [event for event in events if not event.tombstone]
        lowest = min((event.lsn for event in events if event.lsn is not None), default=self.floor)
        if lowest < self.floor:
            self.recent = dict.fromkeys(logged(lowest)) | self.recent
            self.floor = lowest
        fresh = []
        for event in events:
            identity = (event.lsn, event.tx, event.op, *(event.key[name] for name in key if event.key))
            if event.lsn is None or event.op == "r":
                fresh.append(event)
            elif identity not in self.recent:
                self.recent[identity] = None
                fresh.append(event)
        if len(self.recent) > KNOWN_MOST:
            by_position = sorted(self.recent, key=lambda one: int(one[0] or 0))
            self.floor = int(by_position[len(by_position) // 2][0])
            self.recent = {one: None for one in by_position if int(one[0]) >= self.floor}
        return fresh
