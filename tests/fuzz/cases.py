"""A case: a plan, the stream of a pipeline that lost nothing of it, and how `verify` is asked."""

import copy
import dataclasses
import random
from dataclasses import dataclass, field

from plans import FIXED, Change
from stream import Builder, Form, commit_order

# Settings of shops whose units are of all kinds soon.
SHOPS = {
    "plain": {},
    "moving": {"user-update-prob": 0.6, "user-create-prob": 0.4, "order-update-prob": 1.9, "lifecycle-scale": 0.01},
    "complete": {"lifecycle": "complete", "lifecycle-scale": 0.005, "user-create-prob": 0.3},
    "ghosts": {"ghost-create-prob": 1, "user-create-prob": 0.5},
    "erasing": {"erase-prob": 0.8, "user-create-prob": 0.8, "user-update-prob": 0.5, "lifecycle-scale": 0.01},
    "retaining": {"retain": "1s", "ghost-create-prob": 0.5, "lifecycle": "complete", "lifecycle-scale": 0.005,
                  "user-update-prob": 0.3},
    "touching": {"touch-interval": "100ms", "lifecycle-scale": 0.01, "order-update-prob": 1.5},
    "everything": {"retain": "1s", "touch-interval": "100ms", "erase-prob": 0.3, "user-create-prob": 0.5, "user-update-prob": 0.5,
                   "ghost-create-prob": 0.5, "lifecycle": "complete", "lifecycle-scale": 0.005},
}


# Of `refused`: the last unit.
LAST = 99


@dataclass
class Recipe:
    """All that a case is made of; equal recipes make equal cases."""

    seed: int = 1
    shop: str = "plain"
    units: int = 40
    users: int = 4
    qps: int = 20
    window: int = 16
    ended: bool = True
    beyond: int = 0  # Units that the stream has and the card does not know.
    start: str = "inserts"  # inserts: all rows from the first on; snapshot; nothing: no first rows; later: without the beginning
    incremental: int = 0  # Snapshots within the stream, of so many.
    repeats: int = 0  # Restarts of the connector.
    others: bool = False  # Another run in the same schema.
    refused: int = 0  # Units that the database refused for good.
    shifts: int = 0  # Times at which the run fell back and moved its business time.
    exactly_once: bool = False
    form: Form = field(default_factory=Form)
    harms: tuple = ()  # Names; each may come more than once.

    def simpler(self):
        plain = Recipe()
        for n in range(len(self.harms)):
            if len(self.harms) > 1:
                yield dataclasses.replace(self, harms=self.harms[:n] + self.harms[n + 1:])
        for units in (2, 4, 8, 12, 17, 20, 24, 30, self.units // 2, self.units - 3, self.units - 1):
            if 0 < units < self.units:
                yield dataclasses.replace(self, units=units)
        for form in self.form.simpler():
            yield dataclasses.replace(self, form=form)
        for name in ("repeats", "incremental", "shifts", "others", "refused", "beyond", "start", "exactly_once", "ended", "shop", "users"):
            if getattr(self, name) != getattr(plain, name):
                yield dataclasses.replace(self, **{name: getattr(plain, name)})
        if self.users > 1:
            yield dataclasses.replace(self, users=1)


def draw(chance, kinds):
    """A recipe at random, with up to three harms of these kinds."""
    start = chance.choices(("inserts", "snapshot", "nothing", "later"), (6, 3, 1, 1))[0]
    ended = chance.random() < 0.6
    shop = chance.choice(sorted(SHOPS))
    return Recipe(
        seed=chance.randrange(1, 1 << 32), shop=shop, units=chance.choice((3, 12, 25, 40, 60, 90)),
        users=chance.choice((1, 3, 8)), qps=chance.choice((20, 20, 200)), window=chance.choice((16, 16, 16, 64, 1024)), ended=ended,
        beyond=0 if ended or chance.random() < 0.5 else chance.choice((1, 10, 30)), start=start,
        incremental=chance.choice((0, 0, 0, 1, 2)), repeats=chance.choice((0, 0, 1, 2)),
        others="touch" not in shop and shop != "everything" and chance.random() < 0.25,
        refused=chance.choice((0, 0, 0, 0, 1, 3, LAST)), shifts=chance.choice((0, 0, 0, 2)),
        form=Form(decimals=chance.choice(("string", "string", "precise", "double")),
                  times=chance.choice(("iso", "iso", "iso", "micros", "nanos", "short")), schemas=chance.random() < 0.2,
                  flat=chance.random() < 0.15, full=chance.random() < 0.5, wrapper=chance.choice(("value", "kcat")),
                  files=chance.choice(("one", "one", "tables", "each")), further=chance.random() < 0.2,
                  metadata=chance.random() < 0.4),
        harms=tuple(chance.choice(kinds) for _ in range(chance.choices((0, 1, 2, 3), (1, 7, 3, 2))[0])) if kinds else ())


class Case:
    def __init__(self, recipe, planner):
        self.recipe, self.planner = recipe, planner
        self.chance = random.Random(f"case {recipe.seed} {recipe.shop}")
        self.form = copy.copy(recipe.form)
        self.plan, self.card = self.planned("main", recipe.seed, recipe.units, recipe.refused)
        self.stream_units = sorted(self.plan.units)
        self.words = []  # Flags of verify.
        self.cut = 0
        self.snapshot_units = set()  # Units that a snapshot stands for.
        self.missing_units = set()  # That are before the beginning of the stream.
        self.claimed = set()  # Units and row keys of harms: none is harmed twice.
        self.repeated = 0
        self.config = None  # Of the connector, for verify.
        self.empty_topics = set()
        self.touched = set()  # Units of harms.
        if self.recipe.exactly_once:
            self.words.append("--exactly-once")
        self.build()

    def planned(self, run, seed, units, refused):
        settings = SHOPS[self.recipe.shop] | {"init-num-users": self.recipe.users, "avg-qps": self.recipe.qps}
        settled = units
        if run == "main" and self.recipe.beyond:
            settled = max(1, units - self.recipe.beyond)
        shifts = random.Random(f"shifts {seed}")
        moved = [{"unit": shifts.randrange(1, settled), "kind": "shift", "value": shifts.randrange(1, 3_000_000),
                  "at": "2026-01-01T00:00:01.000000Z"} for _ in range(self.recipe.shifts if run == "main" and settled > 1 else 0)]

        def make(log):
            log = sorted(moved + log, key=lambda entry: entry["unit"])
            return self.planner.card(run, seed, settled, self.recipe.ended, self.recipe.window, settings, log)
        card = make([])
        plan = self.planner.plan(card, units)
        if refused:
            out = self.refusals(plan, refused, settled)
            log = [{"unit": n, "kind": "reject", "value": 0, "at": "2026-01-01T00:00:01.000000Z"} for n in sorted(out)]
            card = make(log)
            plan = self.planner.plan(card, units, out)
        return plan, card

    def refusals(self, plan, count, settled):
        """Units without whose rows no other unit would be refused, too."""
        good = []
        for number, changes in plan.units.items():
            if (number < settled - 1 or count == LAST) and number < settled and all(c.op == "c" and len(plan.history((c.table, c.key))) == 1 for c in changes):
                keys = {c.key for c in changes}
                used = any(keys & set(map(str, (other.row or {}).values())) for n, them in plan.units.items() if n != number
                           for other in them)
                if not used:
                    good.append(number)
        if count == LAST:
            return {number for number in good if number == settled - 1}
        return set(self.chance.sample(good, min(count, len(good))))

    # ---- The stream --------------------------------------------------------------------------------------------------

    def build(self):
        recipe, chance = self.recipe, self.chance
        order = commit_order(chance, self.plan, self.stream_units, recipe.window)
        build = self.builder = Builder(chance, self.form)
        if recipe.start == "inserts":
            for table in ("dist_centers", "products", "users"):
                build.begin()
                rows = [self.first_change(table, row) for row in self.plan.first[table]]
                for change in rows:
                    build.change(change, "" if table in FIXED else "main")
                build.end(rows)
        else:
            build.preload(self.plan.first, "main")
        seam = 0
        if recipe.start in ("snapshot", "later"):
            seam = chance.randrange(0, len(order) + 1) if recipe.start == "snapshot" else chance.randrange(1, len(order) // 2 + 2)
        if recipe.start == "later":
            # Behind a seam that all units below have passed.
            low = max(order[:seam], default=0)
            order.sort(key=lambda n: n > low)
            seam = sum(n <= low for n in order)
            self.missing_units = set(order[:seam])
        mute = Builder(chance, self.form)
        mute.state = build.state
        for number in order[:seam]:
            mute.transaction(self.plan.units[number], "main", number)
        if recipe.start == "snapshot":
            self.snapshot_units = set(order[:seam])
            keys = sorted(build.state, key=lambda key: (key[0], str(key[1])))
            build.reads(keys, "true")
        rest = order[seam:]
        other = self.other_run(build)
        stops = {chance.randrange(len(rest) + 1): "reads" for _ in range(recipe.incremental)} if rest else {}
        restarts = {chance.randrange(1, len(rest) + 1) for _ in range(recipe.repeats)} if rest else set()
        for at, number in enumerate(rest):
            if at in stops:
                self.incremental(build)
            build.transaction(self.plan.units[number], "main", number)
            if other and chance.random() < 0.5:
                build.transaction(*other.pop(0))
            if at + 1 in restarts:
                self.repeated += build.repeat(chance.randrange(1, 40))
        self.messages = build.messages
        self.order = order

    def first_change(self, table, row):
        return Change(-1, "first", table, "c", row["id"], None, row)

    def other_run(self, build):
        if not self.recipe.others:
            return []
        plan, _ = self.planned("other", self.recipe.seed + 1, 8, 0)
        build.preload({table: [] if table in FIXED else rows for table, rows in plan.first.items()}, "other")
        return [(plan.units[n], "other", None) for n in sorted(plan.units)]

    def incremental(self, build):
        table = self.chance.choice(("users", "orders", "order_items", "events", "products"))
        keys = sorted((key for key in build.state if key[0] == table), key=lambda key: str(key[1]))
        if keys:
            build.reads(keys, "incremental")

    # ---- What is demanded --------------------------------------------------------------------------------------------

    def bound(self):
        """Units below have to be there, as far as docs/verify.md says; and from which one on nothing is said at all."""
        if self.recipe.ended:
            return self.plan.settled
        highest = max((m.unit for m in self.messages if m.unit is not None and m.run == "main"), default=-1)
        # What the card does not know is not judged.
        return max(0, min(highest + 1, self.plan.settled) - self.recipe.window)

    def covered(self, change):
        """Whether a row of a snapshot stands for this change, too."""
        if change.unit in self.snapshot_units:
            return True
        history = self.plan.history((change.table, change.key))
        if change not in history:
            return any(m.op == "r" and m.row_key == (change.table, change.key) for m in self.messages)
        at = history.index(change)
        return any(m.op == "r" and m.row_key == (change.table, change.key) and m.change in history[at:] for m in self.messages)

    def positions(self, good):
        return [at for at, m in enumerate(self.messages) if m.kind == "change" and good(m)]
