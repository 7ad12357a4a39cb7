"""The program on a broker: librdkafka's own stand-in, without Java. The real one: tests/long/lake."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from bazaard_lander.__main__ import Lake, arguments, main
from bazaard_lander.columns import Unreadable
from bazaard_lander.events import End, Record
from bazaard_lander.kafka import KafkaSource
from bazaard_lander.tables import Delta
from confluent_kafka import Producer

TOPIC = "ecomm.demo.orders"
FIELDS = [{"field": "id", "type": "string"}, {"field": "n", "type": "int32"}]
SCHEMA = {"type": "struct", "fields": [{"field": "after", "type": "struct", "fields": FIELDS}]}


class Broker:
    def __init__(self) -> None:
        self.producer = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "ignored", "log_level": 2})
        metadata = self.producer.list_topics(timeout=30)
        self.servers = ",".join(f"{broker.host}:{broker.port}" for broker in metadata.brokers.values())
        self.lsn = 0

    def send(self, key: str, n: int, op: str = "c") -> None:
        self.lsn += 1
        after = {"id": key, "n": n}
        payload = {"after": after, "source": {"lsn": self.lsn, "txId": self.lsn, "ts_us": 1}, "op": op}
        value = json.dumps({"schema": SCHEMA, "payload": payload}, separators=(",", ":"))
        self.producer.produce(TOPIC, value, json.dumps({"id": key}), 0)
        assert self.producer.flush(30) == 0


@pytest.fixture
def broker() -> Iterator[Broker]:
    yield Broker()


def read(source: KafkaSource, ends: int) -> list[Record | End]:
    found: list[Record | End] = []
    for _ in range(60):
        found += source.poll(0.5)
        if sum(isinstance(item, End) for item in found) >= ends:
            return found
    raise AssertionError(f"no end: {found}")


def test_a_partition_is_read_from_an_offset_to_its_end(broker: Broker) -> None:
    for n in range(3):
        broker.send(f"k{n}", n)
    source = KafkaSource({"bootstrap.servers": broker.servers}, r"ecomm\.demo\.[^.]+", {0})
    assert source.partitions() == {TOPIC: [0]}
    source.assign({(TOPIC, 0): None})
    found = read(source, 1)
    assert [item.offset for item in found] == [0, 1, 2, 3] and isinstance(found[3], End)
    source.assign({(TOPIC, 0): 2})
    assert [item.offset for item in read(source, 1)] == [2, 3]
    assert source.ends() == {TOPIC: {0: 3}}
    source.assign({(TOPIC, 0): 99})
    with pytest.raises(Unreadable, match="offset"):
        read(source, 1)
    source.close()


def test_the_program_lands_and_ends(broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BAZAARD_DB_URL", raising=False)
    words = ["run", "--once", "--interval", "0.5", "--bootstrap-servers", broker.servers, "--warehouse", str(tmp_path), "--log"]
    broker.send("a", 1)
    assert main(words) == 0
    first = Lake(arguments(words))
    first.claim(TOPIC)
    assert main(words) == 75, "a second lander is refused"
    first.release()
    broker.send("a", 2, "u")
    broker.send("b", 3)
    assert main(words) == 0
    table = Delta(str(tmp_path / "demo/orders"), TOPIC, False, {})
    rows = table.reader(["id", "n"]).read_all().to_pylist()
    assert sorted((row["id"], row["n"]) for row in rows) == [("a", 2), ("b", 3)] and table.position(0) == 3
    assert Delta(str(tmp_path / "demo/orders_log"), TOPIC, True, {}).reader(["id"]).read_all().num_rows == 3
