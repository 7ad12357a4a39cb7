"""What others get to see: the rows of a table as text and as Arrow, metrics, health; and what the program says to wrong flags."""

import io
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from bazaard_lander import observe
from bazaard_lander.__main__ import arguments, main
from bazaard_lander.columns import Unreadable
from bazaard_lander.kafka import KafkaSource
from bazaard_lander.observe import Metrics
from bazaard_lander.reading import NotReached, barrier, copy_lines, write_rows
from kit import FORMATS, Lake, Shop, Topics, order

SOURCES = Path(__file__).parent.parent / "src/bazaard_lander"


@pytest.mark.parametrize("form", FORMATS)
def test_rows_with_their_offsets(form: str, tmp_path: Path) -> None:
    topics = Topics()
    shop, lake = Shop(topics), Lake(form, tmp_path, topics)
    shop.put(**order(1, "a\ttab, a \\ and a\nline"))
    shop.put(**order(2) | {"status": None})
    lake.land()
    out = io.BytesIO()
    write_rows(lake.table(shop.topic), "copy", out)
    head, *lines = out.getvalue().decode().splitlines()
    assert json.loads(head)["offsets"] == {"0": 2}
    assert json.loads(head)["columns"]["price"] == "decimal128(12, 2)" and "_lsn" not in json.loads(head)["columns"]
    assert sorted(lines) == [
        "00000001\ta\\ttab, a \\\\ and a\\nline\t12.50\t2026-11-21 20:15:32.100000Z",
        "00000002\t\\N\t12.50\t2026-11-21 20:15:32.100000Z",
    ]
    out = io.BytesIO()
    write_rows(lake.table(shop.topic), "arrow", out)
    stream = pa.ipc.open_stream(out.getvalue())
    assert json.loads(stream.schema.metadata[b"lander"])["offsets"] == {"0": 2} and stream.read_all().num_rows == 2
    out = io.BytesIO()
    write_rows(lake.table(shop.topic, log=True), "copy", out)
    assert [line.split("\t")[0] for line in out.getvalue().decode().splitlines()[1:]] == ["c", "c"]


def test_copy_of_all_types() -> None:
    rows = {"b": [True, None], "x": [b"\x01\xff", None], "l": [["a", None, 'q"'], None], "f": [0.1, None], "n": [-5, None]}
    batch = pa.RecordBatch.from_pydict(rows, schema=pa.schema([("b", pa.bool_()), ("x", pa.binary()), ("l", pa.list_(pa.string())), ("f", pa.float64()), ("n", pa.int64())]))
    lines = b"".join(copy_lines(iter([batch]))).decode().splitlines()
    assert lines == ['t\t\\\\x01ff\t{"a",NULL,"q\\\\""}\t0.1\t-5', "\\N\t\\N\t\\N\t\\N\t\\N"]


class Server:
    """A database whose slot confirms when it is asked for the third time."""

    def __init__(self, after: int) -> None:
        self.after, self.autocommit = after, False

    def execute(self, query: str, *_: Any) -> Any:
        self.after -= "slot" in query
        answer = [("0/16B3748",)] if "current" in query else [(self.after <= 0,)]
        return type("Answer", (), {"fetchall": lambda _: answer})()


class Ends(KafkaSource):
    def __init__(self, topics: Topics) -> None:
        self.found = topics

    def ends(self) -> dict[str, dict[int, int]]:
        return {topic: {at: len(log) for at, log in enumerate(logs)} for topic, logs in self.found.logs.items()}


def test_the_barrier_waits_for_slot_and_lake(tmp_path: Path) -> None:
    topics = Topics()
    shop, lake = Shop(topics), Lake("delta", tmp_path, topics)
    shop.put(**order(1))
    server: Any = Server(3)
    with pytest.raises(NotReached, match="ecomm.demo.orders"):
        barrier(server, "slot", Ends(topics), {shop.topic: lake.table(shop.topic)}, 0.5)
    lake.land()
    assert server.after <= 0
    reached = barrier(server, "slot", Ends(topics), {shop.topic: lake.table(shop.topic)}, 5)
    assert reached == {"lsn": "0/16B3748", "offsets": {shop.topic: {0: 1}}}
    stuck: Any = Server(10**9)
    with pytest.raises(NotReached, match="slot slot confirms 0/16B3748"):
        barrier(stuck, "slot", Ends(topics), {}, 0.3)


def test_types_are_not_guessed(tmp_path: Path) -> None:
    topics = Topics()
    shop, lake = Shop(topics), Lake("delta", tmp_path, topics)
    shop.put(**order(1))
    with pytest.raises(Unreadable, match="nothing says the types of .*price.*--source-url"):
        lake.lander(catalogue=lambda table: ([], ())).turn(0)
    lake.land()
    lake.columns["price"] = "text"
    shop.put(**order(2))
    with pytest.raises(Unreadable, match=r"column price is decimal128\(12, 2\) in the lake, and now string"):
        lake.lander().turn(0)


def test_metrics_and_health(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = Metrics()
    port = metrics.serve("127.0.0.1", 0)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(path: str) -> tuple[int, str]:
        try:
            with opener.open(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""

    assert get("/readyz")[0] == 503 and get("/livez")[0] == 200 and get("/other")[0] == 404
    metrics.turns()
    metrics.landed("orders", [], {0: 17})
    assert get("/readyz")[0] == 200
    assert 'bazaard_lander_offset{partition="0",table="orders"} 17.0' in get("/metrics")[1]
    monkeypatch.setattr(observe, "STALLED_AFTER", 0.0)
    assert get("/readyz")[0] == 503


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dance"], "invalid choice"),
        (["rows"], "rows needs a TABLE"),
        (["run", "--lake-format", "iceberg", "--kafka-conf", "x"], "no NAME=VALUE: x; --lake-format iceberg needs --catalog-url"),
        (["barrier"], "barrier needs --source-url"),
    ],
)
def test_wrong_flags_are_named(words: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BAZAARD_DB_URL", raising=False)
    with pytest.raises(SystemExit) as ended:
        arguments(words)
    assert ended.value.code == 64 and said in capsys.readouterr().err


def test_a_table_that_is_not_there(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert main(["rows", "orders", "--warehouse", str(tmp_path)]) == 75
    assert "no table orders" in caplog.text


def test_no_file_is_too_long() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in SOURCES.glob("*.py")}
    assert len(lengths) >= 9 and max(lengths.values()) <= 300
