"""Databases with the rows of small runs."""

import json
import os
import pathlib
import signal
import subprocess
import time
from dataclasses import dataclass

from ids import NO_UNIT, Codec
from plans import TABLES, Plan

TOP = pathlib.Path(__file__).resolve().parents[2]
FREE = """DROP TRIGGER IF EXISTS refuse ON demo.orders;
DO $$ DECLARE c record; BEGIN
FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype IN ('c', 'f') AND connamespace = 'demo'::regnamespace
LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname); END LOOP;
FOR c IN SELECT indexrelid::regclass AS i FROM pg_index JOIN pg_class ON oid = indrelid
WHERE relnamespace = 'demo'::regnamespace AND NOT indisprimary
LOOP EXECUTE format('DROP INDEX %s', c.i); END LOOP;
FOR c IN SELECT attrelid::regclass AS t, attname FROM pg_attribute JOIN pg_class k ON k.oid = attrelid
WHERE relnamespace = 'demo'::regnamespace AND relkind = 'r' AND attnum > 0 AND attnotnull AND NOT EXISTS
(SELECT FROM pg_index WHERE indrelid = attrelid AND indisprimary AND attnum = ANY (indkey))
LOOP EXECUTE format('ALTER TABLE %s ALTER %I DROP NOT NULL', c.t, c.attname); END LOOP; END $$;
"""
# A run each; its settings, and what comes to it.
BASES = {
    "plain": {"ticks": 40},
    "moving": {"ticks": 40, "flags": {"user-update-prob": 0.6, "user-create-prob": 0.4, "order-update-prob": 1.9,
                                      "lifecycle-scale": 0.01}},
    "complete": {"ticks": 30, "flags": {"lifecycle": "complete", "lifecycle-scale": 0.005, "ghost-create-prob": 0.5}},
    "retaining": {"ticks": 90, "flags": {"retain": "1s", "lifecycle": "complete", "lifecycle-scale": 0.005, "ghost-create-prob": 0.5}},
    "erasing": {"ticks": 40, "flags": {"erase-prob": 0.5, "user-create-prob": 0.8, "user-update-prob": 0.5}},
    "touching": {"ticks": 60, "flags": {"touch-interval": "100ms", "lifecycle-scale": 0.01, "order-update-prob": 1.5}},
    "everything": {"ticks": 90, "flags": {"retain": "1s", "touch-interval": "100ms", "erase-prob": 0.3, "user-create-prob": 0.5,
                                          "user-update-prob": 0.5, "lifecycle": "complete", "lifecycle-scale": 0.005}},
    "two": {"ticks": 40, "other": 30},
    "refusing": {"ticks": 60, "flags": {"user-update-prob": 0.6, "order-update-prob": 1.9, "lifecycle-scale": 0.01}, "refuse": True},
    "killed": {"ticks": -1, "flags": {"user-update-prob": 0.5, "order-update-prob": 1.5, "lifecycle-scale": 0.01}},
    "killed-retaining": {"ticks": -1, "flags": {"retain": "1s", "lifecycle": "complete", "lifecycle-scale": 0.005,
                                                "ghost-create-prob": 0.5}},
}
# Refuses every fifth order and what would be cancelled, as somebody's own constraint may.
REFUSE = """CREATE FUNCTION demo.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
IF TG_OP = 'INSERT' AND hashtext(NEW.id::text) % 5 = 0 OR TG_OP = 'UPDATE' AND hashtext(NEW.id::text) % 4 = 0
THEN RAISE check_violation; END IF; RETURN NEW; END $$;
CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON demo.orders FOR EACH ROW EXECUTE FUNCTION demo.refuse();
"""


class Cluster:
    """A server of our own; it stops with this program."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        text = self.tool("start", self.directory, "--set", "max_connections=60", "--set", "autovacuum=off", "--fast", "--with", os.getpid())
        self.env = dict(os.environ)
        for line in text.splitlines():
            name, _, value = line.partition("=")
            self.env[name] = value
        for name in [name for name in self.env if name.startswith("BAZAARD_") and name != "BAZAARD_PG_BIN"]:
            del self.env[name]

    def tool(self, *words):
        done = subprocess.run([str(TOP / "scripts/lib/pg_cluster"), *map(str, words)], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"pg_cluster {words[0]}: {done.stderr.strip()}")
        return done.stdout

    def sql(self, database, text, rows=False):
        done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database], input=text, capture_output=True, text=True,
                              env=self.env)
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr.strip()[:400]}: {text[:400]}")
        return [json.loads(line) for line in done.stdout.splitlines()] if rows else done.stdout

    def stop(self):
        self.tool("remove", self.directory)


@dataclass
class Base:
    name: str
    database: str
    plan: Plan
    ended: bool
    rows: dict  # By table and key, the rows as they are planned to stand.
    present: set  # Units that are in the database.
    demanded: int  # Units below must be there.
    settled: int


class Bases:
    def __init__(self, program, directory, planner):
        self.program, self.planner = str(program), planner
        self.directory = pathlib.Path(directory)
        self.cluster = Cluster(self.directory / "postgres")
        self.made = {}
        self.serial = 0

    def get(self, name):
        if name not in self.made:
            self.made[name] = self.make(name)
        return self.made[name]

    def bazaard(self, database, *words, allowed=(0,)):
        done = subprocess.run([self.program, *map(str, words), "--db-name", database, "--log-level", "error",
                               *(["--seed-dir", str(self.planner.seed_dir)] if words[0] != "card" else []),
                               *(["--progress", "off"] if words[0] == "run" else [])],
                              capture_output=True, text=True, env=self.cluster.env, timeout=120)
        if done.returncode not in allowed:
            raise RuntimeError(f"bazaard {' '.join(map(str, words))}: {done.returncode}: {done.stderr.strip()[-600:]}")
        return done.stdout

    def make(self, name):
        how = BASES[name]
        database = "base_" + name.replace("-", "_")
        self.cluster.sql("postgres", f"CREATE DATABASE {database}")
        self.bazaard(database, "init")
        if how.get("refuse"):
            self.cluster.sql(database, REFUSE)
        flags = [word for flag, value in how.get("flags", {}).items() for word in (f"--{flag}", str(value))]
        flags += ["--init-num-users", "6", "--seed", "7", "--window", "16", "--heartbeat-interval", "0", "--control-socket", "none"]
        ended = how["ticks"] > 0
        if ended:
            # Rejected units are what is wanted.
            self.bazaard(database, "run", *flags, "--max-iter", how["ticks"], "--unpaced", "--start-time", "2026-01-01T00:00:00Z",
                         allowed=(0, 4))
        else:
            self.kill_in_the_middle(database, flags)
        if "other" in how:
            self.bazaard(database, "run", "--run", "other", "--init-num-users", "4", "--seed", "9", "--unpaced", "--max-iter", how["other"],
                         "--window", "16", "--control-socket", "none")
        self.cluster.sql(database, FREE)
        card = json.loads(self.bazaard(database, "card"))
        ended = card["ended"]
        window = card["window"]
        there = {}
        for table in TABLES:
            for row in self.cluster.sql(database, f"SELECT json_build_object('id', id) FROM demo.{table}", rows=True):
                there[table, row["id"]] = row
        # The mark of a killed run may be seconds behind its rows.
        tag = Codec("main", 0).tag
        made_by = [unit for tag_of, _, _, unit in (Codec.parts(key) for _, key in there if isinstance(key, str))
                   if tag_of == tag and unit != NO_UNIT]
        units = card["settled"] if ended else max(card["settled"], *made_by) + 2 * window
        refused = {entry["unit"] for entry in card["log"] if entry["kind"] == "reject"}
        plan = self.planner.plan(card, units, refused)
        present = self.units_there(plan, card["settled"], there, database)
        rows = {(table, row["id"]): row for table in TABLES for row in plan.first[table]}
        for number in sorted(present):
            for change in plan.units[number]:
                if change.op == "d":
                    rows.pop((change.table, change.key), None)
                else:
                    rows[change.table, change.key] = change.after
        demanded = card["settled"]
        if not ended and present:
            demanded = max(demanded, max(present) + 1 - window)
        return Base(name, database, plan, ended, rows, present, demanded, card["settled"])

    def units_there(self, plan, settled, there, database):
        """Units whose rows are in the database: all below the mark; above it those whose first row says so."""
        versions = {}
        for table in ("users", "orders", "order_items"):
            text = f"""SELECT json_build_object('id', id, 'at', to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
                FROM demo.{table}"""
            versions |= {(table, row["id"]): row["at"] for row in self.cluster.sql(database, text, rows=True)}
        present = {number for number in plan.units if number < settled}
        for number in sorted(plan.units):
            if number < settled:
                continue
            change = plan.units[number][0]
            key = change.table, change.key
            if change.op == "d":
                is_there = key not in there
            elif "updated_at" in change.after:
                is_there = versions.get(key, "") >= change.after["updated_at"]
            else:
                is_there = key in there
            if is_there:
                present.add(number)
        return present

    def kill_in_the_middle(self, database, flags):
        process = subprocess.Popen([self.program, "run", *flags, "--avg-qps", "150", "--db-name", database, "--seed-dir",
                                    str(self.planner.seed_dir), "--log-level", "error", "--progress", "off"], env=self.cluster.env,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        wanted = "SELECT count(*) FROM demo.orders"
        if "--retain" in flags:
            wanted = "SELECT CASE WHEN count(*) > 60 THEN 300 ELSE 0 END FROM demo.orders WHERE created_at < now() - interval '900 ms'"
        marks = "SELECT coalesce(max(settled), 0) FROM bazaard.run"
        while time.monotonic() < end and (int(self.cluster.sql(database, wanted) or 0) < 220 or
                                          int(self.cluster.sql(database, marks)) < 100):
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        # Its sessions are gone before anybody looks.
        while int(self.cluster.sql("postgres", f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'")) and \
                time.monotonic() < end:
            time.sleep(0.02)

    def copy(self, base):
        self.serial += 1
        name = f"try_{self.serial}"
        self.cluster.sql("postgres", f"CREATE DATABASE {name} TEMPLATE {base.database}")
        return name

    def drop(self, name):
        self.cluster.sql("postgres", f"DROP DATABASE IF EXISTS {name}")
