"""Reads topics from Kafka, from where the tables stand: Kafka keeps no offsets for it."""

import re
import time

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

from .columns import Unreadable
from .events import End, Record

BATCH_MOST = 50_000


class KafkaSource:
    def __init__(self, settings: dict[str, str], topics: str, only: set[int]) -> None:
        fixed = {
            "group.id": "bazaard-lander", "enable.auto.commit": False, "enable.auto.offset.store": False, "enable.partition.eof": True,
            "isolation.level": "read_committed", "auto.offset.reset": "error", "fetch.wait.max.ms": 100,
        }  # fmt: skip
        self.consumer = Consumer({**fixed, **settings})
        self.topics, self.only = re.compile(topics), only

    def partitions(self) -> dict[str, list[int]]:
        found = self.consumer.list_topics(timeout=10).topics
        return {
            name: sorted(one for one in topic.partitions if not self.only or one in self.only)
            for name, topic in found.items()
            if topic.error is None and self.topics.fullmatch(name)
        }

    def assign(self, starts: dict[tuple[str, int], int | None]) -> None:
        at = [TopicPartition(t, p, OFFSET_BEGINNING if start is None else start) for (t, p), start in starts.items()]
        self.consumer.assign(at)

    def poll(self, seconds: float) -> list[Record | End]:
        found: list[Record | End] = []
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and len(found) < BATCH_MOST:
            for message in self.consumer.consume(5_000, min(left, 0.1)):
                topic, partition, offset = message.topic() or "", message.partition() or 0, message.offset() or 0
                error = message.error()
                if error is None:
                    found.append(Record(topic, partition, offset, message.key(), message.value()))
                elif error.code() == KafkaError._PARTITION_EOF:
                    found.append(End(topic, partition, offset))
                elif error.code() == KafkaError._AUTO_OFFSET_RESET:
                    raise Unreadable(f"{topic}, partition {partition}: offset {offset} is gone; changes are lost: {error.str()}")
                else:
                    raise KafkaException(error)
        return found

    def close(self) -> None:
        self.consumer.close()

    def ends(self) -> dict[str, dict[int, int]]:
        """The end of each partition, as a reader of committed messages sees it."""
        return {
            topic: {p: self.consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=10)[1] for p in partitions}
            for topic, partitions in self.partitions().items()
        }
