"""The current state and the change log, against the shop that has told its changes; the lander broken off after every step."""

import random
from collections import Counter
from pathlib import Path

import pytest
from kit import FORMATS, Lake, Shop, Topics, expected, live, order

pytestmark = pytest.mark.parametrize("form", FORMATS)


def changes_in_log(lake: Lake, shop: Shop) -> list[tuple[object, ...]]:
    return [(row["_lsn"], row["_op"], row["id"]) for row in lake.rows(shop, log=True) if row["_op"] != "r"]


def test_a_life(form: str, tmp_path: Path) -> None:
    topics = Topics()
    shop, lake = Shop(topics), Lake(form, tmp_path, topics)
    shop.put(**order(1))
    shop.put(**order(2))
    lake.land()
    assert lake.state(shop) == expected(shop)
    shop.change("00000001", status="Shipped")
    shop.delete("00000002")
    shop.put(**order(3))
    lake.land()
    assert lake.state(shop) == expected(shop) and len(shop.rows) == 2
    assert [one[1] for one in sorted(changes_in_log(lake, shop), key=str)] == ["c", "c", "u", "d", "c"]


@pytest.mark.parametrize("seed", range(2))
def test_everything_in_any_batches_with_crashes(form: str, tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    topics = Topics()
    shop, lake = Shop(topics), Lake(form, tmp_path, topics)
    for _ in range(3):
        live(shop, dice, 30)
        topics.most = dice.choice((12, 25, 1000))
        lake.steps, lake.crash_at = 0, dice.randrange(1, 6)
        lake.land()
        assert lake.state(shop) == expected(shop)
    logged = Counter(changes_in_log(lake, shop))
    assert set(logged.values()) == {1} and len(logged) == shop.changes


def test_a_crash_after_each_step(form: str, tmp_path: Path) -> None:
    def told(place: Path, crash_at: int) -> int:
        topics = Topics()
        shop, lake = Shop(topics), Lake(form, place, topics)
        lake.maintain_every, lake.crash_at = -1, crash_at
        shop.put(**order(1))
        shop.put(**order(2))
        shop.change("00000001", status="Shipped")
        shop.delete("00000002")
        shop.put(**order(2, at=2))
        lake.land()
        lake.columns["gift"], lake.missing["gift"] = "integer", "7"
        shop.rows["00000001",]["gift"] = 7
        shop.rows["00000002",]["gift"] = 7
        shop.put(**order(3), gift=None)
        lake.land()
        assert lake.state(shop) == expected(shop, lake.columns)
        assert Counter(changes_in_log(lake, shop)).most_common(1)[0][1] == 1 and len(changes_in_log(lake, shop)) == shop.changes
        return lake.steps

    place = tmp_path / "whole"
    place.mkdir()
    steps = told(place, -1)
    assert steps >= 10
    for at in range(1, steps + 1):
        (place := tmp_path / str(at)).mkdir()
        told(place, at)
