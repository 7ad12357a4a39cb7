"""Controls of the oracle: verifies that are wrong."""

import random
import tempfile

import cases
import oracle
from fuzzers import Fuzzer, kinds_of


def ideal(expects):
    """What a verify that is right would say."""
    right = oracle.combined(expects)
    status = next(one for one in (oracle.MISMATCH, oracle.NOT_PROVEN, oracle.CLEAN) if one in right)
    examples = []
    for need in [need for expect in expects for need in expect.needs]:
        table, key = sorted(need.rows, key=str)[0]
        word = sorted(need.words, key=lambda word: (word not in oracle.MISMATCHES, word))[0]
        examples.append({"defect": word, "table": table, "key": str(key), "column": need.column})
    if status == oracle.MISMATCH and not any(one["defect"] in oracle.MISMATCHES for one in examples):
        status = oracle.NOT_PROVEN if oracle.NOT_PROVEN in right else status
    counts = {one["defect"]: 1 for one in examples} or {"lost": 1}
    lines = [line.split("|")[0].replace(".*", " ") for expect in expects for line in expect.must]
    return oracle.Outcome(status, {"verdict": ("clean", "mismatch", "not proven")[status], "counts": counts, "examples": examples,
                                   "not_proven": lines}, " ".join(expect.said for expect in expects), "")


def with_report(outcome, status=None, **changes):
    status = outcome.status if status is None else status
    report = outcome.report | {"verdict": ("clean", "mismatch", "not proven")[status]} | changes
    return oracle.Outcome(status, report, outcome.text, "")


def spoiled(key):
    return key[:-1] + ("0" if key[-1] != "0" else "1")


# Verifies that are wrong, and whether these expectations can tell.
FAKES = {
    "says clean always": (lambda o: with_report(o, 0, examples=[], not_proven=[]),
                          lambda o, e: oracle.CLEAN not in oracle.combined(e)),
    "never says mismatch": (lambda o: with_report(o, 2, not_proven=["it cannot be said"]), lambda o, e: True),
    "says mismatch always": (lambda o: with_report(o, 1), lambda o, e: oracle.MISMATCH not in oracle.combined(e)),
    "names another row": (lambda o: with_report(o, examples=[one | {"key": spoiled(one["key"])} for one in o.report["examples"]]),
                          lambda o, e: o.report["examples"]),
    "names another table": (lambda o: with_report(o, examples=[one | {"table": "heartbeat"} for one in o.report["examples"]]),
                            lambda o, e: o.report["examples"]),
    "names no row": (lambda o: with_report(o, examples=[]), lambda o, e: o.report["examples"]),
    "says another word": (lambda o: with_report(o, examples=[one | {"defect": "miscounted"} for one in o.report["examples"]]),
                          lambda o, e: o.report["examples"]),
    "says another column": (lambda o: with_report(o, examples=[one | {"column": "loyalty"} for one in o.report["examples"]]),
                            lambda o, e: any(need.column for one in e for need in one.needs)),
    "blames an innocent row": (lambda o: with_report(o, examples=o.report["examples"] + [
        {"defect": "lost", "table": "users", "key": "b1374800-0000-8000-8000-00000000dead"}]), lambda o, e: True),
    "gives a reason of its own": (lambda o: with_report(o, not_proven=o.report["not_proven"] + ["the moon is full"]), lambda o, e: True),
    "gives no reason": (lambda o: with_report(o, not_proven=[]), lambda o, e: any(one.must for one in e)),
    "ends with 70": (lambda o: oracle.Outcome(70, o.report, "", "broken expectation"), lambda o, e: True),
    "crashes": (lambda o: oracle.Outcome(-6, {}, "", ""), lambda o, e: True),
    "exits with another code than it reports": (lambda o: oracle.Outcome(o.status, o.report | {"verdict": "partly"}, "", ""),
                                                lambda o, e: True),
}


def self_test(given):
    """Each wrong verify has to be found in each case in which it can be told from a right one, and a right one never."""
    good, seen = True, {name: [0, 0] for name in FAKES}
    accepted = done = 0
    with tempfile.TemporaryDirectory(prefix="bazaard-fuzz.") as scratch:
        fuzzer = Fuzzer(given, scratch)
        for number in range(min(given.count, 250)):
            recipe = cases.draw(random.Random(f"control {given.seed} {number}"), sorted(kinds_of("events")))
            _, expects = fuzzer.build(recipe)
            right = ideal(expects)
            done += 1
            if found := oracle.faults(right, expects):
                print(f"***Failed: a right verdict is refused: {found[0]}, harms {recipe.harms}")
                good = False
                continue
            accepted += 1
            for name, (fake, can_be_told) in FAKES.items():
                if can_be_told(right, expects):
                    seen[name][1] += 1
                    seen[name][0] += bool(oracle.faults(fake(right), expects))
    print(f"  {'says what is right':40s} accepted in {accepted} of {done} cases")
    for name, (found, of) in seen.items():
        print(f"  {name:40s} found in {found} of {of} cases")
        if found < of or of == 0:
            print(f"***Failed: a verify that {name} is not found")
            good = False
    return good
