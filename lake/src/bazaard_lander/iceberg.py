"""Iceberg's tables, with a catalogue in an SQL database."""

import json
import warnings
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs as fs
import pyiceberg.expressions
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError
from pyiceberg.io.pyarrow import ArrowScan, _dataframe_to_data_files
from pyiceberg.table import FileScanTask
from pyiceberg.table import Table as IcebergTable

from .changes import HIDDEN, LSN, Change, Key
from .columns import Column
from .tables import FILE_BYTES, SMALL_FILES, Offsets, Table

# Its constructors take names of columns, which their types do not say.
ex: Any = pyiceberg.expressions
KEEP = timedelta(minutes=10)
OFFSET = "lander.offset."
PROPERTIES = {
    # A commit that is done again on top of another writer's would bring rows twice.
    "commit.retry.num-retries": "0",
    "commit.manifest-merge.enabled": "true",
    "commit.manifest.min-count-to-merge": "20",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
}


class Iceberg(Table):
    conflicts = (CommitFailedException, OSError)

    def __init__(self, catalogue: SqlCatalog, name: tuple[str, str], topic: str, log: bool) -> None:
        super().__init__(topic, log)
        self.catalogue, self.name = catalogue, name
        self.table: IcebergTable | None = None
        self.open()

    def open(self) -> None:
        try:
            self.table = self.catalogue.load_table(self.name)
        except NoSuchTableError:
            self.table = None

    @property
    def iceberg(self) -> IcebergTable:
        assert self.table is not None, "evolve makes the table"
        return self.table

    def schema(self) -> Any:
        """Arrow's, with the types that the table was made of."""
        small = {pa.large_string(): pa.string(), pa.large_binary(): pa.binary()}
        fields = [pa.field(field.name, small.get(field.type, field.type)) for field in self.iceberg.schema().as_arrow()]
        return pa.schema([f.with_type(pa.list_(pa.string())) if pa.types.is_large_list(f.type) else f for f in fields])

    def types(self) -> dict[str, Any]:
        return {} if self.table is None else {field.name: field.type for field in self.schema()}

    def position(self, partition: int) -> int | None:
        # In the properties they outlive the snapshots of others who compact.
        found = self.table.properties.get(f"{OFFSET}{self.topic}/{partition}") if self.table is not None else None
        return None if found is None else int(found)

    def summary(self, offsets: Offsets) -> dict[str, str]:
        """All offsets, for readers of a snapshot."""
        known = {int(n.rpartition("/")[2]): int(v) for n, v in self.iceberg.properties.items() if n.startswith(OFFSET)}
        return {"offsets": json.dumps(known | offsets)}

    def add(self, columns: Sequence[Column]) -> None:
        schema = pa.schema([(column.name, column.type) for column in columns])
        if self.table is None:
            self.catalogue.create_namespace_if_not_exists(self.name[0])
            self.table = self.catalogue.create_table_if_not_exists(self.name, schema, properties=PROPERTIES)
            return
        # Rows that are older than a column have its default in PostgreSQL, without an event.
        missing = {} if self.log else {column.name: column.missing for column in columns if column.missing is not None}
        with self.iceberg.transaction() as transaction:
            with transaction.update_schema() as update:
                update.union_by_name(schema)
            if missing:
                rows = self.iceberg.scan().to_arrow()
                for column in columns:
                    value = pa.array([missing.get(column.name)], pa.string()).cast(column.type)
                    rows = rows.append_column(column.name, pa.repeat(value[0], rows.num_rows))
                transaction.overwrite(rows, snapshot_properties=self.summary({}))

    def filter(self, change: Change) -> Any:
        """The rows of the keys, by ranges first: these leave out whole files."""
        keys = [change.rows.column(name).to_pylist() for name in change.key]
        if len(change.key) == 1:
            exact = ex.In(change.key[0], keys[0])
        else:
            rows = zip(*keys, strict=True)
            ones = [[ex.EqualTo(name, value) for name, value in zip(change.key, row, strict=True)] for row in rows]
            exact = reduce(ex.Or, (reduce(ex.And, one) for one in ones), ex.AlwaysFalse())
        first = change.key[0]
        spans = [ex.And(ex.GreaterThanOrEqual(first, low), ex.LessThanOrEqual(first, high)) for low, high in change.ranges()]
        return ex.And(reduce(ex.Or, spans), exact) if spans else exact

    def write(self, change: Change, offsets: Offsets) -> None:
        properties = self.summary(offsets)
        schema, rows = self.schema(), change.rows
        doomed: Any = None
        if change.truncated:
            doomed = ex.AlwaysTrue()
        elif rows.num_rows and not self.log:
            rows, doomed = self.against(change, self.filter(change))
        if not self.log and rows.num_rows:
            rows = rows.filter(pc.not_equal(rows.column("_op"), "d"))
        with warnings.catch_warnings(), self.iceberg.transaction() as transaction:
            warnings.simplefilter("ignore")
            if doomed is not None:
                transaction.delete(doomed, snapshot_properties=properties)
            transaction.set_properties({f"{OFFSET}{self.topic}/{partition}": str(at) for partition, at in offsets.items()})
            transaction.append(rows.select(schema.names) if rows.num_rows else schema.empty_table(), snapshot_properties=properties)

    def against(self, change: Change, where: Any) -> tuple[Any, Any]:
        """The rows without those that are older than the table's, with what they keep of these; and which rows go for them."""
        there = self.iceberg.scan(where, selected_fields=(*change.key, LSN.name, *change.kept)).to_arrow().to_pylist()
        if not there:
            return change.rows, None
        before = {tuple(row[name] for name in change.key): row for row in there}
        rows = change.rows.to_pylist()
        fresh = []
        for row in rows:
            old = before.get(tuple(row[name] for name in change.key), {LSN.name: None})
            if row["_op"] != "r" and row[LSN.name] is not None and old[LSN.name] is not None and row[LSN.name] < old[LSN.name]:
                continue
            fresh.append(row | {name: old.get(name) for name in change.kept if row[HIDDEN + name]})
        kept = Change(pa.Table.from_pylist(fresh, schema=change.rows.schema), change.key)
        return kept.rows, self.filter(kept) if fresh else None

    def maintain(self) -> int:
        if self.table is None:
            return 0
        tasks = list(self.iceberg.scan().plan_files())
        small = [task for task in tasks if task.file.file_size_in_bytes < FILE_BYTES // 2]
        if len(small) > SMALL_FILES:
            self.compact(small)
        old = datetime.now(timezone.utc) - KEEP
        self.iceberg.maintenance.expire_snapshots().older_than(old).commit()
        self.vacuum(old)
        return len(list(self.iceberg.scan().plan_files()))

    def compact(self, small: list[FileScanTask]) -> None:
        table = self.iceberg
        rows = ArrowScan(table.metadata, table.io, table.schema(), ex.AlwaysTrue()).to_table(small)
        with table.transaction() as transaction, transaction.update_snapshot(self.summary({})).overwrite() as snapshot:
            for task in small:
                snapshot.delete_data_file(task.file)
            for file in _dataframe_to_data_files(transaction.table_metadata, rows, table.io, snapshot.commit_uuid):
                snapshot.append_data_file(file)

    def vacuum(self, old: datetime) -> None:
        """Removes files of which no snapshot knows: those of expired snapshots, and of commits that were broken off."""
        table, inspect = self.iceberg, self.iceberg.inspect
        named = inspect.all_files().column("file_path").to_pylist() + inspect.all_manifests().column("path").to_pylist()
        named += [snapshot.manifest_list for snapshot in table.snapshots()]
        named += [entry.metadata_file for entry in table.metadata.metadata_log] + [table.metadata_location]
        needed = {name.partition("://")[2] for name in named}
        place, path = fs.FileSystem.from_uri(table.location())
        for file in place.get_file_info(fs.FileSelector(path, recursive=True)):
            if file.type == fs.FileType.File and file.path not in needed and file.mtime < old:
                place.delete_file(file.path)

    def reader(self, columns: Sequence[str]) -> Any:
        return self.iceberg.scan(selected_fields=tuple(columns)).to_arrow_batch_reader()

    def logged(self, key: Sequence[str], lowest: int) -> Iterable[Key]:
        columns = (LSN.name, "_tx", "_op", *key)
        found = self.iceberg.scan(ex.GreaterThanOrEqual(LSN.name, lowest), selected_fields=columns).to_arrow()
        return zip(*(found.column(name).to_pylist() for name in columns), strict=True)
