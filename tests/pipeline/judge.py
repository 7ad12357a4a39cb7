"""Compares change events with the answer key: each version of each row once, in order, every column, whole units."""

import collections
from typing import NamedTuple, Optional


class Finding(NamedTuple):
    """`kind` is one of KINDS; `unit` is None where no unit is concerned."""

    kind: str
    table: str
    key: str
    unit: Optional[str]
    detail: str

    def __str__(self):
        unit = "" if self.unit is None else f" of unit {self.unit}"
        return f"{self.kind}: {self.table} {self.key}{unit}: {self.detail}"


KINDS = {
    "missing": "an event that should be there",
    "altered": "other columns, operation or key than planned",
    "repeated": "an event again, where nothing excuses it",
    "out of order": "an event behind a newer one of its key",
    "stale": "a snapshot's row behind a newer event of its key",
    "unplanned": "an event of a row that nobody writes",
    "torn": "a unit in two transactions, or in part in the snapshot",
    "mixed": "two units in one transaction",
    "moved": "a key in two partitions",
}


def same(row, other):
    """Whether two rows have the same columns and values: 1, 1.0 and true differ in JSON."""
    return row == other and (row is None or all(type(row[name]) is type(other[name]) for name in row))


class Judge:
    """Takes the events of one stream, those of a partition in its order; `findings` is empty when all is as planned.

    `full`   tables with replica identity FULL, whose updates and deletes tell the whole row before
    `before` whether the events tell anything of the row before
    `kills`  moments in ms since 1970 at which the connector had just been killed. What it had sent and not yet noted it sends
             again when it is back: at the head of what each partition gets then, each event once more, and nothing else.
    `tables` judges these only
    """

    def __init__(self, key, full=(), before=True, kills=(), tables=None):
        self.key = {table: rows for table, rows in key.tables.items() if tables is None or table in tables}
        self.full, self.before = frozenset(full), before
        self.kills = sorted(kills)
        self.findings = []
        self.counts = collections.defaultdict(collections.Counter)  # Of a table, by operation; repeats are "again".
        self.next = collections.defaultdict(dict)  # Of a table's row, the version that comes next.
        self.skipped = {}  # Of a row, versions that were passed over.
        self.in_snapshot = {}  # Of a row, the version that the snapshot found.
        self.partitions = {}
        self.buried = {}  # Rows whose tombstone must follow, with the unit.
        self.transaction_of = {}
        self.unit_of = {}
        self.size_of = collections.Counter()  # Of a transaction and a table, its events.
        self.replays = {}  # Of a partition of a table: how many kills it has passed, and what came again since; None: no more.

    def find(self, kind, table, row_id, unit, detail):
        self.findings.append(Finding(kind, table, str(row_id), unit, detail))

    def add(self, event):
        table, row_id = event.table, event.key.get("id")
        history = self.key.get(table, {}).get(row_id)
        if history is None:
            return self.find("unplanned", table, row_id, None, f"{event.op} {event.after}")
        if len(event.key) != 1:
            self.find("altered", table, row_id, None, f"the key is {event.key}")
        if self.partitions.setdefault((table, row_id), event.partition) != event.partition:
            self.find("moved", table, row_id, None, f"partitions {self.partitions[table, row_id]} and {event.partition}")
        self.look_for_a_kill(event)
        if event.op == "t":
            return self.add_tombstone(table, row_id)
        due = self.next[table].get(row_id, 0)
        at = self.version_of(event, history, due)
        if at < due:
            return self.add_known(event, row_id, history, due, at)
        # The snapshot shows the newest version only.
        if at > due and (event.op != "r" or due > 0):
            self.skipped.setdefault((table, row_id), set()).update(range(due, at))
        self.counts[table][event.op] += 1
        self.next[table][row_id] = at + 1
        self.replays[table, event.partition][1] = None
        if event.op == "r":
            self.in_snapshot[table, row_id] = at
        else:
            self.add_to_unit(event, row_id, history[at].unit)

    def version_of(self, event, history, due):
        """Which version the event tells of. One that tells of none is altered: the nearest is meant."""
        if due < len(history) and self.tells(event, history, due):
            return due
        for at in reversed(range(len(history))):
            if self.tells(event, history, at):
                return at
        at = max(range(len(history)), key=lambda at: (self.likeness(event, history, at), at == due, -at))
        self.find("altered", event.table, event.key["id"], history[at].unit,
                  f"version {at + 1} of {len(history)}: " + "; ".join(self.differences(event, history, at)))
        return at

    def tells(self, event, history, at):
        version = history[at]
        if event.op == "r":
            return same(event.after, version.row)
        return event.op == version.op and same(event.after, version.row) and self.before_is_right(event, history, at)

    def before_is_right(self, event, history, at):
        if not self.before:
            return True
        if event.table in self.full and event.op in "ud":
            return same(event.before, history[at - 1].row if at > 0 else None)
        if event.op == "d":
            # Beside the key, Debezium makes up what PostgreSQL does not tell.
            return event.before is not None and event.before.get("id") == event.key["id"]
        return event.before is None

    @staticmethod
    def likeness(event, history, at):
        row = history[at].row
        if row is None or event.after is None:
            return len(event.after or ()) if row is event.after else 0
        return sum(name in event.after and event.after[name] == row[name] for name in row)

    def differences(self, event, history, at):
        version = history[at]
        if event.op not in ("r", version.op):
            yield f"operation {event.op} instead of {version.op}"
        before = history[at - 1].row if event.table in self.full and event.op in "ud" and at > 0 else None
        yield from row_differences("", event.after, version.row)
        if not self.before_is_right(event, history, at):
            yield from row_differences("before, ", event.before, before)

    def add_known(self, event, row_id, history, due, at):
        table, unit = event.table, history[at].unit
        what = f"{event.op}, version {at + 1} of {len(history)}"
        if at in self.skipped.get((table, row_id), ()):
            self.skipped[table, row_id].remove(at)
            self.counts[table][event.op] += 1
            self.find("out of order", table, row_id, unit, f"{what} comes behind version {due}")
            return self.add_to_unit(event, row_id, unit)
        if event.op == "r" and at < due - 1:
            return self.find("stale", table, row_id, unit, f"{what} comes behind version {due}")
        if event.op == "d":
            self.buried[table, row_id] = unit
        replay = self.replays[table, event.partition]
        if replay[1] is None or (row_id, at) in replay[1]:
            return self.find("repeated", table, row_id, unit, what)
        replay[1].add((row_id, at))
        self.counts[table]["again"] += 1
        return self.add_to_unit(event, row_id, unit, again=True)

    def look_for_a_kill(self, event):
        """Behind a kill a partition begins with what comes again."""
        passed = sum(event.timestamp >= kill for kill in self.kills)
        replay = self.replays.setdefault((event.table, event.partition), [0, None])
        if passed > replay[0]:
            replay[:] = [passed, set()]

    def add_to_unit(self, event, row_id, unit, again=False):
        if event.op == "d" and not again:
            self.buried[event.table, row_id] = unit
        if unit is None or event.op == "r":
            return
        self.size_of[event.transaction, event.table] += not again
        transaction = self.transaction_of.setdefault(unit, event.transaction)
        if transaction != event.transaction:
            self.find("torn", event.table, row_id, unit, f"transactions {transaction} and {event.transaction}")
        elif (other := self.unit_of.setdefault(event.transaction, unit)) != unit:
            self.find("mixed", event.table, row_id, unit, f"transaction {event.transaction} is that of unit {other}")

    def add_tombstone(self, table, row_id):
        self.counts[table]["t"] += 1
        if self.buried.pop((table, row_id), self) is self and self.replays[table, self.partitions[table, row_id]][1] is None:
            self.find("unplanned", table, row_id, None, "a tombstone without a delete before it")

    def finish(self):
        """Call it when all events were added. What has not come is missing then."""
        for (table, row_id), unit in self.buried.items():
            self.find("missing", table, row_id, unit, "the tombstone")
        for table, rows in self.key.items():
            due = self.next[table]
            for row_id, history in rows.items():
                if (first := due.get(row_id, 0)) < len(history):
                    self.miss(table, row_id, history, range(first, len(history)))
        for (table, row_id), versions in self.skipped.items():
            self.miss(table, row_id, self.key[table][row_id], sorted(versions))
        for (table, row_id), at in self.in_snapshot.items():
            for version in self.key[table][row_id][:at + 1]:
                if version.unit in self.transaction_of:
                    self.find("torn", table, row_id, version.unit, "a part of the unit is in the snapshot, another is not")
        return self.findings

    def miss(self, table, row_id, history, versions):
        for at in versions:
            self.find("missing", table, row_id, history[at].unit, f"{history[at].op}, version {at + 1} of {len(history)}")

    def judge_transactions(self, marks, schema):
        """Whether begin and end of each unit's transaction are marked, in this order, and its events counted right.

        `marks` are the messages of the topic of transactions. Returns findings of kind altered, missing and repeated.
        """
        begun, ended, findings = set(), set(), []
        sizes = collections.defaultdict(dict)
        for (transaction, table), size in self.size_of.items():
            sizes[transaction][f"{schema}.{table}"] = size

        def find(kind, transaction, detail):
            findings.append(Finding(kind, "transaction", str(transaction), self.unit_of[transaction], detail))

        for mark in marks:
            transaction = int(mark["id"].partition(":")[0])
            if transaction not in self.unit_of:
                continue
            seen = begun if mark["status"] == "BEGIN" else ended
            if transaction in seen and not self.kills:
                find("repeated", transaction, mark["status"])
            seen.add(transaction)
            if mark["status"] == "BEGIN":
                continue
            if transaction not in begun:
                find("missing", transaction, "END comes without BEGIN")
            counted = {one["data_collection"]: one["event_count"] for one in mark["data_collections"]}
            if counted != sizes[transaction] or mark["event_count"] != sum(counted.values()):
                find("altered", transaction, f"{mark['event_count']} events, {counted} instead of {sizes[transaction]}")
        for transaction in self.unit_of.keys() - ended:
            find("missing", transaction, "END")
        return findings

    def snapshot_units(self):
        """How many units the snapshot found."""
        return len({version.unit for (table, row_id), at in self.in_snapshot.items()
                    for version in self.key[table][row_id][:at + 1]} - {None})


def row_differences(place, seen, planned):
    if seen is None or planned is None:
        if seen is not planned:
            yield f"{place}{'no' if seen is None else 'a'} row instead of {'none' if planned is None else 'one'}"
        return
    for name in {**planned, **seen}:
        if name not in planned:
            yield f"{place}{name}, which is not planned, is {seen[name]!r}"
        elif name not in seen:
            yield f"{place}{name} is not there"
        elif seen[name] != planned[name] or type(seen[name]) is not type(planned[name]):
            yield f"{place}{name} {seen[name]!r} instead of {planned[name]!r}"
