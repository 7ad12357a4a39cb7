"""Types and values: from PostgreSQL's names, from the schemas of messages; JSON with and without schema, flattened, Avro."""

import base64
import io
import json
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import Any

import fastavro
import pyarrow as pa
import pytest
from bazaard_lander.columns import DECIMAL, Column, Unreadable, array, of_connect, of_sql
from bazaard_lander.events import Decoder, Event, Record

UTC = timezone.utc


@pytest.mark.parametrize(
    ("declared", "value", "type_", "read"),
    [
        ("numeric(12,2)", "28.50", pa.decimal128(12, 2), Decimal("28.50")),
        ("numeric(12,2)", 28.5, pa.decimal128(12, 2), Decimal("28.50")),
        ("numeric", "1.0E+2", pa.string(), "1.0E+2"),
        ("numeric(40,2)", "1.00", pa.string(), "1.00"),
        ("timestamp with time zone", "2026-11-21T20:15:32.425592Z", pa.timestamp("us", "UTC"), datetime(2026, 11, 21, 20, 15, 32, 425592, UTC)),
        ("timestamp with time zone", "infinity", pa.timestamp("us", "UTC"), datetime(9999, 12, 31, 23, 59, 59, 999999, UTC)),
        ("timestamp without time zone", 1_000_001, pa.timestamp("us"), datetime(1970, 1, 1, 0, 0, 1, 1)),
        ("timestamp(3) without time zone", 1_001, pa.timestamp("us"), datetime(1970, 1, 1, 0, 0, 1, 1000)),
        ("time without time zone", 3_723_000_001, pa.string(), "01:02:03.000001"),
        ("date", 20_000, pa.date32(), date(2024, 10, 4)),
        ("uuid", "b1374c00-0000-8000-8000-0000000267c0", pa.string(), "b1374c00-0000-8000-8000-0000000267c0"),
        ("bigint", 1 << 60, pa.int64(), 1 << 60),
        ("double precision", 5, pa.float64(), 5.0),
        ("boolean", True, pa.bool_(), True),
        ("jsonb", '{"a": 1}', pa.string(), '{"a": 1}'),
        ("bytea", "AQI=", pa.binary(), b"\x01\x02"),
        ("text[]", ["a", None], pa.list_(pa.string()), ["a", None]),
    ],
)
def test_a_type_of_postgresql(declared: str, value: Any, type_: Any, read: Any) -> None:
    column = of_sql("x", declared)
    assert column.type == type_
    assert array([None, value], column).to_pylist() == [None, read]


@pytest.mark.parametrize(
    ("declared", "value"), [("numeric(12,2)", "1.234"), ("numeric(4,2)", "100.00"), ("integer", "x"), ("timestamp with time zone", "soon")]
)
def test_a_value_that_is_none_of_its_type_is_named(declared: str, value: str) -> None:
    with pytest.raises(Unreadable, match="column price"):
        array([value], of_sql("price", declared))


def encoded(number: int) -> str:
    return base64.b64encode(number.to_bytes(4, "big", signed=True)).decode()


def test_decimals_as_bytes() -> None:
    precise = of_sql("price", "numeric(12,2)", decimals="precise")
    assert array([encoded(-1250)], precise).to_pylist() == [Decimal("-12.50")]
    said = of_connect({"field": "p", "type": "bytes", "name": DECIMAL, "parameters": {"scale": "3", "connect.decimal.precision": "9"}})
    assert said == Column("p", pa.decimal128(9, 3), DECIMAL, 3)
    assert array([encoded(1)], said).to_pylist() == [Decimal("0.001")]
    free = of_connect({"field": "p", "type": "struct", "name": "io.debezium.data.VariableScaleDecimal"})
    assert array([{"scale": 1, "value": encoded(15)}], free).to_pylist() == ["1.5"]


ROW = [
    {"field": "id", "type": "string", "name": "io.debezium.data.Uuid", "optional": False},
    {"field": "price", "type": "bytes", "name": DECIMAL, "parameters": {"scale": "2", "connect.decimal.precision": "12"}},
    {"field": "at", "type": "string", "name": "io.debezium.time.ZonedTimestamp", "optional": True},
    {"field": "day", "type": "int32", "name": "io.debezium.time.Date", "optional": True},
    {"field": "tags", "type": "array", "items": {"type": "string", "optional": True}, "optional": True},
]
VALUES = {"id": "a", "price": encoded(125), "at": "2026-01-01T00:00:00.000000Z", "day": 1, "tags": ["x"]}
SOURCE = {"lsn": 7, "txId": 3, "ts_us": 5}


def event_of(key: Any, value: Any, decoder: Decoder | None = None) -> Event:
    def data(one: Any) -> bytes:
        return one if isinstance(one, bytes) else json.dumps(one, separators=(",", ":")).encode()

    return (decoder or Decoder()).event(Record("t", 0, 4, data(key), data(value)))


def check(event: Event) -> None:
    assert (event.op, event.key, event.lsn, event.tx, event.committed) == ("c", {"id": "a"}, 7, 3, 5)
    assert event.row is not None
    types = [pa.string(), pa.decimal128(12, 2), pa.timestamp("us", "UTC"), pa.date32(), pa.list_(pa.string())]
    assert [column.type for column in event.columns] == types
    values = [array([event.row[column.name]], column)[0].as_py() for column in event.columns]
    assert values == ["a", Decimal("1.25"), datetime(2026, 1, 1, tzinfo=UTC), date(1970, 1, 2), ["x"]]


def test_json_with_schema() -> None:
    schema = {"type": "struct", "fields": [{"field": "before", "type": "struct", "fields": ROW}, {"field": "op", "type": "string"}]}
    payload = {"before": None, "after": VALUES, "source": SOURCE, "op": "c"}
    check(event_of({"schema": {"type": "struct", "fields": ROW[:1]}, "payload": {"id": "a"}}, {"schema": schema, "payload": payload}))


AVRO_ROW = {
    "type": "record", "name": "Value", "fields": [
        {"name": "id", "type": {"type": "string", "connect.name": "io.debezium.data.Uuid"}},
        {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "scale": 2, "precision": 12, "connect.name": DECIMAL}},
        {"name": "at", "type": ["null", {"type": "string", "connect.name": "io.debezium.time.ZonedTimestamp"}]},
        {"name": "day", "type": ["null", {"type": "int", "connect.name": "io.debezium.time.Date"}]},
        {"name": "tags", "type": ["null", {"type": "array", "items": ["null", "string"]}]},
    ],
}  # fmt: skip
AVRO = {
    1: {"type": "record", "name": "Key", "fields": [{"name": "id", "type": "string"}]},
    2: {
        "type": "record", "name": "Envelope", "fields": [
            {"name": "before", "type": ["null", AVRO_ROW]}, {"name": "after", "type": ["null", "Value"]},
            {"name": "source", "type": {"type": "record", "name": "Source", "fields": [{"name": n, "type": "long"} for n in SOURCE]}},
            {"name": "op", "type": "string"},
        ],
    },
}  # fmt: skip


def framed(number: int, value: Any) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(json.dumps(AVRO[number]))), value)
    return b"\0" + number.to_bytes(4, "big") + out.getvalue()


def test_avro_of_a_registry() -> None:
    asked = []

    def fetch(number: int) -> str:
        asked.append(number)
        return json.dumps(AVRO[number])

    decoder = Decoder(fetch)
    value = {"before": None, "after": VALUES | {"price": Decimal("1.25")}, "source": SOURCE, "op": "c"}
    for _ in range(2):
        check(event_of(framed(1, {"id": "a"}), framed(2, value), decoder))
    assert asked == [1, 2], "each schema once"
    with pytest.raises(Unreadable, match="registry-url"):
        event_of({"id": "a"}, framed(2, value))


def test_flattened_rows_and_rows_of_direct_topics() -> None:
    event = event_of({"id": "a"}, {"id": "a", "n": 1, "__op": "c", "__lsn": 7, "__txId": 3, "__source_ts_us": 5, "__deleted": "false"})
    assert (event.op, event.row, event.lsn, event.tx, event.committed) == ("c", {"id": "a", "n": 1}, 7, 3, 5)
    assert event_of({"id": "a"}, {"id": "a", "__deleted": "true", "__op": "d", "__lsn": 7}).row is None
    event = event_of(b"plain-key", {"id": "plain-key", "n": 1})
    assert (event.op, event.key, event.row) == ("u", "plain-key", {"id": "plain-key", "n": 1})


def test_units_are_named_by_ids_of_inserted_rows() -> None:
    key = {"id": "b1375000-0002-8a8d-8000-00049c23f1c4"}
    assert event_of(key, {"source": SOURCE, "op": "c", "after": key}).unit == 0x49C2
    assert event_of(key, {"source": SOURCE, "op": "u", "after": key}).unit is None
    other = {"id": "b1375000-0002-4a8d-8000-00049c23f1c4"}
    assert event_of(other, {"source": SOURCE, "op": "c", "after": other}).unit is None


@pytest.mark.parametrize("value", [b"{", b"[]", b"7", {"op": "x", "source": {}}, {"op": "c", "source": {}}, {"op": "u", "source": 3, "after": {}}])
def test_what_is_no_change_is_named_with_its_place(value: Any) -> None:
    with pytest.raises(Unreadable, match="topic t, partition 0, offset 4"):
        event_of({"id": "a"}, value)
