"""For those who compare: the rows of a table with the offsets that they stand at, and the barrier up to which all has landed."""

import json
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

import psycopg
import pyarrow as pa
import pyarrow.compute as pc

from .changes import LSN
from .kafka import KafkaSource
from .tables import Offsets, Table

GAP_MOST = 16
ESCAPES = (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"))


class NotReached(Exception):
    """Something has not come to the barrier in time."""


def all_offsets(table: Table) -> Offsets:
    found: Offsets = {}
    partition = 0
    while partition < max(found, default=0) + GAP_MOST:
        found |= table.offsets([partition])
        partition += 1
    return found


def array_text(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return "{" + ",".join(array_text(one) for one in value) + "}"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def copy_column(values: Any) -> Any:
    """A column in the text form of PostgreSQL's COPY."""
    kind = values.type
    if pa.types.is_boolean(kind):
        values = pc.if_else(values, "t", "f")
    elif pa.types.is_binary(kind):
        values = pa.array([None if one is None else "\\x" + one.hex() for one in values.to_pylist()], pa.string())
    elif pa.types.is_list(kind):
        values = pa.array([None if one is None else array_text(one) for one in values.to_pylist()], pa.string())
    text = values.cast(pa.string())
    for plain, escaped in ESCAPES:
        text = pc.replace_substring(text, plain, escaped)
    return text.fill_null("\\N")


def copy_lines(batches: Iterator[Any]) -> Iterator[bytes]:
    for batch in batches:
        if batch.num_rows:
            lines = pc.binary_join_element_wise(*(copy_column(column) for column in batch.columns), "\t")
            yield ("\n".join(lines.to_pylist()) + "\n").encode()


def write_rows(table: Table, form: str, out: BinaryIO) -> None:
    """All rows of one version. A line of JSON comes first: columns, and the offset up to which each partition is in them."""
    columns = [name for name in table.types() if table.log or name != LSN.name]
    head = {"topic": table.topic, "offsets": all_offsets(table), "columns": {name: str(table.types()[name]) for name in columns}}
    reader = table.reader(columns)
    if form == "arrow":
        with pa.ipc.new_stream(out, reader.schema.with_metadata({"lander": json.dumps(head)})) as stream:
            for batch in reader:
                stream.write_batch(batch)
        return
    out.write(json.dumps(head).encode() + b"\n")
    for lines in copy_lines(iter(reader)):
        out.write(lines)


def barrier(source: psycopg.Connection[Any], slot: str, kafka: KafkaSource, tables: dict[str, Table], timeout: float) -> dict[str, Any]:
    """Returns when all that PostgreSQL had committed at the call is in the lake: position, and the offsets that the tables have reached."""
    end = time.monotonic() + timeout

    def wait(what: str, reached: Any) -> None:
        while not reached():
            if time.monotonic() > end:
                raise NotReached(f"not within {timeout:.0f} s: {what}")
            time.sleep(0.1)

    source.autocommit = True
    position = source.execute("SELECT pg_current_wal_lsn()::text").fetchall()[0][0]

    def confirmed() -> bool:
        query = "SELECT confirmed_flush_lsn >= %s::pg_lsn FROM pg_replication_slots WHERE slot_name = %s"
        return source.execute(query, (position, slot)).fetchall() == [(True,)]

    wait(f"slot {slot} confirms {position}", confirmed)
    ends = kafka.ends()
    for topic, wanted in ends.items():
        table = tables[topic]

        def landed(table: Table = table, wanted: Offsets = wanted) -> bool:
            table.open()
            return all((table.position(partition) or 0) >= offset for partition, offset in wanted.items())

        wait(f"{topic} in the lake up to {wanted}", landed)
    return {"lsn": position, "offsets": ends}
