"""What makes a case of a recipe, has it judged, and makes it smaller."""

import dataclasses
import json
import pathlib
import random
import subprocess
import threading
import time

import broker
import cases
import edits
import harms
import harms_order
import harms_others
import harms_streams
import harms_values
import oracle
import plans
import settings
import stream
import tables

# Each adds its harms.
PARTS = (harms_order, harms_values, harms_others, harms_streams, settings)


def verify(program, seed_dir, case, directory):
    directory.mkdir(parents=True, exist_ok=True)
    paths = stream.write(case.messages, case.form, directory, case.cut)
    (directory / "card.json").write_text(json.dumps(case.card, indent=1))
    configure(case, directory)
    report = directory / "report.json"
    words = [str(program), "verify", "events", "--card", str(directory / "card.json"), "--seed-dir", str(seed_dir), "--report",
             str(report), "--examples", "2000", "--progress", "off", "--log-level", "error", *case.words, *map(str, paths)]
    (directory / "command").write_text(" ".join(words) + "\n")
    return outcome_of(words, report)


def configure(case, directory, **changes):
    if case.config is not None:
        (directory / "connector.json").write_text(json.dumps(case.config | changes, indent=1))
        case.words += ["--connector-config", str(directory / "connector.json")]


def outcome_of(words, report, env=None):
    report.unlink(missing_ok=True)
    try:
        done = subprocess.run(words, capture_output=True, timeout=120, env=env)
    except subprocess.TimeoutExpired:
        return oracle.Outcome(-1, {}, "", "no verdict within 120 s")
    try:
        told = json.loads(report.read_text(encoding="utf-8", errors="replace"))
    except (OSError, json.JSONDecodeError):
        told = {}
    text = b"\n".join(line for line in done.stdout.splitlines() if not line.startswith(b"repeated: "))
    return oracle.Outcome(done.returncode, told, text.decode(errors="replace"), done.stderr.decode(errors="replace"))


def base_expectation(case):
    """What the recipe itself explains, without any harm."""
    recipe, lines, verdicts = case.recipe, [], {oracle.CLEAN}
    told = [m for m in case.messages if m.unit is not None and m.run == "main"]
    demanded = case.bound() > 0 and any(m.unit < case.bound() for m in told)
    if recipe.start == "later":
        verdicts = {oracle.NOT_PROVEN, oracle.CLEAN}
        lines += ["units? before the stream begins"]
    if recipe.start in ("nothing", "later"):
        verdicts = verdicts | {oracle.NOT_PROVEN}
        lines += ["first rows are in no event", "nothing is demanded", "is not there: nothing of table"]
    if recipe.start == "snapshot" and case.form.flat:
        # Rows do not say that a snapshot is whole.
        verdicts = verdicts | {oracle.NOT_PROVEN}
        lines += ["nothing is demanded", "before the stream begins", "first rows are in no event"]
    if not recipe.ended:
        lines += ["ends at unit", "beyond|behind|the card"]
        verdicts = verdicts | {oracle.NOT_PROVEN}
    if not demanded or recipe.start == "later":
        verdicts = {oracle.CLEAN, oracle.NOT_PROVEN}
        lines += ["nothing is demanded", "no event is of a unit"]
    if recipe.repeats and case.form.flat:
        lines += ["came again without the time"]
        verdicts = verdicts | {oracle.NOT_PROVEN}
    return oracle.Expect("recipe", verdicts, lines=lines)


def forgive_the_end(case, expects):
    """Where nothing of the last units is in the stream, it may as well be cut there: a loss near its end is not proven then."""
    told = {m.unit for m in case.messages if m.kind == "change" and m.unit is not None and m.run == "main" and m.op in ("c", "u", "d", "r")
            and (m.after or m.before)}
    last = max((n for n in case.plan.units if n < case.plan.settled), default=-1)
    if not case.recipe.ended or last in told - case.touched:
        return
    expects[0].lines += ["ends at unit", "nothing is demanded"]
    expects[0].verdicts |= {oracle.NOT_PROVEN}
    for expect in expects[1:]:
        if oracle.MISMATCH in expect.verdicts:
            expect.may += expect.needs
            expect.needs = []
            expect.verdicts |= {oracle.NOT_PROVEN}


class Fuzzer:
    def __init__(self, given, directory):
        self.given, self.directory = given, pathlib.Path(directory)
        self.planner = plans.Planner(given.program, self.directory / "plans")
        self.planner.base_card()
        self.verify = verify

    def close(self):
        pass

    def build(self, recipe):
        case = cases.Case(recipe, self.planner)
        expects = [base_expectation(case)]
        for number, name in enumerate(recipe.harms):
            case.chance = random.Random(f"harm {recipe.seed} {name} {number}")
            made = harms.KINDS[name](case)
            if made is not None:
                expects.append(made)
        forgive_the_end(case, expects)
        return case, expects

    def attempt(self, recipe, directory):
        """What is wrong, and how many harms were done."""
        case, expects = self.build(recipe)
        if not any(m.kind == "change" for m in case.messages):
            return [], expects
        outcome = self.verify(self.given.program, self.planner.seed_dir, case, directory)
        # A dump without a change of the shop is no dump.
        if outcome.status == 65 and "none of" in outcome.errors:
            return [], expects
        return oracle.faults(outcome, expects), expects

    def shrink(self, recipe, kind, directory, seconds=10):
        """The smallest recipe that is wrong in the same way."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for simpler in recipe.simpler():
                if time.monotonic() > end:
                    break
                try:
                    found, _ = self.attempt(simpler, directory / "shrink")
                except (RuntimeError, IndexError, ValueError):
                    continue
                if any(kind == one for one, _ in found):
                    recipe = simpler
                    break
            else:
                return recipe
        return recipe


def recipe_of(value):
    value = dict(value)
    if "base" in value:
        return TableRecipe(**(value | {"harms": tuple(value["harms"])}))
    value["form"] = stream.Form(**value["form"])
    value["harms"] = tuple(value["harms"])
    return cases.Recipe(**value)


class TopicFuzzer(Fuzzer):
    """The same with the topics of a broker."""

    def __init__(self, given, directory):
        super().__init__(given, directory)
        self.broker = broker.Broker()
        self.lock = threading.Lock()
        self.serial = 0

    def close(self):
        self.broker.stop()

    def build(self, recipe):
        # A card alone does not say how far the topics are of a run that goes on.
        form = dataclasses.replace(recipe.form, metadata=True, wrapper="value")
        return super().build(dataclasses.replace(recipe, ended=True, beyond=0, form=form,
                                                 harms=tuple(h for h in recipe.harms if h not in harms.DUMPS_ONLY)))

    def attempt(self, recipe, directory):
        case, expects = self.build(recipe)
        if not any(m.kind == "change" for m in case.messages):
            return [], expects
        expects[0].may.append(oracle.Need("miscounted", miscounted(case)))
        written = {c.table for changes in case.plan.units.values() for c in changes}
        if idle := [table for table in ("users", "orders", "order_items", "events") if table not in written]:
            # Nobody has made the topic of a table that nobody writes.
            expects[0].verdicts |= {oracle.NOT_PROVEN}
            expects[0].lines += [f"nothing of table {table} is proven" for table in idle]
        if any(expect.harm in ("reordered", "reordered_first_row", "delete_before_the_rest") for expect in expects):
            # Topics are read side by side by their place in the log: one that goes back may come behind an END.
            expects[0].may.append(oracle.Need("miscounted", [(None, None)]))
        directory.mkdir(parents=True, exist_ok=True)
        topics = {stream.topic_of(stream.Message("change", table)): [] for table in case.empty_topics}
        for m in case.messages:
            key = None if m.key is None else json.dumps({"id": m.key}).encode()
            value = None if m.kind == "tombstone" else stream.value_text(m, case.form).encode("utf-8", "surrogatepass")
            topics.setdefault(stream.topic_of(m), []).append((key, value))
        with self.lock:
            self.serial += 1
            prefix = f"ecomm{self.serial}"
            self.broker.fill({name.replace(stream.PREFIX, prefix): messages for name, messages in topics.items()})
        stream.write(case.messages, dataclasses.replace(case.form, wrapper="kcat"), directory)
        (directory / "card.json").write_text(json.dumps(case.card, indent=1))
        configure(case, directory, **{"topic.prefix": prefix})
        report = directory / "report.json"
        words = [str(self.given.program), "verify", "topics", "--bootstrap-servers", self.broker.servers, "--topic-prefix", prefix, "--card",
                 str(directory / "card.json"), "--seed-dir", str(self.planner.seed_dir), "--report", str(report), "--examples", "2000",
                 "--progress", "off", "--log-level", "error", *case.words]
        (directory / "command").write_text(" ".join(words) + "\n")
        return oracle.faults(outcome_of(words, report), expects), expects


def miscounted(case):
    """Of which transactions and tables END and what came differ."""
    came, counted = {}, {}
    for m in case.messages:
        if m.kind == "change" and m.op in "cud":
            came[m.tx, m.table] = came.get((m.tx, m.table), 0) + 1
        elif m.op == "END":
            for one in json.loads(m.text)["data_collections"]:
                counted[m.tx, one["data_collection"].partition(".")[2]] = one["event_count"]
    harmed = {m.tx for m in case.messages if m.kind == "change" and m.unit in case.touched}
    return [(table, f"transaction {tx}") for tx, table in {*came, *counted}
            if tx in harmed or came.get((tx, table)) != counted.get((tx, table))]


class TableFuzzer:
    """The same with rows of databases."""

    def __init__(self, given, directory):
        self.given, self.directory = given, pathlib.Path(directory)
        self.planner = plans.Planner(given.program, self.directory / "plans")
        self.planner.base_card()
        self.bases = tables.Bases(given.program, self.directory, self.planner)
        self.lock = threading.Lock()

    def attempt(self, recipe, directory):
        with self.lock:
            base = self.bases.get(recipe.base)
        one = edits.Try(base, f"try {recipe.seed}", recipe.card)
        if recipe.card:
            one.words += ["--card", str(directory / "card.json")]
        expects = [self.base_expectation(base, recipe)]
        for number, name in enumerate(recipe.harms):
            one.chance = random.Random(f"edit {recipe.seed} {name} {number}")
            made = edits.EDITS[name](one)
            if made is not None:
                expects.append(made)
            if made is not None and recipe.card and name in ("extra_beyond_the_end", "version_behind_the_end"):
                # Beyond its end a card knows nothing.
                made.may += made.needs
                made.needs, made.verdicts = [], frozenset((oracle.MISMATCH, oracle.NOT_PROVEN))
                made.lines.append("where the card ends")
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "card.json").write_text(json.dumps(base.plan.card))
        (directory / "edit.sql").write_text(";\n".join([*one.sql, ""]))
        with self.lock:
            database = self.bases.copy(base)
        try:
            try:
                self.bases.cluster.sql(database, ";\n".join([*one.sql, ""]))
            except RuntimeError as problem:
                return [("an edit cannot be made", str(problem))], expects
            report = directory / "report.json"
            words = [self.bases.program, "verify", "tables", "--db-name", database, "--seed-dir", str(self.planner.seed_dir), "--report",
                     str(report), "--examples", "10000", "--progress", "off", "--log-level", "error", *one.words]
            (directory / "command").write_text(" ".join(words) + "\n")
            outcome = outcome_of(words, report, self.bases.cluster.env)
        finally:
            self.bases.drop(database)
        return oracle.faults(outcome, expects), expects

    def base_expectation(self, base, recipe):
        verdicts, lines = {oracle.CLEAN}, []
        if not base.ended:
            lines = ["not here yet", "nothing is demanded"]
            if recipe.card:
                verdicts = {oracle.CLEAN, oracle.NOT_PROVEN}
                lines.append("the card|beyond|later")
        return oracle.Expect("recipe", verdicts, lines=lines)

    def close(self):
        self.bases.cluster.stop()

    shrink = Fuzzer.shrink


@dataclasses.dataclass
class TableRecipe:
    seed: int = 1
    base: str = "plain"
    card: bool = False  # Compared by the run's card, as a copy elsewhere is.
    harms: tuple = ()

    def simpler(self):
        for n in range(len(self.harms)):
            if len(self.harms) > 1:
                yield dataclasses.replace(self, harms=self.harms[:n] + self.harms[n + 1:])
        if self.card:
            yield dataclasses.replace(self, card=False)
        if self.base != "plain":
            yield dataclasses.replace(self, base="plain")


def draw_tables(chance, kinds):
    harmed = chance.choices((0, 1, 2, 3), (1, 8, 4, 2))[0] if kinds else 0
    return TableRecipe(chance.randrange(1 << 32), chance.choice(sorted(tables.BASES)), chance.random() < 0.3, tuple(chance.choice(kinds) for _ in range(harmed)))


FUZZERS = {"events": Fuzzer, "topics": TopicFuzzer, "tables": TableFuzzer}


def kinds_of(what):
    if what == "tables":
        return edits.EDITS
    out = harms.TOPICS_ONLY if what == "events" else harms.DUMPS_ONLY
    return {name: one for name, one in harms.KINDS.items() if name not in out}
