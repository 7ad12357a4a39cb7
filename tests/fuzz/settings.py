"""What a connector's settings do to a stream: no harm, if `verify` is given the configuration, but not all is proven."""

import hashlib
import json
import pathlib

from harms import claim_table, harm
from oracle import NOT_PROVEN, Expect

TOP = pathlib.Path(__file__).resolve().parents[2]
TEXTS = {"users": ("email", "first_name", "city", "street_address"), "orders": ("ship_city", "ship_country"),
         "events": ("browser", "uri", "ip_address"), "products": ("name", "brand")}


def configured(case, table, **settings):
    """Whether this stream can be one of such a connector; its configuration goes with it."""
    form = case.form
    if case.config or form.flat or form.schemas or form.decimals != "string" or form.times != "iso" or form.without or case.claimed:
        return False
    if table is not None and not any(m.kind == "change" and m.table == table for m in case.messages):
        return False
    config = json.loads((TOP / "debezium/thelook.json").read_text(encoding="utf-8"))
    case.config = config | {name.replace("_", "."): value for name, value in settings.items()}
    if table is not None:
        claim_table(case, table)
    return True


def rewritten(case, table, column, how):
    for m in case.messages:
        if m.kind == "change" and m.table == table:
            for side in ("before", "after"):
                row = getattr(m, side)
                if row is not None and row.get(column) is not None:
                    setattr(m, side, dict(row, **{column: how(row[column])}))


def text_column(case):
    table = case.chance.choice(sorted(TEXTS))
    return table, case.chance.choice(TEXTS[table])


def not_compared(name, table, column, setting):
    return Expect(name, NOT_PROVEN, must=[f"{table}.*{column}.*{setting}"], lines=[setting], where=f"{table}.{column}")


@harm
def masked(case):
    table, column = text_column(case)
    if not configured(case, table, **{"column.mask.with.10.chars": rf"demo\.{table}\.{column}"}):
        return None
    rewritten(case, table, column, lambda text: "*" * 10)
    return not_compared("masked", table, column, "column.mask")


@harm
def hashed(case):
    table, column = text_column(case)
    if not configured(case, table, **{"column.mask.hash.v2.SHA-256.with.salt.pepper": f"demo.{table}.{column}"}):
        return None
    rewritten(case, table, column, lambda text: hashlib.sha256(text.encode() + b"pepper").hexdigest())
    return not_compared("hashed", table, column, "column.mask")


@harm
def shortened(case):
    table, column = text_column(case)
    if not configured(case, table, **{"column.truncate.to.3.chars": f"demo.{table}.{column}"}):
        return None
    rewritten(case, table, column, lambda text: text[:3])
    return not_compared("shortened", table, column, "column.truncate")


@harm
def column_excluded(case):
    table, column = case.chance.choice((("users", "city"), ("orders", "updated_at"), ("orders", "status"), ("order_items", "sale_price"),
                                        ("events", "uri"), ("users", "updated_at"), ("order_items", "updated_at")))
    if not configured(case, table, **{"column.exclude.list": f"demo.{table}.{column}"}):
        return None
    case.form.without = f"{table}.{column}"
    return Expect("column_excluded", NOT_PROVEN, must=[table], lines=[column, "column.exclude.list", "ends at unit", "do not have the version"], where=case.form.without)


@harm
def operations_skipped(case):
    op = case.chance.choice("ud")
    there = [m for m in case.messages if m.kind == "change" and m.op == op and m.unit is not None and m.run == "main" and
             m.unit < case.bound() and not case.covered(m.change)]
    if case.missing_units or not there or not configured(case, None, skipped_operations=f"{op},t"):
        return None
    case.messages = [m for m in case.messages if not (m.kind == "change" and m.op == op or m.kind == "tombstone" and op == "d")]
    case.claimed |= set(case.plan.units) | {m.row_key for m in case.messages} | {m.row_key for m in there}
    return Expect("operations_skipped", NOT_PROVEN, must=["skipped.operations"], lines=["ends at unit", "before the stream begins",
                                                                                       "nothing is demanded", "only a part"], where=op)


@harm
def table_not_captured(case):
    table = case.chance.choice(("users", "orders", "order_items", "events", "products"))
    if case.missing_units or not configured(case, table):
        return None
    others = [one for one in case.config["table.include.list"].split(",") if one != rf"demo\.{table}"]
    case.config["table.include.list"] = ",".join(others)
    case.messages = [m for m in case.messages if m.table != table]
    case.claimed |= set(case.plan.units) | {m.row_key for m in case.messages}
    if not any(m.kind == "change" and m.unit is not None for m in case.messages):
        return None
    return Expect("table_not_captured", NOT_PROVEN, must=[table], lines=["ends at unit", "before the stream begins", "nothing is demanded",
                                                                         "only a part", "table.(ex|in)clude.list"], where=table)


@harm
def plain_configuration(case):
    """The configuration of what was sent: harmless."""
    return Expect("plain_configuration", (0,)) if configured(case, None) else None
