"""Lands the change events of a shop as Delta or Iceberg tables.

bazaard-lander run             lands, until it is stopped
bazaard-lander rows TABLE      prints the rows of a table with the offsets that they stand at
bazaard-lander barrier         returns when all that PostgreSQL has committed by now is in the lake
"""

import argparse
import fcntl
import json
import logging
import os
import re
import signal
import sys
import threading
import time
from typing import Any, NoReturn

import psycopg
from confluent_kafka import KafkaException
from deltalake.exceptions import DeltaError
from pyiceberg.catalog.sql import SqlCatalog
from sqlalchemy.exc import OperationalError

from .columns import Column, Unreadable, of_catalogue
from .events import Decoder, fetch_from
from .iceberg import Iceberg
from .kafka import KafkaSource
from .lander import Lander
from .observe import Metrics
from .reading import NotReached, barrier, write_rows
from .tables import Delta, SecondWriter, Table

log = logging.getLogger("lander")
TRANSIENT = (KafkaException, DeltaError, OSError, psycopg.OperationalError, OperationalError)
NOT_LANDED = "heartbeat|debezium_signal"
TRIES = 10
DISCOVER_EVERY = 10.0  # seconds


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(64, f"bazaard-lander: {message}\n")


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = Parser(prog="bazaard-lander", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)

    def add(name: str, text: str, default: Any = None, **more: Any) -> None:
        """Each flag is a variable, too: --topic-prefix is BAZAARD_TOPIC_PREFIX."""
        parser.add_argument(name, help=text, default=os.environ.get("BAZAARD_" + name[2:].upper().replace("-", "_"), default), **more)

    parser.add_argument("command", choices=("run", "rows", "barrier"))
    parser.add_argument("table_name", nargs="?", metavar="TABLE", help="for rows")
    add("--bootstrap-servers", "of Kafka", "localhost:9092")
    add("--topic-prefix", "first part of the topics' names", "ecomm")
    add("--db-schema", "the shop's schema", "demo")
    parser.add_argument("--table", action="append", default=[], help="land only this one; again for more (all but heartbeat and signals)")
    add("--warehouse", "where the tables are: a directory or a URL", "lake")
    add("--lake-format", "delta or iceberg", "delta", choices=("delta", "iceberg"))
    add("--catalog-url", "Iceberg's catalogue: a PostgreSQL or sqlite:/// URL")
    add("--source-url", "the shop's database, for the exact types", os.environ.get("BAZAARD_DB_URL"))
    add("--registry-url", "the schema registry, for Avro")
    add("--decimal-handling-mode", "of the connector, where messages have no schema", "string", choices=("string", "double", "precise"))
    parser.add_argument("--log", action="store_true", help="also keep a change log, TABLE_log; for rows: print that")
    parser.add_argument("--partition", action="append", type=int, default=[], help="land only this one; again for more")
    add("--interval", "seconds from commit to commit", 1.0, type=float)
    add("--maintain-every", "seconds from one compaction to the next", 60.0, type=float)
    parser.add_argument("--once", action="store_true", help="end when all that is there has landed")
    add("--lander-listen", "[HOST:]PORT of /metrics, /livez and /readyz")
    parser.add_argument("--kafka-conf", action="append", default=[], metavar="NAME=VALUE", help="of librdkafka")
    parser.add_argument("--storage-option", action="append", default=[], metavar="NAME=VALUE", help="of the object store")
    add("--slot-name", "the connector's, for barrier")
    add("--timeout", "seconds, for barrier", 60.0, type=float)
    add("--rows-format", "copy or arrow", "copy", choices=("copy", "arrow"))
    given = parser.parse_args(words)
    problems = [f"no NAME=VALUE: {one}" for one in given.kafka_conf + given.storage_option if "=" not in one]
    problems += ["rows needs a TABLE"] if given.command == "rows" and not given.table_name else []
    problems += ["--lake-format iceberg needs --catalog-url"] if given.lake_format == "iceberg" and not given.catalog_url else []
    problems += ["barrier needs --source-url"] if given.command == "barrier" and not given.source_url else []
    if problems:
        parser.error("; ".join(problems))
    return given


def pairs(words: list[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words)


class Lake:
    """What the flags say: where the topics are, and the tables."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.prefix = f"{given.topic_prefix}.{given.db_schema}."
        if password := os.environ.get("BAZAARD_DB_PASSWORD_FILE"):
            with open(password) as file:
                os.environ.setdefault("PGPASSWORD", file.readline().rstrip("\n"))
        self.claimed: dict[str, list[int]] = {}
        self.catalogue: SqlCatalog | None = None
        if given.lake_format == "iceberg":
            warehouse = given.warehouse if "://" in given.warehouse else f"file://{os.path.abspath(given.warehouse)}"
            uri = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", given.catalog_url)
            self.catalogue = SqlCatalog("lake", uri=uri, warehouse=warehouse, **pairs(given.storage_option))

    def name_of(self, topic: str) -> str:
        return topic.removeprefix(self.prefix)

    def table(self, topic: str, log: bool) -> Table:
        name = self.name_of(topic) + ("_log" if log else "")
        if self.catalogue is not None:
            return Iceberg(self.catalogue, (self.given.db_schema, name), topic, log)
        return Delta(f"{self.given.warehouse}/{self.given.db_schema}/{name}", topic, log, pairs(self.given.storage_option))

    def tables(self, topic: str) -> list[Table]:
        self.claim(topic)
        return [self.table(topic, log) for log in ((False, True) if self.given.log else (False,))]

    def claim(self, topic: str) -> None:
        """In a directory, a second lander is refused before it has done anything; elsewhere by its first commit."""
        if "://" in self.given.warehouse or topic in self.claimed:
            return
        self.claimed[topic] = []
        os.makedirs(f"{self.given.warehouse}/.landers", exist_ok=True)
        for partition in self.given.partition or ["all"]:
            lock = os.open(f"{self.given.warehouse}/.landers/{topic}.{partition}", os.O_RDWR | os.O_CREAT, 0o600)
            self.claimed[topic].append(lock)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SecondWriter(f"another lander writes {topic} into {self.given.warehouse}") from None

    def release(self) -> None:
        while self.claimed:
            for lock in self.claimed.popitem()[1]:
                os.close(lock)

    def kafka(self) -> KafkaSource:
        names = "|".join(re.escape(name) for name in self.given.table) or rf"(?!(?:{NOT_LANDED})$)[^.]+"
        settings = {"bootstrap.servers": self.given.bootstrap_servers, **pairs(self.given.kafka_conf)}
        return KafkaSource(settings, re.escape(self.prefix) + f"(?:{names})", set(self.given.partition))

    def columns(self, table: str) -> tuple[list[Column], tuple[str, ...]]:
        if not self.given.source_url:
            return [], ()
        with psycopg.connect(self.given.source_url, connect_timeout=10) as source:
            return of_catalogue(source, self.given.db_schema, table, self.given.decimal_handling_mode)

    def lander(self, source: KafkaSource, metrics: Metrics) -> Lander:
        fetch = fetch_from(self.given.registry_url) if self.given.registry_url else None
        return Lander(
            source, self.tables, Decoder(fetch), self.columns, metrics, self.name_of, maintain_every=self.given.maintain_every
        )

    def run(self) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        metrics = Metrics()
        if self.given.lander_listen:
            host, _, port = self.given.lander_listen.rpartition(":")
            metrics.serve(host or "127.0.0.1", int(port))
        try:
            self.until(stop, metrics)
        finally:
            self.release()

    def until(self, stop: threading.Event, metrics: Metrics) -> None:
        tries = 0
        while not stop.is_set():
            source = self.kafka()
            try:
                lander, looked = self.lander(source, metrics), -DISCOVER_EVERY
                while not stop.is_set():
                    if time.monotonic() - looked > DISCOVER_EVERY:
                        lander.discover()
                        looked = time.monotonic()
                    if lander.turn(self.given.interval):
                        tries = 0
                    elif self.given.once and lander.is_at_end():
                        return
            except TRANSIENT as error:
                # The tables say where to go on.
                tries += 1
                if tries == TRIES:
                    raise
                metrics.restarts.inc()
                log.warning("begins again after: %s", error)
                stop.wait(min(2.0**tries / 4, 10))
            finally:
                source.close()

    def rows(self) -> None:
        table = self.table(self.prefix + self.given.table_name, self.given.log)
        if not table.types():
            raise NotReached(f"no table {self.given.table_name} in {self.given.warehouse}")
        write_rows(table, self.given.rows_format, sys.stdout.buffer)

    def barrier(self) -> None:
        kafka, slot = self.kafka(), self.given.slot_name or f"bazaard_{self.given.db_schema}"
        tables = {topic: self.table(topic, False) for topic in kafka.partitions()}
        with psycopg.connect(self.given.source_url, connect_timeout=10) as source:
            print(json.dumps(barrier(source, slot, kafka, tables, self.given.timeout)))


def main(words: list[str] | None = None) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    given = arguments(words)
    try:
        getattr(Lake(given), given.command)()
        return 0
    except Unreadable as error:
        log.error("%s", error)
        return 65
    except (SecondWriter, NotReached, *TRANSIENT) as error:
        log.error("%s", error)
        return 75


if __name__ == "__main__":
    sys.exit(main())
