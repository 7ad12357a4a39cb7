"""Metrics for Prometheus, and health."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, make_wsgi_app

from .events import Event

STALLED_AFTER = 60.0


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.events = self.make(Counter, "events", "Changes that were landed.", "table", "op")
        self.skipped = self.make(Counter, "skipped", "Changes that the connector has repeated.", "table")
        self.restarts = self.make(Counter, "restarts", "Times that it began again after an error.")
        self.offset = self.make(Gauge, "offset", "The next offset to be landed.", "table", "partition")
        self.files = self.make(Gauge, "files", "Data files after the last maintenance.", "table")
        self.turn = self.make(Gauge, "last_turn_timestamp_seconds", "When it last had read all that was there, or a batch.")
        self.seconds = self.make(Histogram, "commit_seconds", "Duration of a commit.", "table")
        buckets = (0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 30, 60, 300)
        self.delay = self.make(Histogram, "delay_seconds", "From the commit of the oldest change in PostgreSQL to the lake's.", "table", buckets=buckets)

    def make(self, kind: Any, name: str, text: str, *labels: str, **more: Any) -> Any:
        return kind(f"bazaard_lander_{name}", text, labels, registry=self.registry, **more)

    def landed(self, table: str, events: Iterable[Event], offsets: dict[int, int]) -> None:
        oldest = None
        for event in events:
            self.events.labels(table, event.op).inc()
            if event.committed is not None and event.op != "r":
                oldest = min(oldest or event.committed, event.committed)
        if oldest is not None:
            self.delay.labels(table).observe(max(0.0, time.time() - oldest / 1e6))
        for partition, offset in offsets.items():
            self.offset.labels(table, partition).set(offset)

    def turns(self) -> None:
        self.turn.set_to_current_time()

    def ready(self) -> bool:
        return bool(time.time() - self.turn._value.get() < STALLED_AFTER)

    def serve(self, host: str, port: int) -> int:
        """GET /metrics; /livez, /healthz; /readyz: whether it has landed something, or seen that nothing came. Returns the port."""
        metrics = make_wsgi_app(self.registry)

        def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
            path = environ["PATH_INFO"]
            if path == "/metrics":
                return metrics(environ, start)
            found = path in ("/livez", "/healthz", "/readyz")
            ready = path != "/readyz" or self.ready()
            start("404 Not Found" if not found else "200 OK" if ready else "503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b"ok\n" if found and ready else b"no\n"]

        class Quiet(WSGIRequestHandler):
            def log_message(self, format: str, *args: Any) -> None:
                pass

        server = make_server(host, port, answer, handler_class=Quiet)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_port
