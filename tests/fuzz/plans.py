"""Planned runs, small ones, as the program prints them: every change with both sides, and the rows of before the first unit.

Nothing here needs a database: `bazaard load --to` writes a card, and the others are made from it by hand.
"""

import copy
import json
import pathlib
import subprocess
from dataclasses import dataclass, field
from typing import Optional

import ids

TABLES = ("dist_centers", "products", "users", "orders", "order_items", "events")
NUMBER = {name: number for number, name in enumerate(TABLES)}
FIXED = ("dist_centers", "products")
VERSIONED = ("products", "users", "orders", "order_items")
OPS = {"insert": "c", "update": "u", "delete": "d"}
PRODUCTS = 24


@dataclass
class Change:
    unit: int
    kind: str
    table: str
    op: str
    key: object
    before: Optional[dict]
    after: Optional[dict]

    @property
    def row(self):
        return self.after or self.before


@dataclass
class Plan:
    card: dict
    units: dict  # By number, the changes of each; refused ones are not there.
    first: dict  # By table, the rows of before unit 0.
    refused: frozenset = frozenset()
    codec: ids.Codec = field(init=False)

    def __post_init__(self):
        self.codec = ids.Codec(self.card["run"], int(self.card["seed"]))

    @property
    def settled(self):
        return self.card["settled"]

    @property
    def retains(self):
        return self.card["settings"]["retain"] not in ("0", "0s")

    def history(self, key):
        """Changes of one row, oldest first."""
        return self.histories.get(key, [])

    def __getattr__(self, name):
        if name != "histories":
            raise AttributeError(name)
        made = {}
        for number in sorted(self.units):
            for change in self.units[number]:
                made.setdefault((change.table, change.key), []).append(change)
        self.histories = made
        return made


class Planner:
    """Asks the program, and keeps its answers."""

    def __init__(self, program, directory):
        self.program, self.directory = str(program), pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.seed_dir = self.directory / "seed"
        self.base = None
        self.plans = {}

    def call(self, *words):
        done = subprocess.run([self.program, *map(str, words)], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"bazaard {' '.join(map(str, words))}: {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def base_card(self):
        """Versions and digests, of a catalogue that is small enough to come whole with every stream."""
        if self.base is None:
            if not (self.seed_dir / "products.csv").exists():
                self.seed_dir.mkdir(exist_ok=True)
                top = pathlib.Path(__file__).resolve().parents[2]
                lines = (top / "seed/products.csv").read_text(encoding="utf-8").splitlines(keepends=True)
                step = (len(lines) - 1) // PRODUCTS
                (self.seed_dir / "products.csv").write_text("".join([lines[0], *lines[1::step][:PRODUCTS]]), encoding="utf-8")
            to = self.directory / "base"
            if not to.exists():
                self.call("load", "--to", to, "--seed", 1, "--max-iter", 1, "--init-num-users", 1, "--start-time",
                          "2026-01-01T00:00:00Z", "--seed-dir", self.seed_dir, "--log-level", "error", "--progress", "off")
            self.base = json.loads((to / "card.json").read_text())
            self.base["log"], self.base["checkpoints"] = [], []
        return copy.deepcopy(self.base)

    def card(self, run="main", seed=1, settled=0, ended=True, window=16, settings=(), log=()):
        card = self.base_card()
        card |= {"run": run, "seed": str(seed), "settled": settled, "ended": ended, "window": window}
        card["settings"] |= {name: str(value) for name, value in dict(settings).items()}
        card["log"] = list(log)
        return card

    def answers(self, card, last, what):
        file = self.directory / f"asked.{id(card)}.json"
        file.write_text(json.dumps(card))
        try:
            text = self.call("answers", "--card", file, "--units", f"0..{last}", "--as", what, "--seed-dir", self.seed_dir,
                             "--log-level", "error")
        finally:
            file.unlink()
        return [json.loads(line) for line in text.splitlines()]

    def plan(self, card, units, refused=()):
        """The plan of so many units, which may be more than the card has settled."""
        name = json.dumps([card, units, sorted(refused)])
        if name not in self.plans:
            if len(self.plans) > 64:
                self.plans.clear()
            self.plans[name] = self.make(card, units, frozenset(refused))
        return self.plans[name]

    def make(self, card, units, refused):
        asked = card | {"settled": units}
        numbers, first = {}, {table: {} for table in TABLES}
        for one in self.answers(asked, units - 1, "changes"):
            row = one["after"] or one["before"]
            change = Change(one["unit"], one["kind"], one["table"], OPS[one["op"]], row["id"], one["before"], one["after"])
            numbers.setdefault(change.unit, []).append(change)
        inserted = {(c.table, c.key) for changes in numbers.values() for c in changes if c.op == "c"}
        for number in sorted(numbers):
            for c in numbers[number]:
                if (c.table, c.key) not in inserted:
                    first[c.table].setdefault(c.key, c.before)
        for one in self.answers(asked, units - 1, "rows"):
            if one.get("unit") is None:
                first[one["table"]].setdefault(one["row"]["id"], one["row"])
        return Plan(card, numbers, {table: [rows[key] for key in sorted(rows)] for table, rows in first.items()}, refused)
