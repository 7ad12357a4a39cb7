"""Changes that say something else: values, operations, sides."""

from harms import BROKEN, ANY, harm, is_free, solid, first_rows, pick, another
from oracle import CLEAN, MISMATCH, Expect, Need
from stream import DECIMALS, Raw, base64_of

# ---- Altered ---------------------------------------------------------------------------------------------------------


def alter(case, m, side, column):
    row = dict(getattr(m, side))
    row[column] = another(case, row[column], column)
    return m.copy(**{side: row})


@harm
def altered(case):
    at = pick(case, solid(case, lambda m: m.op in "cu", demanded=True))
    if at is None:
        return None
    m = case.messages[at]
    column = case.chance.choice(sorted(set(m.after) - {"id", "updated_at"}))
    if case.form.without == f"{m.table}.{column}":
        return None
    case.messages[at] = alter(case, m, "after", column)
    return Expect("altered", MISMATCH, [Need("altered", [m.row_key], column)], where=f"{m.row_key} {column}")


@harm
def altered_version(case):
    at = pick(case, solid(case, lambda m: m.op in "cu" and "updated_at" in m.after))
    if at is None:
        return None
    m = case.messages[at]
    case.messages[at] = alter(case, m, "after", "updated_at")
    return Expect("altered_version", MISMATCH, [Need(("altered", "lost"), [m.row_key])], may=[Need(ANY, [m.row_key])],
                  where=str(m.row_key))


@harm
def altered_first_row(case):
    at = pick(case, first_rows(case))
    if at is None:
        return None
    m = case.messages[at]
    column = case.chance.choice(sorted(set(m.after) - {"id", "updated_at"}))
    case.messages[at] = alter(case, m, "after", column)
    return Expect("altered_first_row", MISMATCH, [Need("altered", [m.row_key], column)], where=f"{m.row_key} {column}")


@harm
def altered_read(case):
    at = pick(case, case.positions(lambda m: m.op == "r" and m.unit is not None and m.run == "main" and is_free(case, m)
                                   and m.unit < case.plan.settled))
    if at is None:
        return None
    m = case.messages[at]
    column = case.chance.choice(sorted(set(m.after) - {"id", "updated_at"}))
    case.messages[at] = alter(case, m, "after", column)
    return Expect("altered_read", MISMATCH, [Need("altered", [m.row_key], column)], where=f"{m.row_key} {column}")


@harm
def altered_before(case):
    if case.form.flat or not case.form.full:
        return None
    at = pick(case, solid(case, lambda m: m.op in "ud"))
    if at is None:
        return None
    m = case.messages[at]
    column = case.chance.choice(sorted(set(m.before) - {"id", "updated_at"}))
    case.messages[at] = alter(case, m, "before", column)
    return Expect("altered_before", MISMATCH, [Need("wrong before", [m.row_key], column)], where=f"{m.row_key} {column}")


@harm
def altered_before_version(case):
    if case.form.flat or not case.form.full:
        return None
    at = pick(case, solid(case, lambda m: m.op in "ud" and "updated_at" in m.before))
    if at is None:
        return None
    m = case.messages[at]
    case.messages[at] = alter(case, m, "before", "updated_at")
    return Expect("altered_before_version", MISMATCH, [Need("wrong before", [m.row_key])], may=[Need(ANY, [m.row_key])],
                  where=str(m.row_key))


@harm
def no_before(case):
    """REPLICA IDENTITY FULL, and one event tells nothing of the row before: allowed, it is changed at will."""
    if case.form.flat or not case.form.full:
        return None
    at = pick(case, solid(case, lambda m: m.op == "u"))
    if at is None:
        return None
    case.messages[at] = case.messages[at].copy(before=None, loose=True)
    return Expect("no_before", CLEAN)


@harm
def made_up_before(case):
    """Of a delete under REPLICA IDENTITY DEFAULT the key alone is believed: harmless."""
    if case.form.full:
        return None
    at = pick(case, solid(case, lambda m: m.op == "d"))
    if at is None:
        return None
    m = case.messages[at]
    row = {name: None if name != "id" else value for name, value in m.before.items()}
    case.messages[at] = m.copy(before=row, loose=True)
    return Expect("made_up_before", CLEAN)


ODD_VALUES = {
    # By what the column holds.
    "integer": (Raw("4294967314"), Raw("18446744073709551634"), Raw("1e1"), Raw("true"), Raw('"7"'), Raw("-1"), Raw("[]"), Raw("{}"),
                Raw("1.5"), Raw("9223372036854775808")),
    "decimal": (Raw('"184467440737095516.44"'), Raw('"1e400"'), Raw('"NaN"'), Raw("true"), Raw('""'), Raw('"-"'), Raw('"1.0.0"'),
                Raw('"////////////"'), Raw("1e308"), Raw("[]"), Raw('{"scale":2,"value":"AQ=="}'), Raw("null"),
                Raw('"99999999999999999999999999999999999999999999999999"')),
    "moment": (Raw('"yesterday"'), Raw('"2026-13-01T00:00:00Z"'), Raw('"2026-02-30T00:00:00.000000Z"'), Raw("-1"), Raw("true"),
               Raw('""'), Raw('"infinity"'), Raw("9223372036854775807"), Raw("18446744073709551615"), Raw("[]"), Raw("0"),
               Raw('"2026-01-01T25:00:00Z"')),
    "text": (Raw("1"), Raw("true"), Raw("[]"), Raw('{"a":1}'), Raw('"\\u0000"'), Raw('"\\ud800"'), Raw('"' + "x" * 9000 + '"')),
    "id": (Raw('"b1374c00"'), Raw('""'), Raw("7"), Raw('"zzzzzzzz-0000-8000-8000-000000000000"'), Raw("[]")),
}


def form_of(table, column):
    if column in DECIMALS:
        return "decimal"
    if column.endswith("_at"):
        return "moment"
    if column == "product_id" or column in ("age", "num_of_items", "quantity", "sequence_number", "distribution_center_id"):
        return "integer"
    if column.endswith("_id"):
        return "id"
    return "text" if column not in ("latitude", "longitude") else ""


@harm
def odd_value(case):
    """A value that no connector writes there."""
    at = pick(case, solid(case, lambda m: m.op in "cu"))
    if at is None:
        return None
    m = case.messages[at]
    column = case.chance.choice([c for c in sorted(set(m.after) - {"id", "updated_at"}) if form_of(m.table, c)])
    if m.after[column] is None:
        return None
    value = case.chance.choice(ODD_VALUES[form_of(m.table, column)])
    case.messages[at] = m.copy(raw={column: value})
    return Expect("odd_value", MISMATCH, [Need(("altered", "lost"), [m.row_key])], lines=[BROKEN], where=f"{m.row_key} {column} {value[:60]}")


@harm
def wrapped_decimal(case):
    """A number whose unscaled value is the right one modulo a power of two."""
    at = pick(case, solid(case, lambda m: m.op in "cu" and m.table == "order_items"))
    if at is None:
        return None
    m = case.messages[at]
    unscaled = int(m.after["sale_price"].replace(".", ""))
    wrong = unscaled + (1 << case.chance.choice((32, 64, 64, 64, 128))) * case.chance.choice((1, -1))
    if case.form.decimals == "precise":
        value = base64_of(wrong)
    else:
        sign, digits = ("-" if wrong < 0 else ""), f"{abs(wrong):03d}"
        value = f"{sign}{digits[:-2]}.{digits[-2:]}"
    case.messages[at] = m.copy(raw={"sale_price": value})
    return Expect("wrapped_decimal", MISMATCH, [Need(("altered", "lost"), [m.row_key])], lines=[BROKEN], where=f"{m.row_key} {value}")


# ---- Operations and sides --------------------------------------------------------------------------------------------


@harm
def wrong_op(case):
    """Another letter, and nothing else."""
    at = pick(case, solid(case))
    if at is None:
        return None
    m = case.messages[at]
    op = case.chance.choice([o for o in "cud" if o != m.op])
    case.messages[at] = m.copy(op=op, loose=True, before=m.before if case.form.full or m.op == "d" else None)
    return Expect("wrong_op", MISMATCH, [Need(("wrong op", "lost"), [m.row_key])], may=[Need(ANY, [m.row_key])], where=f"{m.row_key} {m.op} as {op}")


@harm
def wrong_op_in_form(case):
    """Another operation, with the sides that it has."""
    at = pick(case, solid(case))
    if at is None:
        return None
    m = case.messages[at]
    op = case.chance.choice([o for o in "cud" if o != m.op])
    row = m.after or m.before
    sides = {"c": (None, row), "u": (row if case.form.full else None, row), "d": (row, None)}[op]
    case.messages[at] = m.copy(op=op, before=sides[0], after=sides[1], loose=op == "d" and case.form.full)
    return Expect("wrong_op_in_form", MISMATCH, [Need(("wrong op", "lost"), [m.row_key])], may=[Need(ANY, [m.row_key])],
                  where=f"{m.row_key} {m.op} as {op}")


@harm
def odd_op(case):
    at = pick(case, solid(case))
    if at is None:
        return None
    m = case.messages[at]
    case.messages[at] = m.copy(op=case.chance.choice(("x", "", "cc", "m", "C")))
    return Expect("odd_op", MISMATCH, [Need(("wrong op", "lost"), [m.row_key])], lines=[BROKEN], where=f"{m.row_key} {case.messages[at].op!r}")


@harm
def row_only_in_before(case):
    """`after` null, the row stands in `before`."""
    if case.form.flat:
        return None
    at = pick(case, solid(case, lambda m: m.op in "cu"))
    if at is None:
        return None
    m = case.messages[at]
    case.messages[at] = m.copy(before=m.after, after=None, loose=True)
    return Expect("row_only_in_before", MISMATCH, [Need(("altered", "lost", "wrong op", "wrong before"), [m.row_key])],
                  may=[Need(ANY, [m.row_key])], lines=[BROKEN], where=f"{m.row_key} {m.op}")


@harm
def no_sides(case):
    if case.form.flat:
        return None
    at = pick(case, solid(case))
    if at is None:
        return None
    m = case.messages[at]
    case.messages[at] = m.copy(before=None, after=None, loose=True)
    return Expect("no_sides", MISMATCH, [Need(("altered", "lost", "wrong op"), [m.row_key])], lines=[BROKEN], where=f"{m.row_key} {m.op}")


@harm
def insert_with_before(case):
    if case.form.flat:
        return None
    at = pick(case, solid(case, lambda m: m.op == "c"))
    if at is None:
        return None
    m = case.messages[at]
    case.messages[at] = m.copy(before=dict(m.after), loose=True)
    return Expect("insert_with_before", MISMATCH, [Need(("wrong before", "wrong op"), [m.row_key])], may=[Need(ANY, [m.row_key])],
                  where=str(m.row_key))


@harm
def delete_with_after(case):
    if case.form.flat:
        return None
    at = pick(case, solid(case, lambda m: m.op == "d"))
    if at is None:
        return None
    m = case.messages[at]
    case.messages[at] = m.copy(after=dict(m.before), loose=True)
    return Expect("delete_with_after", MISMATCH, [Need(("altered", "wrong op", "lost"), [m.row_key])], may=[Need(ANY, [m.row_key])],
                  where=str(m.row_key))


@harm
def first_row_as_update(case):
    """An insert of before unit 0, told as an update."""
    at = pick(case, first_rows(case, lambda m: m.op == "c"))
    if at is None:
        return None
    m = case.messages[at]
    case.messages[at] = m.copy(op="u")
    return Expect("first_row_as_update", MISMATCH, [Need(("wrong op", "lost"), [m.row_key])], may=[Need(ANY, [m.row_key])],
                  where=str(m.row_key))


@harm
def first_update_as_insert(case):
    """The first update of a row of before unit 0, told as an insert."""
    at = pick(case, solid(case, lambda m: m.op == "u" and case.plan.history(m.row_key)[0] is m.change))
    if at is None:
        return None
    m = case.messages[at]
    case.messages[at] = m.copy(op="c", before=None)
    return Expect("first_update_as_insert", MISMATCH, [Need("wrong op", [m.row_key])], may=[Need("lost", [m.row_key])], where=str(m.row_key))
