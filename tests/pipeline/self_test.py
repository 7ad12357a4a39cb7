#!/usr/bin/env python3
"""That the comparison of change events finds what it should, and nothing else: made-up events, damaged one by one."""

import copy
import io
import json
import struct
import unittest

import answer_key
import events
from judge import Judge

KILLED_AT = 5000


def row(row_id, note, number=1, version=1):
    return {"id": row_id, "note": note, "number": number, "share": 0.5, "version": version}


def insert(table, after):
    return {"op": "insert", "table": table, "before": None, "after": after}


def update(table, before, after):
    return {"op": "update", "table": table, "before": before, "after": after}


def delete(table, before):
    return {"op": "delete", "table": table, "before": before, "after": None}


def unit(number, *changes):
    return {"unit": number, "changes": list(changes)}


A1, A2, A3 = row("a", "one"), row("a", "two", version=2), row("a", "three", 7, version=3)
B1, B2 = row("b", "one"), row("b", "two", version=2)
ITEM = row("i", "of a")
USER = row("u", "first"), row("u", "moved", version=2)
UNITS = [unit(0, insert("orders", A1), insert("items", ITEM)), unit(1, update("orders", A1, A2)),
         unit(2, insert("orders", B1), update("users", *USER)), unit(3, update("orders", A2, A3)),
         unit(4, update("orders", B1, B2)), unit(5, delete("items", ITEM))]


def key_of(units):
    key = answer_key.AnswerKey()
    for one in units:
        key.add_unit(one, "main")
    key.add_row("users", USER[1])
    key.add_row("products", row(1, "shirt"))
    return key


KEY = key_of(UNITS)


def event(table, op, after, before=None, at=1000, transaction=None, partition=0):
    return events.Event(table, partition, at, {"id": (after or before)["id"]}, op, before, after, transaction)


def stream():
    """What arrives when nothing is wrong; orders tell the whole row before."""
    gone = {"id": "i", "note": "", "number": 0, "share": 0.0, "version": 0}
    return [event("products", "r", row(1, "shirt")), event("users", "r", USER[0]),
            event("orders", "c", A1, transaction=70), event("items", "c", ITEM, transaction=70),
            event("orders", "u", A2, A1, transaction=71),
            event("orders", "c", B1, transaction=72), event("users", "u", USER[1], transaction=72),
            event("orders", "u", A3, A2, transaction=73),
            event("orders", "u", B2, B1, transaction=74),
            event("items", "d", None, gone, transaction=75), events.Event("items", 0, 1000, {"id": "i"}, "t", None, None, None)]


def found(stream_, **how):
    judge = Judge(KEY, **{"full": ["orders"], **how})
    for one in stream_:
        judge.add(one)
    return [str(finding) for finding in judge.finish()]


class JudgeTest(unittest.TestCase):
    def finds(self, stream_, *beginnings, **how):
        seen = found(stream_, **how)
        self.assertEqual(len(seen), len(beginnings), seen)
        for text, beginning in zip(seen, beginnings):
            self.assertTrue(text.startswith(beginning), seen)

    def changed(self, at, **fields):
        damaged = stream()
        damaged[at] = damaged[at]._replace(**fields)
        return damaged

    def test_a_right_stream_has_no_finding(self):
        self.finds(stream())

    def test_any_event_that_lacks_is_named(self):
        units = [None, None, 0, 0, 1, 2, 2, 3, 4, 5]
        for at, one in enumerate(stream()[:-1]):
            of_unit = "" if units[at] is None else f" of unit {units[at]} of run main"
            lacking = stream()[:at] + stream()[at + 1:]
            # Its tombstone is then one too many.
            more = ["unplanned: items i"] if one.op == "d" else []
            self.finds(lacking, *more, f"missing: {one.table} {one.key['id']}{of_unit}: {one.op.replace('r', 'c')}, version")

    def test_a_tombstone_that_lacks(self):
        self.finds(stream()[:-1], "missing: items i of unit 5 of run main: the tombstone")

    def test_a_tombstone_too_many(self):
        self.finds(stream() + stream()[-1:], "unplanned: items i: a tombstone")

    def test_any_event_that_comes_twice_is_named(self):
        for at, one in enumerate(stream()[:-1]):
            self.finds(stream()[:at + 1] + stream()[at:], f"repeated: {one.table} {one.key['id']}")

    def test_every_column(self):
        for name, other in (("note", "x"), ("number", 2), ("number", None), ("share", 0.25), ("version", "1"), ("id", "b")):
            with self.subTest(name, other=other):
                self.finds(self.changed(2, after={**A1, name: other}),
                           f"altered: orders a of unit 0 of run main: version 1 of 3: {name} {other!r} instead of {A1[name]!r}")

    def test_types(self):
        for other in (True, 1.0):
            self.finds(self.changed(2, after={**A1, "number": other}), "altered: orders a of unit 0")

    def test_columns_that_are_not_planned_or_not_there(self):
        begin = "altered: orders a of unit 0 of run main: version 1 of 3: "
        self.finds(self.changed(2, after={**A1, "more": None}), begin + "more, which is not planned, is None")
        self.finds(self.changed(2, after={name: cell for name, cell in A1.items() if name != "note"}),
                   begin + "note is not there")

    def test_operation(self):
        self.finds(self.changed(4, op="c"), "altered: orders a of unit 1 of run main: version 2 of 3: operation c instead of u")

    def test_the_row_before(self):
        begin = "altered: orders a of unit 1 of run main: version 2 of 3: before, "
        self.finds(self.changed(4, before={**A1, "note": "x"}), begin + "note 'x' instead of 'one'")
        self.finds(self.changed(4, before=None), begin + "no row instead of one")
        self.finds(self.changed(6, before=USER[0]), "altered: users u of unit 2")
        self.finds(self.changed(9, before={**A1, "id": "x"}), "altered: items i of unit 5")
        self.finds([one._replace(before=None) for one in stream()], before=False)

    def test_key(self):
        self.finds(self.changed(4, key={"id": "a", "note": "x"}), "altered: orders a: the key is")
        self.finds(self.changed(2, key={"id": "z"}), "unplanned: orders z", "missing: orders a of unit 0")
        self.finds([*stream(), event("gifts", "c", row("g", ""))], "unplanned: gifts g")

    def test_order(self):
        swapped = stream()
        swapped[4], swapped[7] = swapped[7], swapped[4]
        self.finds(swapped, "out of order: orders a of unit 1 of run main: u, version 2 of 3 comes behind version 3")

    def test_rows_of_different_keys_come_in_any_order(self):
        swapped = stream()
        swapped[7], swapped[8] = swapped[8], swapped[7]
        self.finds(swapped)

    def test_a_key_in_two_partitions(self):
        self.finds(self.changed(7, partition=1), "moved: orders a: partitions 0 and 1")

    def test_units_and_transactions(self):
        self.finds(self.changed(3, transaction=90), "torn: items i of unit 0 of run main: transactions 70 and 90")
        self.finds(self.changed(8, transaction=73), "mixed: orders b of unit 4 of run main: transaction 73 is that of unit 3")

    # ---- Snapshot ----

    def seam(self):
        """The first two units are in the snapshot."""
        return [event("products", "r", row(1, "shirt")), event("users", "r", USER[0]), event("orders", "r", A2),
                event("items", "r", ITEM), *stream()[5:]]

    def test_a_snapshot_stands_for_what_was_before(self):
        self.finds(self.seam())

    def test_a_row_between_snapshot_and_stream_is_missing(self):
        lacking = self.seam()
        lacking[2] = event("orders", "r", A1)
        self.finds(lacking, "missing: orders a of unit 1 of run main: u, version 2 of 3")

    def test_a_unit_half_in_the_snapshot(self):
        torn = [one for one in stream() if one.key["id"] != "i"]
        torn[2:2] = [event("items", "r", ITEM)]
        torn += stream()[-2:]
        self.finds(torn, "torn: items i of unit 0 of run main: a part")

    def test_a_stale_row(self):
        self.finds([*stream(), event("orders", "r", A2)], "stale: orders a of unit 1")

    def test_what_the_snapshot_had_comes_again(self):
        again = self.seam()
        again.insert(4, event("orders", "u", A2, A1, transaction=71))
        self.finds(again, "repeated: orders a of unit 1")

    # ---- Kills ----

    def replayed(self, *more):
        """Killed behind the sixth event; from the fourth on all comes again."""
        late = [one._replace(timestamp=KILLED_AT + 100) for one in (*stream()[3:6], *more, *stream()[6:])]
        return stream()[:6] + late

    def test_behind_a_kill_events_may_come_again(self):
        judge = Judge(KEY, full=["orders"], kills=[KILLED_AT])
        for one in self.replayed():
            judge.add(one)
        self.assertEqual(judge.finish(), [])
        self.assertEqual(sum(counts["again"] for counts in judge.counts.values()), 3)

    def test_without_a_kill_they_may_not(self):
        self.finds(self.replayed(), "repeated: items i", "repeated: orders a", "repeated: orders b")

    def test_but_only_once(self):
        self.finds(self.replayed(stream()[4]), "repeated: orders a", kills=[KILLED_AT])

    def test_and_not_behind_something_new(self):
        late = [one._replace(timestamp=KILLED_AT + 100) for one in (stream()[7], *stream()[4:7], *stream()[8:])]
        # Orders are replayed behind one that is new; and users have had nothing new.
        self.finds(stream()[:7] + late, "repeated: orders a", "repeated: orders b", kills=[KILLED_AT])

    def test_and_not_changed(self):
        damaged = self.replayed()
        damaged[7] = damaged[7]._replace(transaction=99)
        self.finds(damaged, "torn: orders a of unit 1", kills=[KILLED_AT])
        damaged[7] = stream()[4]._replace(timestamp=KILLED_AT + 100, after={**A2, "note": "x"})
        self.finds(damaged, "altered: orders a of unit 1", kills=[KILLED_AT])

    def test_a_kill_excuses_no_loss(self):
        lacking = self.replayed()
        lacking.pop(9)
        self.finds(lacking, "missing: users u of unit 2", kills=[KILLED_AT])


class TransactionsTest(unittest.TestCase):
    """Begin and end of a transaction, as the connector marks them."""

    def setUp(self):
        self.judge = Judge(KEY, full=["orders"])
        for one in stream():
            self.judge.add(one)
        self.marks = [mark for number in range(70, 76) for mark in (
            {"status": "BEGIN", "id": f"{number}:1", "event_count": None, "data_collections": None},
            {"status": "END", "id": f"{number}:2", **self.count(*(("orders", "items") if number == 70 else
                                                                   ("orders", "users") if number == 72 else
                                                                   ("items",) if number == 75 else ("orders",)))})]

    @staticmethod
    def count(*tables):
        return {"event_count": len(tables), "data_collections": [{"data_collection": f"demo.{table}", "event_count": 1}
                                                                 for table in tables]}

    def finds(self, marks, *beginnings):
        seen = [str(finding) for finding in self.judge.judge_transactions(marks, "demo")]
        self.assertEqual(len(seen), len(beginnings), seen)
        for text, beginning in zip(seen, beginnings):
            self.assertTrue(text.startswith(beginning), seen)

    def test_right_marks(self):
        # Nobody asks for those of other writers.
        self.finds([{"status": "BEGIN", "id": "99:1", "event_count": None, "data_collections": None}, *self.marks])

    def test_marks_that_lack(self):
        self.finds(self.marks[1:], "missing: transaction 70 of unit 0 of run main: END comes without BEGIN")
        self.finds(self.marks[:-1], "missing: transaction 75 of unit 5 of run main: END")

    def test_wrong_counts(self):
        for wrong in (self.count("orders"), {**self.count("orders", "items"), "event_count": 3}, self.count("orders", "users")):
            self.finds([self.marks[0], {**self.marks[1], **wrong}, *self.marks[2:]], "altered: transaction 70 of unit 0")

    def test_marks_that_come_twice(self):
        again = [*self.marks[:2], *self.marks]
        self.finds(again, "repeated: transaction 70", "repeated: transaction 70")
        self.judge.kills = [KILLED_AT]
        self.finds(again)


class AnswerKeyTest(unittest.TestCase):
    def test_units_that_do_not_fit_together(self):
        for damaged in (unit(6, insert("orders", A1)), unit(6, update("orders", A1, A2))):
            with self.assertRaises(answer_key.Inconsistent):
                key_of([*UNITS, damaged])

    def test_a_table_that_differs_from_the_plan(self):
        with self.assertRaises(answer_key.Inconsistent):
            copy.deepcopy(KEY).add_row("users", {**USER[1], "note": "x"})

    def test_first_users(self):
        self.assertEqual(KEY.first_users, 1)


class RecordsTest(unittest.TestCase):
    def test_frames(self):
        frames = b"0 7 1000 3 5\nk\nyv\n\0\n1\n2 8 1001 -1 -1\n\n"
        self.assertEqual(list(events.framed(io.BytesIO(frames))),
                         [events.Record(0, 7, 1000, b"k\ny", b"v\n\0\n1"), events.Record(2, 8, 1001, None, None)])

    def test_an_end_within_a_record(self):
        for end in (b"0 7 1000 1 5\nkva", b"0 7 1000 1", b"% error\n"):
            with self.assertRaises(events.Unreadable):
                list(events.framed(io.BytesIO(end)))

    ENVELOPE = {"before": None, "after": A1, "op": "c", "source": {"table": "orders", "snapshot": "false", "txId": 70},
                "transaction": {"id": "70:4711"}}

    def read(self, value, flat=False):
        record = events.Record(0, 0, 1000, b'{"id":"a"}', None if value is None else json.dumps(value).encode())
        return events.event_of(record, "orders", json.loads, flat)

    def test_envelope(self):
        self.assertEqual(self.read(self.ENVELOPE), event("orders", "c", A1, transaction=70))
        self.assertEqual(self.read(None).op, "t")

    def test_envelopes_that_contradict_themselves(self):
        source = self.ENVELOPE["source"]
        for fields in ({"source": {**source, "table": "items"}}, {"source": {**source, "snapshot": "last"}}, {"op": "r"},
                       {"transaction": {"id": "71:4711"}}):
            with self.subTest(fields), self.assertRaises(events.Unreadable):
                self.read({**self.ENVELOPE, **fields})
        with self.assertRaises(events.Unreadable):
            self.read({"after": A1})

    def test_flat(self):
        names = {"__op": "c", "__txId": 70, "__deleted": "false"}
        self.assertEqual(self.read({**A1, **names}, flat=True), event("orders", "c", A1, transaction=70))
        with self.assertRaises(events.Unreadable):
            self.read(A1, flat=True)


class AvroTest(unittest.TestCase):
    ROW = {"type": "record", "name": "Value", "namespace": "shop", "fields": [
        {"name": "id", "type": {"type": "string", "connect.name": "uuid"}}, {"name": "count", "type": "long"},
        {"name": "share", "type": "double"}, {"name": "good", "type": "boolean"}, {"name": "note", "type": ["null", "string"]},
        {"name": "list", "type": {"type": "array", "items": "int"}}]}
    ENVELOPE = {"type": "record", "name": "Envelope", "namespace": "shop", "fields": [
        {"name": "before", "type": ["null", ROW]}, {"name": "after", "type": ["null", "Value"]},
        {"name": "op", "type": "string"}]}
    MESSAGE = (b"\0\0\0\0\x09" + b"\0" + b"\2" + b"\6a\xc3\xa9" + b"\xd3\x02" + struct.pack("<d", -0.1) + b"\1" + b"\2\2x" +
               b"\4\1\2\0" + b"\2c")
    MEANING = {"before": None, "op": "c",
               "after": {"id": "aé", "count": -170, "share": -0.1, "good": True, "note": "x", "list": [-1, 1]}}

    def setUp(self):
        self.asked = []
        self.decode = events.Avro(lambda number: self.asked.append(number) or json.dumps(self.ENVELOPE))

    def test_a_message(self):
        self.assertEqual(self.decode(self.MESSAGE), self.MEANING)
        self.assertEqual(self.decode(self.MESSAGE), self.MEANING)
        self.assertEqual(self.asked, [9])

    def test_damaged_messages(self):
        for damaged in (self.MESSAGE[:-1], self.MESSAGE + b"\0", b"\1" + self.MESSAGE[1:], b"\0\0"):
            with self.subTest(damaged), self.assertRaises(events.Unreadable):
                self.decode(damaged)

    def test_an_unknown_type(self):
        decode = events.Avro(lambda number: '{"type": "map", "values": "int"}')
        with self.assertRaises(events.Unreadable):
            decode(self.MESSAGE)


if __name__ == "__main__":
    unittest.main()
