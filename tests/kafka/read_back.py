#!/usr/bin/env python3
"""Reads with stock clients what the probe (tests/kafka/probe.cpp) or a run has written: records by their deserializers, topics by a
consumer.

  read_back.py records avro|protobuf|json [REGISTRY_URL] < LINES   each value as it was, and that a changed one would be found
  read_back.py topics SERVERS UNITS [read_uncommitted]             each record of the units once, with its key, time and partition
  read_back.py run SERVERS PLAN SCHEMAS                            each row of the plan once, with its unit, place and key; PLAN is what
                                                                   `plan --format jsonl` prints, SCHEMAS `scenario show --schemas`
"""

import copy
import datetime
import decimal
import json
import math
import pathlib
import subprocess
import sys
import tempfile

TOPIC = "every.type"
TEXTS = {"id", "code_id", "title", "title_or", "id_or"}
NUMBERS = {"number_id", "count", "count_or", "flag", "flag_or"}
DECIMALS = {"price": 2, "price_or": 4}
FLOATS = {"ratio", "ratio_or"}
BYTES = {"blob", "blob_or"}
TIMES = {"at", "at_or"}
DAYS = {"day", "day_or"}
DOCUMENTS = {"document", "document_or"}
INNER = {"title", "title_or"}


# ---- Records

def avro_reader(schema, registry):
    if registry:
        from confluent_kafka.schema_registry.avro import AvroDeserializer
        return deserializer(AvroDeserializer(client(registry)))
    import io
    import fastavro
    parsed = fastavro.parse_schema(json.loads(schema))

    def read(record):
        stream = io.BytesIO(record)
        value = fastavro.schemaless_reader(stream, parsed)
        if stream.read(1):
            raise ValueError("bytes are left behind the record")
        return value
    return read


def message_type(schema, name):
    """The class of a message of this .proto."""
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    with tempfile.TemporaryDirectory() as place:
        path = pathlib.Path(place)
        (path / "shop.proto").write_text(schema, encoding="utf-8")
        subprocess.run(["protoc", f"--proto_path={path}", "--proto_path=/usr/include", "--include_imports",
                        f"--descriptor_set_out={path}/set", "shop.proto"], check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString((path / "set").read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name))


def protobuf_reader(schema, registry):
    kind = message_type(schema, "shop.test.EveryType")
    if registry:
        from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer
        parse = deserializer(ProtobufDeserializer(kind, {"use.deprecated.format": False}))
    else:
        parse = kind.FromString

    def read(record):
        message = parse(record)
        if not registry and message.SerializeToString(deterministic=True) != record:
            raise ValueError("the library writes other bytes")
        return fields_of(message)
    return read


def fields_of(message):
    made = {}
    for field in message.DESCRIPTOR.fields:
        # Without presence there is no absence.
        if field.has_presence and not message.HasField(field.name):
            made[field.name] = None
        elif field.message_type and field.message_type.full_name == "google.protobuf.Timestamp":
            stamp = getattr(message, field.name)
            made[field.name] = epoch() + datetime.timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)
        elif field.message_type:
            made[field.name] = fields_of(getattr(message, field.name))
        else:
            made[field.name] = getattr(message, field.name)
    return made


def json_reader(schema, registry):
    if registry:
        from confluent_kafka.schema_registry.json_schema import JSONDeserializer
        return deserializer(JSONDeserializer(schema))
    import jsonschema
    check = jsonschema.validators.validator_for(json.loads(schema))(json.loads(schema))

    def read(record):
        check.validate(json.loads(record))
        value = json.loads(record, parse_float=decimal.Decimal)
        plain = json.loads(record)
        return {**value, **{name: plain[name] for name in DOCUMENTS | FLOATS}}
    return read


def client(registry):
    from confluent_kafka.schema_registry import SchemaRegistryClient
    return SchemaRegistryClient({"url": registry})


def deserializer(by):
    from confluent_kafka.serialization import MessageField, SerializationContext
    return lambda record: by(record, SerializationContext(TOPIC, MessageField.VALUE))


def epoch():
    return datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def moment(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)


def wanted(name, value, form, registry):
    """The value as this format's reader gives it, from how the shop prints it."""
    if value is None:
        return None
    if name in DECIMALS:
        if form == "protobuf":
            return value
        exact = decimal.Decimal(value)
        return float(exact) if form == "json" and registry else exact
    if name in FLOATS:
        return float(value)
    if name in BYTES:
        import base64
        raw = bytes.fromhex(value)
        return base64.b64encode(raw).decode() if form == "json" else raw
    if name in TIMES:
        return value if form == "json" else moment(value)
    if name in DAYS:
        return datetime.date.fromisoformat(value) if form == "avro" else value
    return value


def got(name, value, form):
    if name in DOCUMENTS and form != "json" and value is not None:
        return json.loads(value)
    return value


def differences(row, record, form, registry):
    flat = dict(record)
    inner = flat.pop("inner")
    if set(inner) != INNER:
        return [f"inner has {sorted(inner)}"]
    flat.update(inner)
    found = [f"fields {sorted(set(flat) ^ set(row))}"] if set(flat) != set(row) else []
    for name, value in row.items():
        want, have = wanted(name, value, form, registry), got(name, flat.get(name), form)
        same = want == have and type(want) is type(have)
        if isinstance(want, decimal.Decimal) and isinstance(have, (int, decimal.Decimal)):
            same = want == have
        if isinstance(want, float) and isinstance(have, (int, float)):
            same = math.isclose(want, float(have), rel_tol=1e-15, abs_tol=0) or want == have
        if not same:
            found.append(f"{name}: {have!r} instead of {want!r}")
    return found


def changed(value):
    """Another value of the same kind."""
    if value is None:
        return "1"
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1 if abs(value) < 1e15 else -value
    if isinstance(value, str):
        for old, new in (("0", "1"), ("1", "2"), ("2", "3"), ("S", "T"), ("5", "6")):
            if old in value:
                return value[:-1] + new if value.endswith(old) else value.replace(old, new, 1)
        return value + "0"
    return [value]


def read_records(form, registry):
    lines = sys.stdin.read().split("\n")
    schema = bytes.fromhex(lines[0]).decode()
    read = {"avro": avro_reader, "protobuf": protobuf_reader, "json": json_reader}[form](schema, registry)
    count = 0
    for line in filter(None, lines[1:]):
        said, key, record = (bytes.fromhex(word) for word in line.split(" "))
        row = json.loads(said)["row"]
        if key.decode() != row["id"]:
            sys.exit(f"the key is {key!r} instead of {row['id']}")
        value = read(record)
        found = differences(row, value, form, registry)
        if found:
            sys.exit(f"{form}, row {count}: {'; '.join(found)}")
        # Negative control: a changed value of each field would be found.
        for name in row:
            other = copy.deepcopy(row)
            other[name] = "7.5" if name in DECIMALS else None if name in TIMES | DAYS | BYTES and row[name] else changed(row[name])
            try:
                seen = differences(other, value, form, registry)
            except ValueError:
                continue
            if not seen:
                sys.exit(f"{form}: a change of {name} from {row[name]!r} to {other[name]!r} is not seen")
        count += 1
    if count != 5:
        sys.exit(f"{count} records instead of 5")
    print(f"{form}{', with a registry' if registry else ''}: {count} records read")


# ---- Topics

def murmur2(key):
    """The hash that Java's producers choose partitions by."""
    mask, m = 0xffffffff, 0x5bd1e995
    h = (0x9747b28c ^ len(key)) & mask
    whole = len(key) // 4 * 4
    for i in range(0, whole, 4):
        k = int.from_bytes(key[i:i + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    rest = key[whole:]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return (h ^ h >> 15) & mask


def messages(servers, isolation, topics=("probe.a", "probe.b")):
    from confluent_kafka import Consumer, KafkaError, TopicPartition
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "read-back", "enable.auto.commit": False,
                         "enable.partition.eof": True, "isolation.level": isolation, "auto.offset.reset": "earliest"})
    known = consumer.list_topics(timeout=30).topics
    partitions = {name: len(known[name].partitions) for name in topics}
    consumer.assign([TopicPartition(name, i, 0) for name, count in partitions.items() for i in range(count)])
    left = sum(partitions.values())
    while left:
        message = consumer.poll(60)
        if message is None:
            sys.exit("the consumer waits for a minute")
        if message.error():
            if message.error().code() != KafkaError._PARTITION_EOF:
                sys.exit(str(message.error()))
            left -= 1
            continue
        yield message, partitions[message.topic()]
    consumer.close()


def read_topics(servers, units, isolation="read_committed"):
    seen, wrong, doubled, total = set(), [], 0, 0
    for message, partitions in messages(servers, isolation):
        total += 1
        header = dict(message.headers() or [])["bazaard"]
        tag, unit, index, count = (int.from_bytes(header[a:b], "big") for a, b in ((0, 4), (4, 12), (12, 14), (14, 16)))
        number = unit * 10 + index
        body = {"id": number, "body": f"record {index} of unit {unit} {'.' * 60}"}
        if (tag, count) != (77, unit % 10 + 1) or message.key() != str(number).encode() or json.loads(message.value()) != body:
            wrong.append(f"unit {unit}, record {index} of {count}: {message.key()} {message.value()[:60]}")
        if message.timestamp()[1] != 1_700_000_000_000 + unit or message.topic() != ("probe.a", "probe.b")[(unit + index) % 2]:
            wrong.append(f"unit {unit}, record {index}: time {message.timestamp()}, topic {message.topic()}")
        if message.partition() != (murmur2(message.key()) & 0x7fffffff) % partitions:
            wrong.append(f"unit {unit}, record {index}: partition {message.partition()}")
        doubled += (unit, index) in seen
        seen.add((unit, index))
    planned = {(unit, index) for unit in range(units) for index in range(unit % 10 + 1)}
    lost, foreign = planned - seen, seen - planned
    print(f"{isolation}: {total} records, {len(lost)} lost, {doubled} doubled, {len(foreign)} beyond, {len(wrong)} wrong", flush=True)
    for line in [*wrong[:5], *(f"lost: unit {u}, record {i}" for u, i in sorted(lost)[:5])]:
        print(line)
    return not (lost or doubled or foreign or wrong)


# ---- A run

def readers(text):
    """What reads the values of each topic, by the schemas that the program prints."""
    made = {}
    for part in text.split("-- topic ")[1:]:
        head, schema = part.split("\n", 1)
        topic, form = head.split(", ")[:2]
        if form == "JSON":
            made[topic] = lambda value: json.loads(value, parse_float=decimal.Decimal)
        elif form == "Avro":
            made[topic] = avro_reader(schema, None)
        else:
            package = schema.split("\npackage ", 1)[1].split(";", 1)[0] + "." if "\npackage " in schema else ""
            kind = message_type(schema, package + schema.split("\nmessage ", 1)[1].split(" ", 1)[0])
            made[topic] = lambda value, kind=kind: fields_of(kind.FromString(value))
    return made


def flat(record):
    made = {}
    for name, value in record.items():
        made.update(flat(value) if isinstance(value, dict) else {name: value})
    return made


def same_value(planned, found):
    if isinstance(found, float):
        return float(planned) == found
    if isinstance(found, (int, decimal.Decimal)) and not isinstance(found, bool):
        return decimal.Decimal(planned) == found
    return planned == found


def read_run(servers, plan, schemas):
    planned = {}
    for line in pathlib.Path(plan).read_text(encoding="utf-8").splitlines():
        unit = json.loads(line)
        for index, change in enumerate(unit["changes"]):
            planned[unit["unit"], index] = (len(unit["changes"]), change["table"], change["after"])
    read = readers(pathlib.Path(schemas).read_text(encoding="utf-8"))
    seen, wrong, doubled, beyond = set(), [], 0, 0
    for message, _ in messages(servers, "read_committed", read):
        header = dict(message.headers() or []).get("bazaard", b"")
        place = (int.from_bytes(header[4:12], "big"), int.from_bytes(header[12:14], "big"))
        if place not in planned:
            beyond += 1
            continue
        doubled += place in seen
        seen.add(place)
        count, table, row = planned[place]
        record = flat(read[message.topic()](message.value()))
        key = next(iter(row.values()))
        if count != int.from_bytes(header[14:16], "big") or table != message.topic() or str(key).encode() != message.key():
            wrong.append(f"unit {place[0]}, record {place[1]}: topic {message.topic()}, key {message.key()}")
        wrong += [f"unit {place[0]}, record {place[1]}: {name} is {record.get(name)!r} instead of {value!r}"
                  for name, value in row.items() if not same_value(value, record.get(name))]
    lost = set(planned) - seen
    print(f"{len(planned)} planned, {len(lost)} lost, {doubled} doubled, {beyond} beyond, {len(wrong)} wrong", flush=True)
    for line in [*wrong[:5], *(f"lost: unit {u}, record {i}" for u, i in sorted(lost)[:5])]:
        print(line)
    return not (lost or doubled or beyond or wrong)


def main():
    if sys.argv[1] == "records":
        read_records(sys.argv[2], *(sys.argv[3:] or [None]))
    elif sys.argv[1] == "run":
        sys.exit(0 if read_run(*sys.argv[2:5]) else 1)
    else:
        sys.exit(0 if read_topics(sys.argv[2], int(sys.argv[3]), *sys.argv[4:]) else 1)


main()
