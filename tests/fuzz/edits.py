"""Edits of a database by SQL, and what has to be said of each."""

import random

from harms import another
from oracle import CLEAN, MISMATCH, NOT_PROVEN, Expect, Need
from plans import FIXED, NUMBER

SHOP = ("users", "orders", "order_items", "events")
EDITS = {}
ANY = frozenset(("missing", "extra", "different", "stale", "torn", "foreign edit"))


def edit(function):
    EDITS[function.__name__] = function
    return function


def quoted(value):
    if value is None:
        return "NULL"
    if isinstance(value, (int, float)):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


class Try:
    """One database that is edited: SQL, and flags of verify."""

    def __init__(self, base, seed, card=False):
        self.base, self.plan = base, base.plan
        # A card knows nothing beyond its end.
        self.demanded = base.settled if card else base.demanded
        self.chance = random.Random(seed)
        self.sql = []
        self.words = []
        self.claimed = set()

    def where(self, key):
        return f"id = {quoted(key[1])}"

    def history(self, key):
        return [c for c in self.plan.history(key) if c.unit in self.base.present]

    def units_of(self, key):
        return {c.unit for c in self.plan.history(key)}

    def free(self, key):
        units = self.units_of(key)
        keys = {key} | {(c.table, c.key) for unit in units for c in self.plan.units[unit]}
        return not (units | keys) & self.claimed

    def claim(self, *keys):
        for key in keys:
            units = self.units_of(key)
            self.claimed |= units | {key} | {(c.table, c.key) for unit in units for c in self.plan.units[unit]}

    def is_demanded(self, key):
        """All of the row's units are below what is demanded, and no unit that may be on its way changes it."""
        units = self.units_of(key)
        return all(unit < self.demanded for unit in units)

    def rows(self, good=lambda key, row: True, demanded=True):
        return sorted((key for key, row in self.base.rows.items() if self.free(key) and (not demanded or self.is_demanded(key)) and
                       not self.may_be_removed(key) and good(key, row)), key=lambda key: (key[0], str(key[1])))

    def may_be_removed(self, key):
        """A going run that removes may be about to remove it."""
        return not self.base.ended and self.plan.retains and key[0] in ("orders", "order_items", "events")

    def pick(self, keys):
        if not keys:
            return None
        tables = sorted({key[0] for key in keys})
        table = self.chance.choice(tables)
        key = self.chance.choice([key for key in keys if key[0] == table])
        self.claim(key)
        return key

    def insert(self, table, row):
        names = ", ".join(row)
        self.sql.append(f"INSERT INTO demo.{table} ({names}) VALUES ({', '.join(map(quoted, row.values()))})")

    def update(self, key, **values):
        text = ", ".join(f"{name} = {quoted(value)}" for name, value in values.items())
        self.sql.append(f"UPDATE demo.{key[0]} SET {text} WHERE {self.where(key)}")


@edit
def deleted(t):
    key = t.pick(t.rows())
    if key is None:
        return None
    t.sql.append(f"DELETE FROM demo.{key[0]} WHERE {t.where(key)}")
    return Expect("deleted", MISMATCH, [Need("missing", [key])], where=str(key))


@edit
def deleted_unit(t):
    """All rows that a unit has inserted."""
    key = t.pick(t.rows(lambda key, row: t.history(key) and t.history(key)[0].op == "c" and len(t.units_of(key)) == 1 and
                        all(t.units_of((c.table, c.key)) == t.units_of(key) for c in t.plan.units[min(t.units_of(key))])))
    if key is None:
        return None
    unit = min(t.units_of(key))
    keys = [(c.table, c.key) for c in t.plan.units[unit]]
    for one in keys:
        t.sql.append(f"DELETE FROM demo.{one[0]} WHERE {t.where(one)}")
    return Expect("deleted_unit", MISMATCH, [Need("missing", [one]) for one in keys], where=f"unit {unit}")


@edit
def deleted_at_the_end(t):
    """Rows of the newest units of a run that goes on."""
    if t.base.ended:
        return None
    near = [key for key in t.base.rows if t.free(key) and t.units_of(key) and max(t.units_of(key)) >= t.demanded and
            not t.may_be_removed(key)]
    key = t.pick(sorted(near, key=str))
    if key is None:
        return None
    t.sql.append(f"DELETE FROM demo.{key[0]} WHERE {t.where(key)}")
    units = t.units_of(key)
    may = [Need(ANY, [(c.table, c.key) for unit in units for c in t.plan.units[unit]])]
    return Expect("deleted_at_the_end", (CLEAN, MISMATCH, NOT_PROVEN), may=may, where=str(key))


@edit
def deleted_first_user(t):
    key = t.pick(t.rows(lambda key, row: key[0] == "users" and not t.units_of(key)))
    if key is None:
        return None
    t.sql.append(f"DELETE FROM demo.users WHERE {t.where(key)}")
    return Expect("deleted_first_user", MISMATCH, [Need("missing", [key])], where=str(key))


@edit
def emptied(t):
    """TRUNCATE."""
    if t.claimed:
        return None
    table = t.chance.choice(SHOP)
    keys = [key for key in t.base.rows if key[0] == table and t.is_demanded(key) and not t.may_be_removed(key)]
    if not keys or not t.base.ended:
        return None
    t.claimed |= {key for key in t.base.rows} | t.base.present
    t.sql.append(f"TRUNCATE demo.{table} CASCADE")
    needs = [Need("missing", [key]) for key in keys]
    return Expect("emptied", MISMATCH, needs, where=table)


@edit
def different(t):
    key = t.pick(t.rows())
    if key is None:
        return None
    row = t.base.rows[key]
    column = t.chance.choice(sorted(set(row) - {"id", "updated_at"}))
    t.update(key, **{column: another(t, row[column], column)})
    return Expect("different", MISMATCH, [Need("different", [key], column)], where=f"{key} {column}")


@edit
def foreign_version(t):
    key = t.pick(t.rows(lambda key, row: "updated_at" in row and row["updated_at"] is not None))
    if key is None:
        return None
    values = {"updated_at": t.chance.choice(("2026-01-01T00:00:00.141592Z", "2099-12-31T00:00:00Z", "1999-01-01T00:00:00Z", "infinity",
                                              "-infinity"))}
    if t.chance.random() < 0.5:
        column = {"users": "city", "orders": "ship_city", "order_items": "quantity", "products": "name"}[key[0]]
        values[column] = 5 if column == "quantity" else "Nowhere"
    t.update(key, **values)
    return Expect("foreign_version", NOT_PROVEN, [Need("foreign edit", [key])], where=f"{key} {values}")


@edit
def foreign_version_of_a_product(t):
    key = t.pick(t.rows(lambda key, row: key[0] == "products" and row["updated_at"] is None))
    if key is None:
        return None
    t.update(key, updated_at="2026-01-01T00:00:00.141592Z", name="Nothing")
    return Expect("foreign_version_of_a_product", NOT_PROVEN, [Need("foreign edit", [key])], where=str(key))


@edit
def version_behind_the_end(t):
    """A moment that a longer run would have come to."""
    key = t.pick(t.rows(lambda key, row: "updated_at" in row)) if t.base.ended else None
    if key is None:
        return None
    t.update(key, updated_at="2026-01-01T00:00:30.141592Z")
    return Expect("version_behind_the_end", NOT_PROVEN, [Need("foreign edit", [key])], where=str(key))


@edit
def stale(t):
    """A row as an older version left it."""
    key = t.pick(t.rows(lambda key, row: any(c.op == "u" for c in t.history(key))))
    if key is None:
        return None
    history = t.history(key)
    older = [c.before for c in history if c.op == "u"]
    row = t.chance.choice(older)
    t.update(key, **{name: value for name, value in row.items() if name != "id"})
    return Expect("stale", MISMATCH, [Need(("stale", "torn"), [key])], where=str(key))


@edit
def stale_unit(t):
    """All that a unit has changed is as before."""
    def good(key, row):
        history = t.history(key)
        if not history or history[-1].op != "u":
            return False
        changes = t.plan.units[history[-1].unit]
        return all(c.op == "u" and t.history((c.table, c.key))[-1] is c for c in changes)
    key = t.pick(t.rows(good))
    if key is None:
        return None
    changes = t.plan.units[t.history(key)[-1].unit]
    for c in changes:
        t.update((c.table, c.key), **{name: value for name, value in c.before.items() if name != "id"})
    return Expect("stale_unit", MISMATCH, [Need("stale", [(c.table, c.key)]) for c in changes], where=str(key))


@edit
def back_from_the_dead(t):
    """A row that a planned unit has removed."""
    gone = [(c.table, c.key) for number in sorted(t.base.present) for c in t.plan.units[number] if c.op == "d" and
            number < t.demanded and t.free((c.table, c.key))]
    key = t.pick(gone)
    if key is None:
        return None
    t.insert(key[0], t.history(key)[-1].before)
    return Expect("back_from_the_dead", MISMATCH, [Need("extra", [key])], where=str(key))


def copied(t, key, new, verdicts, words):
    row = dict(t.base.rows[key], id=new)
    t.insert(key[0], row)
    return verdicts, words


def with_id(t, name, make, verdicts, words, good=lambda key, row: True):
    keys = t.rows(lambda key, row: key[0] in SHOP and t.units_of(key) and good(key, row))
    key = t.pick(keys)
    if key is None:
        return None
    new = make(key)
    if new is None or (key[0], new) in t.base.rows or t.plan.history((key[0], new)):
        return None
    t.insert(key[0], dict(t.base.rows[key], id=new))
    codec = t.plan.codec.parts(new)
    return Expect(name, verdicts, [Need(words, [(key[0], new)])], where=f"{key[0]} {new} {codec[1:]}")


@edit
def extra_row_number(t):
    """An existing row number, of another unit."""
    def make(key):
        _, table, row, unit = t.plan.codec.parts(key[1])
        other = t.chance.choice(sorted(t.plan.units))
        return t.plan.codec.encode(table, row, other)
    return with_id(t, "extra_row_number", make, MISMATCH, "extra")


@edit
def extra_of_planned_unit(t):
    """A row number that no unit has used, of a planned unit."""
    def make(key):
        _, table, row, unit = t.plan.codec.parts(key[1])
        return t.plan.codec.encode(table, t.chance.choice((1 << 20, 5000, (1 << 40) - 1, row + 4096)), unit)
    return with_id(t, "extra_of_planned_unit", make, MISMATCH, "extra")


@edit
def extra_of_another_table(t):
    def make(key):
        others = sorted(k for k in t.base.rows if k[0] in SHOP and k[0] != key[0])
        return t.chance.choice(others)[1]
    return with_id(t, "extra_of_another_table", make, MISMATCH, "extra")


@edit
def extra_of_first_rows(t):
    def make(key):
        return t.plan.codec.encode(NUMBER[key[0]], 6 + t.chance.randrange(4), (1 << 40) - 1)
    return with_id(t, "extra_of_first_rows", make, MISMATCH, "extra")


@edit
def extra_beyond_the_end(t):
    def make(key):
        far = t.base.settled + t.chance.choice((0, 1, 40, 100_000, 1 << 38))
        return t.plan.codec.encode(NUMBER[key[0]], (1 << 38) + t.chance.randrange(1000), far)
    made = with_id(t, "extra_beyond_the_end", make, MISMATCH, "extra")
    if made and not t.base.ended:
        made.verdicts = frozenset((MISMATCH, NOT_PROVEN))
        made.may, made.needs = [Need(("extra", "foreign edit"), made.needs[0].rows)], []
        made.lines.append("beyond|behind|the card|window")
    return made


@edit
def corrupted_id(t):
    def make(key):
        _, table, row, unit = t.plan.codec.parts(key[1])
        return t.plan.codec.encode(table, row, unit, spoil=1 << t.chance.randrange(20))
    return with_id(t, "corrupted_id", make, (MISMATCH, NOT_PROVEN), ("extra", "foreign edit"))


@edit
def nobodys_row(t):
    def make(key):
        return f"{t.chance.getrandbits(32):08x}-1111-4222-9333-{t.chance.getrandbits(48):012x}"
    return with_id(t, "nobodys_row", make, NOT_PROVEN, "foreign edit")


@edit
def other_runs_row(t):
    def make(key):
        _, table, row, unit = t.plan.codec.parts(key[1])
        return t.plan.codec.encode(table, row, unit, tag=t.plan.codec.tag ^ 9)
    made = with_id(t, "other_runs_row", make, (CLEAN, NOT_PROVEN), "foreign edit")
    if made:
        made.may, made.needs = made.needs, []
    return made


@edit
def fixed_row_extra(t):
    table = t.chance.choice(FIXED)
    key = t.pick(t.rows(lambda key, row: key[0] == table))
    if key is None:
        return None
    new = t.chance.choice((99_999, 0, -1, 1 << 40))
    t.insert(table, dict(t.base.rows[key], id=new))
    return Expect("fixed_row_extra", (MISMATCH, NOT_PROVEN), [Need(("extra", "foreign edit"), [(table, new)])], where=f"{table} {new}")


@edit
def twice(t):
    """A row that is there two times, where no key forbids it."""
    key = t.pick(t.rows())
    if key is None:
        return None
    t.sql.append(f"ALTER TABLE demo.{key[0]} DROP CONSTRAINT IF EXISTS {key[0]}_pkey CASCADE")
    t.sql.append(f"INSERT INTO demo.{key[0]} SELECT * FROM demo.{key[0]} WHERE {t.where(key)}")
    return Expect("twice", MISMATCH, [Need("extra", [key])], where=str(key))


@edit
def swapped_ids(t):
    keys = t.rows(lambda key, row: key[0] in SHOP)
    key = t.pick(keys)
    if key is None:
        return None
    other = next((k for k in t.rows(lambda k, row: k[0] == key[0])), None)
    if other is None:
        return None
    t.claim(other)
    spare = "00000000-0000-4000-8000-000000000000"
    for old, new in ((key[1], spare), (other[1], key[1]), (spare, other[1])):
        t.sql.append(f"UPDATE demo.{key[0]} SET id = '{new}' WHERE id = '{old}'")
    both = [key, other]
    return Expect("swapped_ids", (MISMATCH, NOT_PROVEN), [Need(("different", "stale", "foreign edit"), both)], may=[Need(ANY, both)],
                  where=f"{key} {other[1]}")


@edit
def odd_value(t):
    key = t.pick(t.rows(lambda key, row: key[0] in ("users", "order_items", "dist_centers")))
    if key is None:
        return None
    column, value = {"users": t.chance.choice((("latitude", "NaN"), ("longitude", "infinity"), ("created_at", "infinity"), ("age", -1))),
                     "order_items": t.chance.choice((("sale_price", "NaN"), ("sale_price", "9999999999.99"), ("quantity", 2147483647),
                                                     ("created_at", "-infinity"))),
                     "dist_centers": t.chance.choice((("latitude", "NaN"), ("longitude", "-infinity")))}[key[0]]
    t.update(key, **{column: value})
    return Expect("odd_value", MISMATCH, [Need("different", [key], column)], where=f"{key} {column} {value}")


@edit
def null_value(t):
    key = t.pick(t.rows())
    if key is None:
        return None
    row = t.base.rows[key]
    columns = [c for c in sorted(set(row) - {"id"}) if row[c] is not None]
    column = t.chance.choice(columns)
    t.sql.append(f"ALTER TABLE demo.{key[0]} ALTER {column} DROP NOT NULL")
    t.update(key, **{column: None})
    if column == "updated_at":
        return Expect("null_value", (MISMATCH, NOT_PROVEN), [Need(("different", "foreign edit", "stale"), [key])], may=[Need(ANY, [key])],
                      where=f"{key} {column}")
    return Expect("null_value", MISMATCH, [Need("different", [key], column)], where=f"{key} {column}")


@edit
def up_to(t):
    """--up-to below what was deleted: harmless."""
    if t.claimed or "--up-to" in t.words:
        return None
    inserted = [key for key in t.base.rows if t.history(key) and t.history(key)[0].op == "c" and t.history(key)[0].unit > 4]
    if not inserted:
        return None
    key = t.chance.choice(sorted(inserted, key=str))
    unit = t.history(key)[0].unit
    t.sql.append(f"DELETE FROM demo.{key[0]} WHERE {t.where(key)}")
    t.words += ["--up-to", str(min(t.chance.randint(max(1, unit - 5), unit), t.base.settled))]
    t.claimed |= set(t.base.rows) | t.base.present
    return Expect("up_to", CLEAN, lines=[], where=f"{key} of unit {unit} {t.words}")


@edit
def up_to_all(t):
    """--up-to the end: what is missing is missing."""
    if t.claimed or "--up-to" in t.words:
        return None
    key = t.pick(t.rows(lambda key, row: t.units_of(key) and t.history(key)[0].op == "c"))
    if key is None:
        return None
    t.sql.append(f"DELETE FROM demo.{key[0]} WHERE {t.where(key)}")
    if max(t.units_of(key)) >= t.base.settled:
        return None
    t.words += ["--up-to", str(t.base.settled)]
    t.claimed |= set(t.base.rows) | t.base.present
    return Expect("up_to_all", MISMATCH, [Need("missing", [key])], where=f"{key} {t.words}")


@edit
def emptied_up_to_all(t):
    if t.claimed or not t.base.ended:
        return None
    t.words += ["--up-to", str(t.base.settled)]
    return emptied(t)


@edit
def other_run_emptied(t):
    """Rows of the schema's other run: harmless for this one."""
    if t.base.name != "two":
        return None
    t.sql.append(f"DELETE FROM demo.order_items WHERE NOT id::text LIKE '{next(k[1] for k in t.base.rows if k[0] == 'order_items')[:4]}%'")
    return Expect("other_run_emptied", CLEAN)


@edit
def further_column(t):
    table = t.chance.choice(SHOP + FIXED)
    t.sql.append(f"ALTER TABLE demo.{table} ADD COLUMN IF NOT EXISTS loyalty int DEFAULT 3")
    return Expect("further_column", CLEAN)


@edit
def other_type(t):
    table, column, kind = t.chance.choice((("users", "city", "varchar(300)"), ("users", "age", "bigint"), ("orders", "num_of_items", "numeric"),
                                           ("order_items", "sale_price", "numeric(20,6)"), ("events", "uri", "varchar"),
                                           ("events", "id", "text"), ("orders", "user_id", "varchar(36)")))
    if t.claimed:
        return None
    t.sql.append(f"ALTER TABLE demo.{table} ALTER {column} TYPE {kind}")
    return Expect("other_type", CLEAN, where=f"{table}.{column} {kind}")


@edit
def rewritten(t):
    table = t.chance.choice(SHOP)
    t.sql.append(f"UPDATE demo.{table} SET id = id")
    return Expect("rewritten", CLEAN)


@edit
def no_keys(t):
    table = t.chance.choice(SHOP)
    t.sql.append(f"ALTER TABLE demo.{table} DROP CONSTRAINT IF EXISTS {table}_pkey CASCADE")
    return Expect("no_keys", CLEAN)


@edit
def column_dropped(t):
    table, column = t.chance.choice((("users", "city"), ("orders", "ship_city"), ("order_items", "quantity"), ("events", "browser"),
                                     ("products", "brand")))
    if t.claimed:
        return None
    t.claimed |= {key for key in t.base.rows if key[0] == table}
    t.sql.append(f"ALTER TABLE demo.{table} DROP COLUMN {column}")
    return Expect("column_dropped", NOT_PROVEN, must=[column], where=f"{table}.{column}")
