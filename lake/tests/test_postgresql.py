"""With a PostgreSQL, which BAZAARD_TEST_DB_URL names: its catalogue, and Iceberg's catalogue in it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from bazaard_lander.__main__ import Lake as Flags
from bazaard_lander.__main__ import arguments
from bazaard_lander.columns import of_catalogue
from kit import Lake, Shop, Topics, expected, order

URL = os.environ.get("BAZAARD_TEST_DB_URL", "")
pytestmark = pytest.mark.skipif(not URL, reason="no BAZAARD_TEST_DB_URL")


@pytest.fixture
def server() -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(URL, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA demo")
        yield connection
        connection.execute("DROP SCHEMA demo CASCADE")


def test_types_keys_and_defaults_come_from_the_catalogue(server: psycopg.Connection[Any]) -> None:
    server.execute("CREATE DOMAIN demo.cents AS numeric(9,4)")
    server.execute("CREATE TYPE demo.mood AS ENUM ('good', 'bad')")
    server.execute(
        """CREATE TABLE demo.wide (b bigint, a uuid, price numeric(12,2), free numeric, c demo.cents, m demo.mood, at timestamptz,
           local timestamp, ms timestamp(3), day date, clock time, tags text[], doc jsonb, raw bytea, dropped int, PRIMARY KEY (a, b))"""
    )
    server.execute("INSERT INTO demo.wide (a, b) VALUES (gen_random_uuid(), 1)")
    server.execute("ALTER TABLE demo.wide DROP COLUMN dropped")
    server.execute("ALTER TABLE demo.wide ADD COLUMN gift numeric(5,2) NOT NULL DEFAULT 1.5, ADD COLUMN note text DEFAULT 'it''s \\ {x}'")
    columns, key = of_catalogue(server, "demo", "wide", "string")
    assert key == ("a", "b")
    found = {column.name: column for column in columns}
    assert {name: str(column.type) for name, column in found.items()} == {
        "b": "int64", "a": "string", "price": "decimal128(12, 2)", "free": "string", "c": "decimal128(9, 4)", "m": "string",
        "at": "timestamp[us, tz=UTC]", "local": "timestamp[us]", "ms": "timestamp[us]", "day": "date32[day]", "clock": "string",
        "tags": str(pa.list_(pa.string())), "doc": "string", "raw": "binary", "gift": "decimal128(5, 2)", "note": "string",
    }  # fmt: skip
    assert found["gift"].missing == "1.50" and found["note"].missing == "it's \\ {x}" and found["price"].missing is None
    assert found["ms"].form.endswith(".Timestamp") and found["local"].form.endswith(".MicroTimestamp")
    assert of_catalogue(server, "demo", "none", "string") == ([], ())


def test_icebergs_catalogue_is_in_postgresql(server: psycopg.Connection[Any], tmp_path: Path) -> None:
    topics = Topics()
    shop, lake = Shop(topics), Lake("iceberg", tmp_path, topics)
    words = ["run", "--lake-format", "iceberg", "--catalog-url", URL, "--warehouse", str(tmp_path)]
    flags = Flags(arguments(words))
    lake.table = lambda topic, log=False: flags.table(topic, log)  # type: ignore[method-assign]
    lake.log = False
    try:
        shop.put(**order(1))
        shop.put(**order(2))
        lake.land()
        shop.change("00000001", status="Shipped")
        shop.delete("00000002")
        lake.land()
        assert lake.state(shop) == expected(shop)
        assert server.execute("SELECT table_namespace, table_name FROM iceberg_tables").fetchall() == [("demo", "orders")]
    finally:
        server.execute("DROP TABLE iceberg_tables, iceberg_namespace_properties")
