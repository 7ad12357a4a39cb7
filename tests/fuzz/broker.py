"""A Kafka of librdkafka's own, in this process, for topics of some hundred messages each."""

import ctypes
import ctypes.util

COPY = 2  # RD_KAFKA_MSG_F_COPY


class Broker:
    def __init__(self):
        name = ctypes.util.find_library("rdkafka") or "librdkafka.so.1"
        lib = self.lib = ctypes.CDLL(name)
        text, pointer, number, size = ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t
        for function, result, takes in (
            ("rd_kafka_conf_new", pointer, []),
            ("rd_kafka_conf_set", number, [pointer, text, text, text, size]),
            ("rd_kafka_new", pointer, [number, pointer, text, size]),
            ("rd_kafka_mock_cluster_new", pointer, [pointer, number]),
            ("rd_kafka_mock_cluster_bootstraps", text, [pointer]),
            ("rd_kafka_mock_cluster_destroy", None, [pointer]),
            ("rd_kafka_mock_topic_create", number, [pointer, text, number, number]),
            ("rd_kafka_topic_new", pointer, [pointer, text, pointer]),
            ("rd_kafka_topic_destroy", None, [pointer]),
            ("rd_kafka_produce", number, [pointer, ctypes.c_int32, number, pointer, size, pointer, size, pointer]),
            ("rd_kafka_poll", number, [pointer, number]),
            ("rd_kafka_flush", number, [pointer, number]),
            ("rd_kafka_outq_len", number, [pointer]),
            ("rd_kafka_destroy", None, [pointer]),
        ):
            made = getattr(lib, function)
            made.restype, made.argtypes = result, takes
        self.owner = self.handle({})
        self.cluster = lib.rd_kafka_mock_cluster_new(self.owner, 1)
        if not self.cluster:
            raise RuntimeError("librdkafka has no mock cluster")
        self.servers = lib.rd_kafka_mock_cluster_bootstraps(self.cluster).decode()
        self.producer = self.handle({"bootstrap.servers": self.servers, "linger.ms": "1", "enable.idempotence": "false"})

    def handle(self, settings):
        problem = ctypes.create_string_buffer(512)
        conf = self.lib.rd_kafka_conf_new()
        for name, value in settings.items():
            if self.lib.rd_kafka_conf_set(conf, name.encode(), value.encode(), problem, 512) != 0:
                raise RuntimeError(problem.value.decode())
        made = self.lib.rd_kafka_new(0, conf, problem, 512)
        if not made:
            raise RuntimeError(problem.value.decode())
        return made

    def fill(self, topics):
        """Makes topics of one partition each; of each the messages as pairs of key and value, in bytes or None."""
        lib = self.lib
        for name, messages in topics.items():
            lib.rd_kafka_mock_topic_create(self.cluster, name.encode(), 1, 1)
            topic = lib.rd_kafka_topic_new(self.producer, name.encode(), None)
            for key, value in messages:
                if lib.rd_kafka_produce(topic, 0, COPY, value, len(value or b""), key, len(key or b""), None) != 0:
                    raise RuntimeError(f"a message for {name} is not taken")
            lib.rd_kafka_topic_destroy(topic)
        if lib.rd_kafka_flush(self.producer, 20_000) != 0 or lib.rd_kafka_outq_len(self.producer) != 0:
            raise RuntimeError("the broker does not take the messages")

    def stop(self):
        self.lib.rd_kafka_destroy(self.producer)
        self.lib.rd_kafka_mock_cluster_destroy(self.cluster)
        self.lib.rd_kafka_destroy(self.owner)
