"""Each trap that lake.md's trial ran into, or that was found since. The name of a test says what must hold."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from bazaard_lander import changes
from bazaard_lander.changes import state_change
from bazaard_lander.columns import of_sql
from bazaard_lander.tables import Delta, SecondWriter
from deltalake import DeltaTable, Schema
from kit import FORMATS, Lake, Shop, Topics, expected, order

both = pytest.mark.parametrize("form", FORMATS)


def one_shop(form: str, place: Path, log: bool = False) -> tuple[Topics, Shop, Lake]:
    topics = Topics()
    shop, lake = Shop(topics), Lake(form, place, topics)
    lake.log = log
    return topics, shop, lake


@both
def test_a_row_of_an_incremental_snapshot_has_no_position_and_takes_nothing_away(form: str, tmp_path: Path) -> None:
    _, shop, lake = one_shop(form, tmp_path)
    shop.put(**order(1))
    lake.land()
    shop.snapshot(incremental=True)
    shop.change("00000001", status="Shipped")
    lake.land()
    assert lake.state(shop) == expected(shop)
    shop.change("00000001", status="Delivered")
    shop.snapshot(incremental=True)
    lake.land()
    assert lake.state(shop) == expected(shop)


def test_a_guard_that_trusts_positions_of_snapshots_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the one above."""
    monkeypatch.setattr(changes, "is_stale", lambda old, new: (new.lsn or 0) < (old.lsn or 0))
    _, shop, lake = one_shop("delta", tmp_path)
    shop.put(**order(1))
    shop.change("00000001", status="Shipped")
    shop.rows["00000001",]["status"] = "Returned"  # by a change that the connector has not sent
    shop.snapshot(incremental=True)
    lake.land()
    assert lake.state(shop) != expected(shop)


def test_a_change_in_flight_at_the_snapshot_has_an_older_position_and_counts(tmp_path: Path) -> None:
    """Written before the snapshot's position, committed after it: the snapshot does not have it, the stream has."""
    _, shop, lake = one_shop("delta", tmp_path)
    shop.rows["00000001",] = order(1)
    began = shop.move()
    shop.move()
    shop.snapshot()
    shop.rows["00000001",]["status"] = "Shipped"
    shop.tell("u", shop.rows["00000001",], dict(shop.rows["00000001",]), began)
    lake.land()
    assert lake.state(shop) == expected(shop)


@both
def test_tombstones_and_marks_of_transactions_move_the_offsets(form: str, tmp_path: Path) -> None:
    topics, shop, lake = one_shop(form, tmp_path, log=True)
    shop.put(**order(1))
    lake.land()
    topics.send(shop.topic, {"id": "00000009"}, None)
    lake.land()
    topics.control(shop.topic)
    lake.land()
    assert [lake.table(shop.topic, log).position(0) for log in (False, True)] == [3, 3]
    assert lake.state(shop) == expected(shop)


@both
def test_a_delete_that_compaction_has_left_only_the_tombstone_of(form: str, tmp_path: Path) -> None:
    topics, shop, lake = one_shop(form, tmp_path)
    shop.put(**order(1))
    lake.land()
    shop.delete("00000001")
    topics.logs[shop.topic][0].pop(-2)
    lake.land()
    assert lake.state(shop) == {}


@both
def test_rows_older_than_a_column_have_its_default(form: str, tmp_path: Path) -> None:
    _, shop, lake = one_shop(form, tmp_path)
    shop.put(**order(1))
    lake.land()
    lake.columns["gift"], lake.missing["gift"] = "numeric(5,2)", "1.50"
    shop.rows["00000001",]["gift"] = "1.50"
    shop.put(**order(2), gift=None)
    lake.land()
    assert lake.state(shop) == expected(shop, lake.columns)
    assert str(lake.table(shop.topic).types()["gift"]) == "decimal128(5, 2)"


def test_a_default_is_filled_in_although_the_lander_was_broken_off_behind_the_new_column(tmp_path: Path) -> None:
    _, shop, lake = one_shop("delta", tmp_path)
    shop.put(**order(1))
    lake.land()
    field = pa.field("gift", pa.int32(), metadata={"missing": "7"})
    DeltaTable(str(tmp_path / "orders")).alter.add_columns(Schema.from_arrow(pa.schema([field])).fields)
    shop.rows["00000001",]["gift"] = 7
    lake.columns["gift"] = "integer"
    assert lake.state(shop) == expected(shop, lake.columns)
    shop.change("00000001", gift=None)
    lake.land()
    assert lake.state(shop) == expected(shop, lake.columns)


@both
def test_what_a_connector_repeats_changes_nothing_and_is_logged_once(form: str, tmp_path: Path) -> None:
    _, shop, lake = one_shop(form, tmp_path, log=True)
    shop.put(**order(1))
    shop.put(**order(2))
    shop.change("00000001", status="Shipped")
    lake.land()
    shop.repeat(2)
    lake.land()
    assert lake.state(shop) == expected(shop)
    assert len(lake.rows(shop, log=True)) == 3
    shop.change("00000001", status="Delivered")
    shop.repeat(4)
    lake.land()
    assert lake.state(shop) == expected(shop)
    assert len(lake.rows(shop, log=True)) == 4


@both
def test_a_second_writer_is_refused_and_loses_nothing(form: str, tmp_path: Path) -> None:
    topics, shop, lake = one_shop(form, tmp_path)
    shop.put(**order(1))
    lake.land()
    first, second = lake.table(shop.topic), lake.table(shop.topic)
    stands = first.position(0)
    assert stands is not None
    columns = [of_sql(name, declared) for name, declared in lake.columns.items()]
    event = lake.lander().decoder.event(topics_record(topics, shop))
    change = state_change([event], columns, shop.key, lambda: None)
    first.commit(change, {0: stands + 1})
    with pytest.raises(SecondWriter):
        second.commit(change, {0: stands + 1})
    # Another partition of the same table is another writer's right.
    third = lake.table(shop.topic)
    first.commit(change, {0: stands + 2})
    third.commit(change, {1: 5})
    lake_now = lake.table(shop.topic)
    assert (lake_now.position(0), lake_now.position(1)) == (stands + 2, 5)


def topics_record(topics: Topics, shop: Shop) -> Any:
    topics.assign({(shop.topic, 0): 0})
    return topics.poll(0)[0]


def test_a_vacuum_from_outside_does_not_end_the_lander(tmp_path: Path) -> None:
    topics, shop, lake = one_shop("delta", tmp_path)
    for number in range(3):
        shop.put(**order(number))
        lake.land()
    lander = lake.lander()
    outside = DeltaTable(str(tmp_path / "orders"))
    outside.optimize.compact()
    outside.vacuum(0, dry_run=False, enforce_retention_duration=False)
    shop.change("00000001", status="Shipped")
    lander.turn(0)
    assert lake.state(shop) == expected(shop)


@both
def test_the_number_of_files_is_bounded(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    from bazaard_lander import iceberg, tables

    monkeypatch.setattr(tables, "KEEP", "interval 0 seconds")
    monkeypatch.setattr(iceberg, "KEEP", timedelta(0))
    _, shop, lake = one_shop(form, tmp_path)
    lander = None
    for number in range(12):
        shop.put(**order(number))
        lander = lander or lake.lander()
        lander.turn(0)
    table = lake.table(shop.topic)
    before = len(list(tmp_path.rglob("*.parquet")))
    assert before >= 12 and table.maintain() <= 2
    assert len(list(tmp_path.rglob("*.parquet"))) < before
    assert lake.state(shop) == expected(shop)
    assert lake.table(shop.topic).position(0) == 12
    shop.change("00000003", status="Shipped")
    lake.land()
    assert lake.state(shop) == expected(shop)


@both
def test_a_value_that_the_message_does_not_have_stays(form: str, tmp_path: Path) -> None:
    topics, shop, lake = one_shop(form, tmp_path)
    shop.put(**order(1, status="a long text"))
    lake.land()
    for price in ("1.00", "2.00"):
        row = order(1, status="__debezium_unavailable_value", price=price)
        shop.tell("u", row, row, shop.move())
    shop.rows["00000001",] |= {"price": "2.00"}
    lake.land()
    assert lake.state(shop) == expected(shop)
    # Also within one batch.
    shop.put(**order(2, status="another"))
    row = order(2, status="__debezium_unavailable_value", price="3.00")
    shop.tell("u", row, row, shop.move())
    shop.rows["00000002",] |= {"price": "3.00"}
    lake.land()
    assert lake.state(shop) == expected(shop)


@both
def test_keys_of_several_columns_and_a_truncated_table(form: str, tmp_path: Path) -> None:
    topics = Topics()
    shop = Shop(topics, "order_items", ("id", "status"))
    lake = Lake(form, tmp_path, topics)
    lake.log = False
    for number in (1, 2):
        for status in ("it's", "b"):
            shop.put(**order(number, status))
    lake.land()
    shop.change("00000001", "it's", price="9.99")
    shop.delete("00000002", "b")
    lake.land()
    assert lake.state(shop) == expected(shop) and len(shop.rows) == 3
    topics.send(shop.topic, None, {"before": None, "after": None, "source": {"lsn": shop.move(), "txId": 1, "ts_us": 1}, "op": "t"})
    shop.rows.clear()
    shop.put(**order(7, "after"))
    lake.land()
    assert lake.state(shop) == expected(shop)


def test_deletes_far_behind_the_inserts_do_not_make_it_read_what_lies_between(tmp_path: Path) -> None:
    _, shop, lake = one_shop("delta", tmp_path)
    for at in range(6):
        for number in range(10):
            shop.put(**order(at * 1000 + number))
        lake.land()
    shop.delete("00000003")
    shop.put(**order(7000))
    lake.land()
    table = lake.table(shop.topic)
    assert isinstance(table, Delta)
    done = table.delta.history(1)[0]["operationMetrics"]
    assert done["num_target_files_scanned"] == 1 and done["num_target_files_skipped_during_scan"] >= 5
    assert lake.state(shop) == expected(shop)


