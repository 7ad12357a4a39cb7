"""What must arrive: the history of every row, from `bazaard plan` and, for rows that no unit makes, from the tables."""

import json
import subprocess
from typing import NamedTuple, Optional

# One call of `bazaard plan` prints so many units.
UNITS_OF_A_CALL = 1_000_000
OPS = {"insert": "c", "update": "u", "delete": "d"}


class Version(NamedTuple):
    """A version of a row: how it came about (c, u or d), its columns (None for d), and by which unit.

    `unit` is "NUMBER of run NAME"; None for rows that are loaded before the first unit.
    """

    op: str
    row: Optional[dict]
    unit: Optional[str]


class Inconsistent(Exception):
    """Plan and tables do not fit together: no answer key can be made of them."""


class AnswerKey:
    """`tables[TABLE][ID]` is the list of the row's versions, oldest first."""

    def __init__(self):
        self.tables = {}
        self.first_users = 0
        self.units = 0

    def add_unit(self, unit, run):
        """One line of `plan --format jsonl`."""
        name = f"{unit['unit']} of run {run}"
        self.units += 1
        for change in unit["changes"]:
            before, after = change["before"], change["after"]
            row_id = (after or before)["id"]
            rows = self.tables.setdefault(change["table"], {})
            history = rows.get(row_id)
            if change["op"] == "insert":
                if history is not None:
                    raise Inconsistent(f"unit {name} inserts {change['table']} {row_id} again")
                rows[row_id] = [Version("c", after, name)]
                continue
            if history is None:
                # Of the rows that a run begins with.
                history = rows[row_id] = [Version("c", before, None)]
                self.first_users += change["table"] == "users"
            if history[-1].row != before:
                raise Inconsistent(f"unit {name} changes {change['table']} {row_id} from {before}, which is {history[-1].row}")
            history.append(Version(OPS[change["op"]], after, name))

    def add_row(self, table, row):
        """A row that is in the table. Those that no unit has made were loaded, and never changed."""
        rows = self.tables.setdefault(table, {})
        history = rows.get(row["id"])
        if history is None:
            rows[row["id"]] = [Version("c", row, None)]
            self.first_users += table == "users"
        elif history[-1].row != row:
            raise Inconsistent(f"the database has {row} in {table}, the plan ends with {history[-1].row}")


# ---- Sources ---------------------------------------------------------------------------------------------------------


def output(words):
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise Inconsistent(f"{' '.join(map(str, words[:2]))}: {done.stderr.strip()}")
    return done.stdout


def plan_of(program, schema, run, card_path):
    """The units of a run that has ended, as JSON objects, and its card."""
    text = output([program, "card", "--db-schema", schema, "--run", run])
    card = json.loads(text)
    card_path.write_text(text)
    for first in range(0, card["settled"], UNITS_OF_A_CALL):
        last = min(card["settled"], first + UNITS_OF_A_CALL) - 1
        words = [program, "plan", "--card", card_path, "--units", f"{first}..{last}", "--format", "jsonl", "--log-level",
                 "error"]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
            for line in process.stdout:
                yield card, json.loads(line)
        if process.returncode != 0:
            raise Inconsistent(f"bazaard plan of run {run} ended with {process.returncode}")


# Times and numbers as texts, as they stand in plans and events.
ROWS = """SELECT format('SELECT json_build_object(%s) FROM %I.%I', string_agg(format('%L, %s', column_name,
    CASE data_type WHEN 'numeric' THEN format('%I::text', column_name)
        WHEN 'timestamp with time zone'
        THEN format('to_char(%I AT TIME ZONE ''UTC'', ''YYYY-MM-DD"T"HH24:MI:SS.US"Z"'')', column_name)
        ELSE format('%I', column_name) END), ', ' ORDER BY ordinal_position), table_schema, table_name)
FROM information_schema.columns WHERE table_schema = :'schema' AND table_name = :'table'
GROUP BY table_schema, table_name \\gexec
"""


def rows_of(psql, schema, table):
    """The rows of a table; `psql` is a command line."""
    done = subprocess.run([*psql, "-XqAt", "-v", "ON_ERROR_STOP=1", "-v", f"schema={schema}", "-v", f"table={table}"],
                          input=ROWS, capture_output=True, text=True)
    if done.returncode != 0:
        raise Inconsistent(f"psql: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def answer_key(program, psql, schema, runs, directory):
    """Of the runs, which have ended, and of the rows that were loaded."""
    key = AnswerKey()
    first_users = 0
    for run in runs:
        card = None
        for card, unit in plan_of(program, schema, run, directory / f"{schema}.{run}.card"):
            key.add_unit(unit, run)
        if card is None:
            raise Inconsistent(f"run {run} has written nothing")
        first_users += int(card["settings"]["init-num-users"])
    for table in ("dist_centers", "products", "users"):
        for row in rows_of(psql, schema, table):
            key.add_row(table, row)
    if key.first_users != first_users:
        raise Inconsistent(f"{key.first_users} users were there before the first unit instead of {first_users}")
    return key
