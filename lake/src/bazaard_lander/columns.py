"""Columns: their Arrow types, from PostgreSQL's catalogue or from the schema in a message, and their values."""

import base64
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import orjson
import psycopg
import pyarrow as pa

DECIMAL = "org.apache.kafka.connect.data.Decimal"
ZONED = "io.debezium.time.ZonedTimestamp"
INSTANT, LOCAL = pa.timestamp("us", "UTC"), pa.timestamp("us")
# What PostgreSQL has and Arrow has not: the ends of what a calendar of four digits can say.
ENDS = {"infinity": "9999-12-31T23:59:59.999999Z", "-infinity": "0001-01-01T00:00:00Z"}
OF_SQL = {
    "smallint": pa.int32(), "integer": pa.int32(), "bigint": pa.int64(), "real": pa.float32(), "double precision": pa.float64(),
    "boolean": pa.bool_(), "bytea": pa.binary(), "date": pa.date32(),
}  # fmt: skip
OF_CONNECT = {
    "int8": pa.int32(), "int16": pa.int32(), "int32": pa.int32(), "int64": pa.int64(), "float": pa.float32(), "double": pa.float64(),
    "boolean": pa.bool_(), "bytes": pa.binary(), ZONED: INSTANT, "Timestamp": LOCAL, "MicroTimestamp": LOCAL, "NanoTimestamp": LOCAL,
    "IsoTimestamp": LOCAL, "Date": pa.date32(), "IsoDate": pa.date32(), "Time": pa.string(), "MicroTime": pa.string(),
    "NanoTime": pa.string(), "VariableScaleDecimal": pa.string(),
}  # fmt: skip
OF_AVRO = {"int": "int32", "long": "int64", "enum": "string", "record": "struct"}
LOGICAL = {
    "date": "io.debezium.time.Date", "timestamp-millis": ZONED, "timestamp-micros": ZONED,
    "local-timestamp-millis": "io.debezium.time.Timestamp", "local-timestamp-micros": "io.debezium.time.MicroTimestamp",
}  # fmt: skip
TICKS = {"Timestamp": 1_000, "MicroTimestamp": 1, "Time": 1_000, "MicroTime": 1}


class Unreadable(Exception):
    """A message, or a value in one, that is not what it should be."""


class Column(NamedTuple):
    name: str
    type: Any  # pa.DataType
    form: str = ""  # Connect's name of the type: how values are encoded.
    scale: int = 0
    missing: str | None = None  # What rows have that are older than the column.


def of_sql(name: str, declared: str, missing: str | None = None, decimals: str = "string") -> Column:
    """A column as format_type() names its type; values in Debezium's adaptive forms."""
    if declared.endswith("[]"):
        element = of_sql(name, declared[:-2], decimals=decimals)
        return element._replace(type=pa.list_(element.type), missing=missing)
    if found := re.fullmatch(r"numeric(?:\((\d+),(\d+)\))?", declared):
        precision, scale = int(found[1] or 0), int(found[2] or 0)
        type_ = pa.decimal128(precision, scale) if 0 < precision <= 38 else pa.string()
        return Column(name, type_, DECIMAL if decimals == "precise" else "", scale, missing)
    if found := re.fullmatch(r"(timestamp|time)(?:\((\d)\))? with(out)? time zone", declared):
        coarse = int(found[2] or 6) <= 3
        if found[1] == "timestamp" and not found[3]:
            return Column(name, INSTANT, ZONED, 0, missing)
        form = ("" if coarse else "Micro") + found[1].capitalize()
        return Column(name, LOCAL if found[1] == "timestamp" else pa.string(), f"io.debezium.time.{form}", 0, missing)
    return Column(name, OF_SQL.get(declared, pa.string()), missing=missing)


def of_catalogue(source: psycopg.Connection[Any], schema: str, table: str, decimals: str) -> tuple[list[Column], tuple[str, ...]]:
    """Columns and primary key of a table; nothing of a table that is not there."""
    rows = source.execute(
        """SELECT a.attname, format_type(CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END,
                                         CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END),
                  (a.attmissingval::text::text[])[1], array_position(i.indkey::int2[], a.attnum)
           FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
           JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
           WHERE n.nspname = %s AND c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum""",
        (schema, table),
    ).fetchall()
    keys = sorted((row for row in rows if row[3] is not None), key=lambda row: int(row[3]))
    return [of_sql(row[0], row[1], row[2], decimals) for row in rows], tuple(row[0] for row in keys)


def of_connect(field: Mapping[str, Any]) -> Column:
    """A field of the schema that Connect's JsonConverter puts beside each message."""
    name, form, kind = str(field.get("field", "")), str(field.get("name") or ""), str(field["type"])
    if kind == "array":
        element = of_connect(field["items"])
        return element._replace(name=name, type=pa.list_(element.type))
    if form == DECIMAL:
        parameters = field.get("parameters") or {}
        scale, precision = int(parameters["scale"]), min(int(parameters.get("connect.decimal.precision", 38)), 38)
        return Column(name, pa.decimal128(precision, scale), form, scale)
    known = OF_CONNECT.get(form) or OF_CONNECT.get(form.rpartition(".")[2] if ".time." in form or ".data." in form else kind)
    return Column(name, known or OF_CONNECT.get(kind, pa.string()), form)


def of_avro(kind: Any, name: str = "") -> dict[str, Any]:
    """The same field as Connect would write it, from Avro's schema."""
    if isinstance(kind, list):
        return of_avro(next(one for one in kind if one != "null"), name)
    if isinstance(kind, str):
        return {"field": name, "type": OF_AVRO.get(kind, kind)}
    if isinstance(kind["type"], dict | list):
        return of_avro(kind["type"], name)
    form = kind.get("connect.name") or LOGICAL.get(kind.get("logicalType", ""), "")
    field = {"field": name, "type": OF_AVRO.get(kind["type"], kind["type"]), "name": form}
    if kind.get("logicalType") == "decimal":
        parameters = {"scale": kind.get("scale", 0), "connect.decimal.precision": kind["precision"]}
        field |= {"name": DECIMAL, "parameters": parameters}
    if kind["type"] == "array":
        field["items"] = of_avro(kind["items"])
    return field


def decimal_text(value: Any, column: Column) -> str:
    if isinstance(value, dict):
        return decimal_text(value["value"], Column(column.name, column.type, DECIMAL, int(value["scale"])))
    if column.form == DECIMAL and isinstance(value, bytes | str):
        raw = value if isinstance(value, bytes) else base64.b64decode(value, validate=True)
        value = Decimal(int.from_bytes(raw, "big", signed=True)).scaleb(-column.scale)
    return value if isinstance(value, str) else f"{Decimal(repr(value)) if isinstance(value, float) else Decimal(value):f}"


def text(value: Any, column: Column) -> str:
    if isinstance(value, str):
        return value
    form = column.form.rpartition(".")[2]
    if form.endswith("Time") and isinstance(value, int):
        micros = value * TICKS[form] if form in TICKS else value // 1_000
        seconds, fraction = divmod(micros, 1_000_000)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{fraction:06}"
    if form in ("Decimal", "VariableScaleDecimal"):
        return decimal_text(value, column)
    return orjson.dumps(value).decode() if isinstance(value, dict | list) else str(value)


def plain(value: Any, column: Column) -> Any:
    """What Arrow takes for a value of this type."""
    kind = column.type
    if value is None:
        return None
    if pa.types.is_list(kind):
        return array(value, column._replace(type=kind.value_type)).to_pylist()
    if pa.types.is_decimal(kind):
        return decimal_text(value, column)
    if pa.types.is_string(kind):
        return text(value, column)
    if pa.types.is_timestamp(kind) and isinstance(value, str):
        value = ENDS.get(value, value)
        return value if kind.tz else value.removesuffix("Z")
    if pa.types.is_timestamp(kind) and isinstance(value, int):
        form = column.form.rpartition(".")[2]
        return value * TICKS[form] if form in TICKS else value // 1_000
    if pa.types.is_binary(kind) and isinstance(value, str):
        return base64.b64decode(value, validate=True)
    return float(value) if pa.types.is_floating(kind) else value


def array(values: Sequence[Any], column: Column) -> Any:
    try:
        ready = [plain(value, column) for value in values]
        kinds = {type(value) for value in ready} - {type(None)}
        if kinds == {str} and not pa.types.is_string(column.type):
            return pa.array(ready, pa.string()).cast(column.type)
        return pa.array(ready, column.type)
    except (pa.ArrowInvalid, pa.ArrowTypeError, ValueError, ArithmeticError, KeyError, TypeError) as error:
        raise Unreadable(f"column {column.name}: no {column.type}: {error}") from None
