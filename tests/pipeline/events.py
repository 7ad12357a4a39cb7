"""Change events as Debezium writes them to Kafka: read with kcat, decoded from JSON or Avro, brought into one form."""

import collections
import json
import re
import struct
import subprocess
import urllib.request
from typing import NamedTuple, Optional


class Record(NamedTuple):
    """A message of a topic; `timestamp` is its producer's, in milliseconds since 1970."""

    partition: int
    offset: int
    timestamp: int
    key: Optional[bytes]
    value: Optional[bytes]


class Event(NamedTuple):
    """A change of a row; `op` is c, u, d, r (a row that was there already) or t (the tombstone behind a d).

    `transaction` is the one in PostgreSQL that made the change; None for r and t.
    """

    table: str
    partition: int
    timestamp: int
    key: dict
    op: str
    before: Optional[dict]
    after: Optional[dict]
    transaction: Optional[int]


class Unreadable(Exception):
    """What came is no change event; or what should be read cannot be."""


# ---- Kafka -----------------------------------------------------------------------------------------------------------


def kcat(servers, *words):
    # Chatter of the library that says nothing about the result.
    return ["kcat", "-b", servers, "-X", "log.connection.close=false", *words]


def topics(servers, prefix):
    """Names of the topics that begin with the prefix and a dot."""
    done = subprocess.run(kcat(servers, "-L", "-J", "-m", "10"), capture_output=True, text=True)
    if done.returncode != 0:
        raise Unreadable(f"kcat cannot list the topics: {done.stderr.strip()}")
    return {one["topic"] for one in json.loads(done.stdout)["topics"] if one["topic"].startswith(prefix + ".")}


def framed(stream):
    """Records as FRAME has kcat print them. Lengths come first: keys and values are any bytes."""
    while line := stream.readline():
        try:
            partition, offset, timestamp, key, value = map(int, line.split())
        except ValueError:
            raise Unreadable(f"no record of kcat: {line[:80]!r}") from None
        # -1 is null.
        key_bytes = stream.read(key) if key >= 0 else None
        value_bytes = stream.read(value) if value >= 0 else None
        if stream.read(1) != b"\n":
            raise Unreadable(f"kcat's output ends in record {partition}/{offset}")
        yield Record(partition, offset, timestamp, key_bytes, value_bytes)


FRAME = r"%p %o %T %K %S\n%k%s\n"


def records(servers, topic, isolation, first=0):
    """All that stands in a topic now, of each partition from this offset on.

    Without transactions offsets have no gap: one would be lost records.
    """
    words = kcat(servers, "-C", "-q", "-e", "-o", str(first), "-t", topic, "-f", FRAME, "-X", f"isolation.level={isolation}",
                 "-X", "auto.offset.reset=error", "-X", "fetch.wait.max.ms=10")
    due = collections.defaultdict(lambda: first)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        for record in framed(process.stdout):
            if isolation == "read_uncommitted" and due[record.partition] != record.offset:
                raise Unreadable(f"{topic}: partition {record.partition} goes on at {record.offset} instead of "
                                 f"{due[record.partition]}; compacted, or beyond its retention")
            due[record.partition] = record.offset + 1
            yield record
        complaint = process.stderr.read().decode(errors="replace").strip()
        if process.wait() != 0:
            raise Unreadable(f"kcat on {topic}: {complaint}")


# ---- Avro ------------------------------------------------------------------------------------------------------------


class Avro:
    """Decodes messages in Confluent's wire format; schemas come from the registry, each once."""

    def __init__(self, fetch):
        """`fetch(number)` returns a schema's text."""
        self.fetch = fetch
        self.readers = {}

    @classmethod
    def of_registry(cls, url):
        # The registry is on this machine: no proxy.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return cls(lambda number: json.load(opener.open(f"{url}/apis/ccompat/v7/schemas/ids/{number}", timeout=10))["schema"])

    def __call__(self, message):
        if len(message) < 5 or message[0] != 0:
            raise Unreadable(f"no Avro message: {message[:20]!r}")
        number = struct.unpack_from(">I", message, 1)[0]
        if number not in self.readers:
            self.readers[number] = avro_reader(json.loads(self.fetch(number)), {})
        cursor = Cursor(message, 5)
        value = self.readers[number](cursor)
        if cursor.at != len(message):
            raise Unreadable(f"{len(message) - cursor.at} bytes behind the end of an Avro message")
        return value


class Cursor:
    def __init__(self, data, at):
        self.data, self.at = data, at

    def take(self, size):
        if size < 0 or self.at + size > len(self.data):
            raise Unreadable("an Avro message ends too early")
        self.at += size
        return self.data[self.at - size:self.at]


def avro_long(cursor):
    """Seven bits per byte, the lowest first; the sign is the last bit (zigzag)."""
    value = shift = 0
    while True:
        byte = cursor.take(1)[0]
        value |= (byte & 0x7f) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1)
        shift += 7


AVRO_TYPES = {
    "null": lambda cursor: None,
    "boolean": lambda cursor: cursor.take(1) != b"\0",
    "int": avro_long,
    "long": avro_long,
    "float": lambda cursor: struct.unpack("<f", cursor.take(4))[0],
    "double": lambda cursor: struct.unpack("<d", cursor.take(8))[0],
    "bytes": lambda cursor: cursor.take(avro_long(cursor)),
    "string": lambda cursor: cursor.take(avro_long(cursor)).decode(),
}


def avro_reader(schema, named, space=""):
    """A function that reads one value from a cursor."""
    if isinstance(schema, list):
        branches = [avro_reader(branch, named, space) for branch in schema]
        return lambda cursor: branches[avro_long(cursor)](cursor)
    if isinstance(schema, str):
        if schema in AVRO_TYPES:
            return AVRO_TYPES[schema]
        # By name, perhaps inside its own definition: looked up when it is read.
        name = schema if "." in schema or not space else f"{space}.{schema}"
        return lambda cursor: named[name](cursor)
    kind = schema["type"]
    if kind == "record":
        space = schema.get("namespace", space)
        fields = [(field["name"], avro_reader(field["type"], named, space)) for field in schema["fields"]]

        def reader(cursor):
            return {name: read(cursor) for name, read in fields}
        name = schema["name"]
        named[name if "." in name or not space else f"{space}.{name}"] = reader
        return reader
    if kind == "array":
        items = avro_reader(schema["items"], named, space)
        return lambda cursor: avro_array(cursor, items)
    if kind in AVRO_TYPES or isinstance(kind, (dict, list)):
        return avro_reader(kind, named, space)
    raise Unreadable(f"an Avro schema has the type {kind!r}, which is not known here")


def avro_array(cursor, items):
    found = []
    while count := avro_long(cursor):
        if count < 0:
            avro_long(cursor)
        found += [items(cursor) for _ in range(abs(count))]
    return found


# ---- Envelopes -------------------------------------------------------------------------------------------------------


def event_of(record, table, decode, flat):
    """The change that a record tells of."""
    if record.key is None:
        raise Unreadable(f"{table}: record {record.partition}/{record.offset} has no key")
    key = decode(record.key)
    if record.value is None:
        return Event(table, record.partition, record.timestamp, key, "t", None, None, None)
    value = decode(record.value)
    try:
        return (flat_event if flat else enveloped_event)(record, table, key, value)
    except KeyError as lacking:
        raise Unreadable(f"{table}: record {record.partition}/{record.offset} has no field {lacking}") from None


def enveloped_event(record, table, key, value):
    source, op = value["source"], value["op"]
    if source["table"] != table:
        raise Unreadable(f"{table}: record {record.partition}/{record.offset} is a change of {source['table']}")
    if (source["snapshot"] == "false") != (op != "r"):
        raise Unreadable(f"{table}: record {record.partition}/{record.offset} is {op}, and its snapshot {source['snapshot']}")
    transaction = None
    if op != "r":
        transaction = source["txId"]
        # Its other half is the position of this very event.
        named = re.fullmatch(r"(\d+):\d+", value["transaction"]["id"])
        if named is None or int(named[1]) != transaction:
            raise Unreadable(f"{table}: record {record.partition}/{record.offset} belongs to {value['transaction']['id']} and "
                             f"to transaction {transaction}")
    return Event(table, record.partition, record.timestamp, key, op, value["before"], value["after"], transaction)


def flat_event(record, table, key, value):
    op = value["__op"]
    row = {name: cell for name, cell in value.items() if not name.startswith("__")}
    return Event(table, record.partition, record.timestamp, key, op, None, None if op == "d" else row,
                 None if op == "r" else value["__txId"])
