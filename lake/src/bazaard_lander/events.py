"""Messages, and the changes that they tell: Debezium's envelopes, flattened rows, rows of direct topics; JSON and Avro."""

import io
import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import fastavro
import orjson

from .columns import Column, Unreadable, of_avro, of_connect

# What Debezium writes for a long value that the update did not touch; the second form is its base64.
UNAVAILABLE = ("__debezium_unavailable_value", "X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==")
UNAVAILABLE_BYTES = tuple(one.encode() for one in UNAVAILABLE)


class Record(NamedTuple):
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class End(NamedTuple):
    """The reader has come to the end of a partition; what lies before, such as marks of transactions, is done."""

    topic: str
    partition: int
    offset: int


class Source(Protocol):
    def partitions(self) -> dict[str, list[int]]: ...
    def assign(self, starts: dict[tuple[str, int], int | None]) -> None: ...
    def poll(self, seconds: float) -> list[Record | End]: ...


@dataclass(slots=True)
class Event:
    partition: int
    offset: int
    op: str  # c, u, d, r as Debezium's, t for a truncated table.
    key: Any
    row: dict[str, Any] | None
    lsn: int | None = None
    tx: int | None = None
    committed: int | None = None  # in us since 1970
    tombstone: bool = False
    kept: frozenset[str] = frozenset()  # Columns whose value the message does not have.
    columns: tuple[Column, ...] = ()  # As the message's schema says, if it has one.

    @property
    def unit(self) -> int | None:
        """The unit that has inserted the row: the ids of a shop name it."""
        if self.op != "c" or len(self.key) != 1:
            return None
        try:
            number = uuid.UUID(str(next(iter(self.key.values()))))
        except ValueError:
            return None
        unit = number.int >> 20 & (1 << 40) - 1
        return unit if number.version == 8 and unit != (1 << 40) - 1 else None


def fetch_from(registry: str) -> Callable[[int], str]:
    """Reads schemas from a registry with Confluent's interface, also where Apicurio has it."""

    def fetch(number: int) -> str:
        problem: Exception = Unreadable("no registry")
        for place in ("", "/apis/ccompat/v7"):
            try:
                with urllib.request.urlopen(f"{registry.rstrip('/')}{place}/schemas/ids/{number}", timeout=10) as answer:
                    found = json.load(answer)
                if found.get("schemaType", "AVRO") != "AVRO":
                    raise Unreadable(f"schema {number} is {found['schemaType']}; only AVRO is read")
                return str(found["schema"])
            except urllib.error.HTTPError as error:
                problem = error
        raise problem

    return fetch


class Decoder:
    def __init__(self, fetch: Callable[[int], str] | None = None) -> None:
        self.fetch = fetch
        self.avro: dict[int, tuple[Any, tuple[Column, ...]]] = {}
        self.schemas: dict[bytes, tuple[Column, ...]] = {}

    def read(self, data: bytes) -> tuple[Any, tuple[Column, ...]]:
        """A value and its columns, where a schema says them."""
        if data[:1] == b"\0":
            return self.read_avro(data)
        value = orjson.loads(data)
        if not isinstance(value, dict) or value.keys() != {"schema", "payload"}:
            return value, ()
        text = data[: data.find(b',"payload":')]
        if text not in self.schemas:
            fields = (value["schema"] or {}).get("fields") or ()
            rows = [field["fields"] for field in fields if field.get("field") in ("before", "after")]
            self.schemas[text] = tuple(of_connect(field) for field in (rows[0] if rows else fields))
        return value["payload"], self.schemas[text]

    def read_avro(self, data: bytes) -> tuple[Any, tuple[Column, ...]]:
        number = int.from_bytes(data[1:5], "big")
        if number not in self.avro:
            if self.fetch is None:
                raise Unreadable("a message of a schema registry; --registry-url says where it is")
            schema = json.loads(self.fetch(number))
            fields = schema.get("fields", []) if isinstance(schema, dict) else []
            for field in fields:
                kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
                records = [kind for kind in kinds if isinstance(kind, dict) and kind["type"] == "record"]
                if field["name"] in ("before", "after") and records:
                    fields = records[0]["fields"]
                    break
            columns = tuple(of_connect(of_avro(field["type"], field["name"])) for field in fields)
            self.avro[number] = fastavro.parse_schema(schema), columns
        parsed, columns = self.avro[number]
        return fastavro.schemaless_reader(io.BytesIO(data[5:]), parsed, None), columns

    def event(self, record: Record) -> Event:
        where = f"topic {record.topic}, partition {record.partition}, offset {record.offset}"
        try:
            key = None if record.key is None else self.read(record.key)[0]
        except orjson.JSONDecodeError:
            key = (record.key or b"").decode()
        try:
            if record.value is None:
                return Event(record.partition, record.offset, "d", key, None, tombstone=True)
            value, columns = self.read(record.value)
            event = self.change(record, key, value)
        except (Unreadable, ValueError, KeyError, TypeError, AttributeError, EOFError) as error:
            raise Unreadable(f"{where}: {error}") from error
        event.columns = columns
        if event.op not in "crudt" or (event.key is None and event.op != "t") or (event.row is None) != (event.op in "dt"):
            raise Unreadable(f"{where}: no change event: op {event.op!r}, key {event.key!r}")
        if event.row and any(mark in record.value for mark in UNAVAILABLE_BYTES):
            event.kept = frozenset(name for name, one in event.row.items() if is_unavailable(one))
        return event

    def change(self, record: Record, key: Any, value: dict[str, Any]) -> Event:
        if "op" in value and "source" in value:
            source = value["source"]
            row = None if value["op"] == "d" else value.get("after")
            # In an incremental snapshot it is null: then nothing is known of the order, and the topic's holds.
            return Event(record.partition, record.offset, value["op"], key, row, source.get("lsn"), source.get("txId"), source.get("ts_us"))
        row = {name: one for name, one in value.items() if not name.startswith("__")}
        op = "d" if value.get("__deleted") == "true" else value.get("__op") or "u"
        lsn = None if op == "r" else value.get("__lsn")
        when = value.get("__source_ts_us")
        return Event(record.partition, record.offset, op, key, None if op == "d" else row, lsn, value.get("__txId"), when)


def is_unavailable(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) == 1 and value[0] in UNAVAILABLE
    return value in UNAVAILABLE or (isinstance(value, bytes) and value in UNAVAILABLE_BYTES)
