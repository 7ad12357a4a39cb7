"""A table of the lake, and Delta's."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
from deltalake import CommitProperties, DeltaTable, Schema, Transaction, write_deltalake
from deltalake.exceptions import DeltaError

from .changes import HIDDEN, LSN, Change, Key
from .columns import Column, Unreadable

Offsets = dict[int, int]  # the next one to read, by partition
KEEP = "interval 10 minutes"  # what readers of an older version have
SMALL_FILES = 8
FILE_BYTES = 32 << 20


class SecondWriter(Exception):
    """Somebody else writes the same partitions into the same table."""


class Table(ABC):
    conflicts: tuple[type[Exception], ...] = ()

    def __init__(self, topic: str, log: bool) -> None:
        self.topic, self.log = topic, log

    @abstractmethod
    def open(self) -> None:
        """Reads anew how the table stands."""

    @abstractmethod
    def types(self) -> dict[str, Any]:
        """The types of its columns; none as long as it is not there."""

    @abstractmethod
    def position(self, partition: int) -> int | None: ...

    @abstractmethod
    def add(self, columns: Sequence[Column]) -> None:
        """Makes the table, or adds columns."""

    @abstractmethod
    def write(self, change: Change, offsets: Offsets) -> None:
        """Rows and offsets in one commit; a commit also without rows."""

    @abstractmethod
    def maintain(self) -> int:
        """Few files, none that nobody needs. Returns how many there are."""

    @abstractmethod
    def reader(self, columns: Sequence[str]) -> Any: ...

    @abstractmethod
    def logged(self, key: Sequence[str], lowest: int) -> Iterable[Key]:
        """(position, transaction, op, key...) of the changes from a position on."""

    def offsets(self, partitions: Iterable[int]) -> Offsets:
        found = {partition: self.position(partition) for partition in partitions}
        return {partition: at for partition, at in found.items() if at is not None}

    def evolve(self, columns: Sequence[Column]) -> list[Column]:
        """Adds what is missing; returns the new ones."""
        there = self.types()
        for column in columns:
            if column.name in there and there[column.name] != column.type:
                raise Unreadable(f"{self.topic}: column {column.name} is {there[column.name]} in the lake, and now {column.type}")
        new = [column for column in columns if column.name not in there]
        if new:
            self.add(new)
        return new

    def commit(self, change: Change, offsets: Offsets) -> None:
        before = self.offsets(offsets)
        for attempt in range(5):
            try:
                self.write(change, offsets)
                return
            except self.conflicts as error:
                # Another lander's other partitions, or somebody who compacts: again on top of that. Our offsets move by nobody else.
                self.open()
                if self.offsets(offsets) != before:
                    raise SecondWriter(f"another lander writes {self.topic} into the lake: {error}") from error
                if attempt == 4:
                    raise


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


class Delta(Table):
    conflicts = (DeltaError, OSError)

    def __init__(self, path: str, topic: str, log: bool, options: dict[str, str]) -> None:
        super().__init__(topic, log)
        self.path, self.options = path, options
        self.table: DeltaTable | None = None
        self.open()

    def open(self) -> None:
        there = DeltaTable.is_deltatable(self.path, self.options)
        self.table = DeltaTable(self.path, storage_options=self.options) if there else None
        self.settle()

    @property
    def delta(self) -> DeltaTable:
        assert self.table is not None, "evolve makes the table"
        return self.table

    def types(self) -> dict[str, Any]:
        schema = pa.schema(self.table.schema()) if self.table is not None else pa.schema([])
        return {field.name: field.type for field in schema}

    def position(self, partition: int) -> int | None:
        return None if self.table is None else self.table.transaction_version(f"{self.topic}/{partition}")

    def properties(self, offsets: Offsets, columns: int | None = None) -> CommitProperties:
        marks = [Transaction(f"{self.topic}/{partition}", offset) for partition, offset in offsets.items()]
        if columns is not None:
            marks.append(Transaction("columns", columns))
        return CommitProperties({"offsets": json.dumps(offsets)}, app_transactions=marks)

    def add(self, columns: Sequence[Column]) -> None:
        fields = [pa.field(column.name, column.type, metadata={"missing": column.missing} if column.missing else None) for column in columns]
        if self.table is None:
            keep = {f"delta.{name}": KEEP for name in ("logRetentionDuration", "deletedFileRetentionDuration")}
            made = self.properties({}, len(fields))
            self.table = DeltaTable.create(
                self.path, pa.schema(fields), "ignore", configuration=keep, storage_options=self.options, commit_properties=made
            )
            return
        self.delta.alter.add_columns(Schema.from_arrow(pa.schema(fields)).fields)
        self.settle()

    def settle(self) -> None:
        """Rows that are older than a column have its default in PostgreSQL, without an event. The mark of it is in the same commit."""
        if self.table is None:
            return
        fields = self.delta.schema().fields
        done = self.delta.transaction_version("columns") or len(fields)
        if done >= len(fields):
            return
        missing = {field.name: str(field.metadata["missing"]) for field in fields[done:] if "missing" in field.metadata}
        if missing and not self.log:
            updates = {quoted(name): literal(value) for name, value in missing.items()}
            self.delta.update(updates, commit_properties=self.properties({}, len(fields)))
        else:
            self.append(pa.schema(self.delta.schema()).empty_table(), self.properties({}, len(fields)))

    def append(self, rows: Any, properties: CommitProperties) -> None:
        write_deltalake(self.delta, rows, mode="append", commit_properties=properties)

    def write(self, change: Change, offsets: Offsets) -> None:
        schema = pa.schema(self.delta.schema())
        if self.log or (change.rows.num_rows == 0 and not change.truncated):
            rows = change.rows.select(schema.names) if change.rows.num_rows else schema.empty_table()
            self.append(rows, self.properties(offsets))
            return
        where = [f"t.{quoted(name)} = s.{quoted(name)}" for name in change.key]
        first = quoted(change.key[0])
        spans = [f"t.{first} BETWEEN {literal(low)} AND {literal(high)}" for low, high in change.ranges()]
        if spans and not change.truncated:
            where.append("(" + " OR ".join(spans) + ")")
        values = {quoted(name): f"s.{quoted(name)}" for name in schema.names}
        kept = {quoted(n): f"CASE WHEN s.{quoted(HIDDEN + n)} THEN t.{quoted(n)} ELSE s.{quoted(n)} END" for n in change.kept}
        # A change that the connector repeats is older than the row.
        newer = "(s._op = 'r' OR s._lsn IS NULL OR t._lsn IS NULL OR s._lsn >= t._lsn)"
        merge = (
            self.delta.merge(change.rows, " AND ".join(where), "s", "t", commit_properties=self.properties(offsets))
            .when_matched_delete(f"s._op = 'd' AND {newer}")
            .when_matched_update(values | kept, f"s._op <> 'd' AND {newer}")
            .when_not_matched_insert(values, "s._op <> 'd'")
        )
        (merge.when_not_matched_by_source_delete() if change.truncated else merge).execute()

    def maintain(self) -> int:
        if self.table is None:
            return 0
        sizes = self.small()
        if len(sizes) > SMALL_FILES:
            self.delta.optimize.compact(target_size=FILE_BYTES, max_concurrent_tasks=1)
        self.delta.create_checkpoint()
        self.delta.vacuum(dry_run=False, enforce_retention_duration=False)
        self.delta.cleanup_metadata()
        return len(self.delta.file_uris())

    def small(self) -> list[int]:
        actions = pa.table(self.delta.get_add_actions(flatten=True))
        return [size for size in actions.column("size_bytes").to_pylist() if size < FILE_BYTES // 2]

    def dataset(self) -> Any:
        return self.delta.to_pyarrow_dataset()

    def reader(self, columns: Sequence[str]) -> Any:
        return self.dataset().scanner(columns=list(columns)).to_reader()

    def logged(self, key: Sequence[str], lowest: int) -> Iterable[Key]:
        columns = [LSN.name, "_tx", "_op", *key]
        found = self.dataset().to_table(columns=columns, filter=ds.field(LSN.name) >= lowest)
        return zip(*(found.column(name).to_pylist() for name in columns), strict=True)
