"""What the benchmarks share: a cluster of their own, the daemon and pgbench as clients, and how they are measured."""

import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
CLUSTER = TOP / "scripts/lib/pg_cluster"
HERTZ = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count()
PURCHASES_ONLY = ["--user-create-prob", "0", "--user-update-prob", "0", "--order-update-prob", "0",
                  "--ghost-create-prob", "0"]
USERS = 1000
TABLES = ("users", "orders", "order_items", "events")  # Those that a run fills, parents first.
SAMPLES = 32


def say(text):
    print(text, file=sys.stderr, flush=True)


def arguments(doc):
    # So that what was started is stopped, whatever ends us.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(130))
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--daemon", default=os.environ.get("BAZAARD", str(TOP / "build/release/bazaard")),
                        help="the program to measure (default: $BAZAARD or build/release/bazaard)")
    return parser


CLIENTS = []  # Processes that write.


def begin_client(words, **how):
    CLIENTS.append(subprocess.Popen(words, **how))
    return CLIENTS[-1]


def finished(words, environment, out=subprocess.PIPE):
    """A program to its end: what it said, seconds, seconds of CPU. Its stdout goes to `out`; what it said is empty unless that is a pipe."""
    began = time.monotonic()
    process = subprocess.Popen(words, stdout=out, stderr=subprocess.PIPE, text=True, env=environment)
    said = process.stdout.read() if process.stdout else ""
    errors = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"bench: {' '.join(words)} has failed: {errors}")
    return said, time.monotonic() - began, used.ru_utime + used.ru_stime


# ---- Machine ---------------------------------------------------------------------------------------------------------


def machine(daemon, server):
    """Lines that say on what the figures were made."""
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    memory = int(re.search(r"MemTotal:\s+(\d+)", open("/proc/meminfo").read())[1]) // 1024
    version = subprocess.run([daemon, "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
    load = " ".join(f"{x:.1f}" for x in os.getloadavg())
    return (f"machine  {CORES} x {model}, {memory} MB, Linux {platform.release()}\n"
            f"program  {version}, {os.path.relpath(daemon, TOP)} ({built(daemon)}); the checkout is at {commit()}\n"
            f"server   {server.value('SELECT version()').split(' on ')[0]}; "
            f"{server.value(SETTINGS)}\n"
            f"load     {load} before the start (1, 5, 15 minutes)")


SETTINGS = """SELECT string_agg(name || '=' || current_setting(name), ', ' ORDER BY name) FROM pg_settings
              WHERE name IN ('fsync', 'synchronous_commit', 'shared_buffers', 'wal_level', 'max_wal_size')"""


def built(daemon):
    """When the program was linked: it need not be the checkout's."""
    return "built " + time.strftime("%Y-%m-%d %H:%M", time.gmtime(os.path.getmtime(daemon))) + " UTC"


def commit():
    found = subprocess.run(["git", "-c", f"safe.directory={TOP}", "-C", TOP, "describe", "--always", "--dirty"],
                           capture_output=True, text=True)
    return found.stdout.strip() or "unknown"


def cpu_of(pid):
    """CPU seconds of a process, all its threads."""
    try:
        fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / HERTZ


def memory_of(pid, word):
    """MiB of a process: VmRSS, what is resident now, or VmHWM, the most that was."""
    return int(re.search(rf"{word}:\s+(\d+)", open(f"/proc/{pid}/status").read())[1]) / 1024


def cpu_of_machine():
    """CPU seconds during which any core was busy or taken away."""
    fields = [int(x) for x in open("/proc/stat").readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / HERTZ


# ---- Server ----------------------------------------------------------------------------------------------------------


class Server:
    """A private cluster in a new directory; it is gone when the benchmark has ended, however it ended."""

    def __init__(self, *settings):
        self.dir = tempfile.mkdtemp(prefix="bazaard-bench-", dir="/var/tmp")
        os.chmod(self.dir, 0o755)
        say("bench: starting a private PostgreSQL")
        self.wrap_binaries()
        self.start(*settings)

    def start(self, *settings):
        words = [word for one in settings for word in ("--set", one)]
        out = subprocess.run([CLUSTER, "start", self.dir, "--bin", self.wrapped, "--with", str(os.getpid()), *words],
                             check=True, stdout=subprocess.PIPE, text=True).stdout
        self.env = dict(line.split("=", 1) for line in out.splitlines())
        self.bin = self.env["BAZAARD_PG_BIN"]
        self.pid = int(self.env["BAZAARD_PG_PID"])
        self.environment = {**os.environ, **self.env}

    def wrap_binaries(self):
        """The server's binaries, but malloc keeps freed memory.

        With several prepared calls in one session, as pgbench has here, the heap's end can come to lie where glibc gives memory
        back and fetches it again in every transaction: 4 to 12 brk(2) each, up to half of the server's CPU time. That is an
        accident of the layout which bears no relation to what is compared, so it is kept away from all sides.
        """
        real = subprocess.run(["bash", "-c", f". '{TOP}/scripts/lib/common.sh'; . '{TOP}/scripts/lib/postgres.sh'; pg_find_bin"],
                              check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        self.wrapped = f"{self.dir}/binaries"
        os.mkdir(self.wrapped)
        for name in os.listdir(real):
            if name != "pg_ctl":
                os.symlink(f"{real}/{name}", f"{self.wrapped}/{name}")
        with open(f"{self.wrapped}/pg_ctl", "w") as out:
            out.write(f"#!/bin/sh\nexport MALLOC_TRIM_THRESHOLD_=268435456\nexec '{real}/pg_ctl' \"$@\"\n")
        os.chmod(f"{self.wrapped}/pg_ctl", 0o755)

    def restart(self, *settings):
        subprocess.run([CLUSTER, "stop", self.dir], check=True)
        self.start(*settings)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in CLIENTS:
            if process.poll() is None:
                process.kill()
        subprocess.run([CLUSTER, "remove", self.dir], check=False)
        shutil.rmtree(self.dir, ignore_errors=True)

    def sql(self, text):
        """Runs statements; rows as lists of text."""
        done = subprocess.run([f"{self.bin}/psql", "-XqAt", "-F", "\x1f", "-v", "ON_ERROR_STOP=1"], input=text, text=True,
                              capture_output=True, env=self.environment)
        if done.returncode != 0:
            raise SystemExit(f"bench: {done.stderr.strip()}")
        return [line.split("\x1f") for line in done.stdout.splitlines()]

    def value(self, text):
        return self.sql(text)[0][0]

    def cpu(self):
        """CPU seconds of the server's processes."""
        pids = open(f"/proc/{self.pid}/task/{self.pid}/children").read().split()
        return sum(cpu_of(pid) for pid in [self.pid, *pids])

    def idle(self):
        """Waits until no client is there, so that one measurement does not reach into the next."""
        while self.value("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'") != "1":
            time.sleep(0.05)


# ---- Clients ---------------------------------------------------------------------------------------------------------


class Daemon:
    """bazaard on a schema of the server."""

    def __init__(self, program, server, schema):
        self.program, self.server, self.schema = program, server, schema
        self.runs = 0

    def words(self, command):
        env = self.server.env
        return [self.program, command, "--db-host", env["PGHOST"], "--db-port", env["PGPORT"], "--db-user",
                env["PGUSER"], "--db-name", env["PGDATABASE"], "--db-schema", self.schema]

    def start(self, *flags, run=None):
        """A new run, writing in the background."""
        self.runs += 1
        log = open(f"{self.server.dir}/daemon.log", "a")
        words = [*self.words("run"), "--run", run or f"r{self.runs}-{self.schema.replace('_', '-')}",
                 "--init-num-users", str(USERS), *flags]
        return begin_client(words, stdout=subprocess.PIPE, stderr=log, text=True, env=self.server.environment)

    def init(self):
        subprocess.run(self.words("init"), check=True, env=self.server.environment, capture_output=True)

    def unpaced(self, workers, units, *flags):
        return self.start("--unpaced", "--max-iter", str(units), "--workers", str(workers), *flags)

    def stop(self, process, trouble=False):
        """Ends a run with a signal; its summary. A run with trouble is no measurement, unless it was made."""
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        summary = process.communicate(timeout=60)[0]
        if process.returncode != 0 or not (trouble or "0 foreign edits, 0 retries, 0 in doubt" in summary):
            log = open(f"{self.server.dir}/daemon.log").read().strip().splitlines()
            raise SystemExit(f"bench: the daemon ended with status {process.returncode}\n{summary}" + "\n".join(log[-5:]))
        return summary


def purchases(program):
    """A few whole purchases of the daemon's own: taken evenly from 2,000 sorted by size, so that means agree."""
    out = subprocess.run([program, "plan", "--units", "0..1999", "--format", "jsonl", "--seed", "1", "--start-time",
                          "2026-01-01T00:00:00Z", *PURCHASES_ONLY], check=True, capture_output=True, text=True).stdout
    units = []
    for line in out.splitlines():
        rows = {}
        for change in json.loads(line)["changes"]:
            rows.setdefault(change["table"], []).append(change["after"])
        units.append(rows)
    units.sort(key=lambda rows: (len(rows["order_items"]), len(rows["events"]), len(str(rows))))
    step = len(units) / SAMPLES
    return [units[int((i + 0.5) * step)] for i in range(SAMPLES)]


class Pgbench:
    """pgbench with purchases as the daemon writes them: real texts as parameters, ids from a counter."""

    def __init__(self, server, schema, samples):
        self.server, self.schema, self.samples = server, schema, samples
        self.values = {}
        legend = server.sql("SELECT p.proname, p.prosrc FROM pg_proc p WHERE p.pronamespace = 'bazaard'::regnamespace AND "
                            f"p.proname LIKE 'purchase\\_%' AND p.prosrc LIKE '%\"{schema}\"%'")
        self.name = legend[0][0]
        types = server.value(f"SELECT string_agg(format_type(t, NULL), '|' ORDER BY n) FROM pg_proc p, "
                             f"unnest(p.proargtypes) WITH ORDINALITY AS u(t, n) WHERE proname = '{self.name}'").split("|")
        body = "\n".join(line for row in legend for line in row)
        columns = re.findall(r"^-- \$\d+ (gate|part \d+): (\w+)\.(\w+)$", body, re.M)
        self.columns = [(table, column, kind, of == "gate")
                        for (of, table, column), kind in zip(columns, types[3:], strict=True)]
        self.kinds = dict(server.sql(
            "SELECT table_name || '.' || column_name, udt_name FROM information_schema.columns "
            f"WHERE table_schema = '{schema}'"))
        self.make_lease()
        self.scripts = {"function": [], "unfenced": [], "constant": [], "plain": []}
        for i, rows in enumerate(samples):
            for form in self.scripts:
                path = f"{server.dir}/{schema}_{form}_{i}.sql"
                self.literal = form == "constant"
                with open(path, "w") as out:
                    out.write(self.head(rows) + getattr(self, form)(rows) + ";\n")
                self.scripts[form].append(path)

    def make_lease(self):
        """The fence of the function asks for one; and the same function without it, to see what it costs."""
        self.server.sql("INSERT INTO bazaard.lease (schema_name, tag, run, epoch, holder, session_name) "
                        f"VALUES ('{self.schema}', -1, 'pgbench', 1, '', '')")
        text = "\n".join(row[0] for row in self.server.sql(
            f"SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE proname = '{self.name}'"))
        fence = re.compile(r"^ +PERFORM pg_catalog\.pg_advisory_xact_lock_shared.*?END IF;\n", re.M | re.S)
        self.server.sql(fence.sub("", text.replace(self.name, self.name + "_unfenced"), count=1))

    @staticmethod
    def head(rows):
        """Clients count in step, so that new ids are the highest of all, as the daemon's are."""
        lines = ["\\set k :k + 1", "\\set b (:k * :clients + :client_id) * 64", f"\\set u random(1, {USERS})"]
        room = 29120 // 8
        for j in range(len(rows["order_items"])):
            lines.append(f"\\set p{j} random({1 + j * room}, {(j + 1) * room})")
        return "\n".join(lines) + "\n"

    def parameter(self, text):
        """The variable that holds a text, or the text itself."""
        if self.literal:
            return "'" + text.replace("'", "''") + "'"
        return ":" + self.values.setdefault(text, f"v{len(self.values)}")

    def cell(self, table, column, row, j):
        """One value of row number j as SQL; None where a text will do."""
        if column == "id":
            return f"lpad((:b::bigint + {j})::text, 32, '0')::uuid"
        if column in ("order_id", "session_id"):
            return "lpad(:b, 32, '0')::uuid"
        if column == "user_id":
            return "lpad(:u, 32, '0')::uuid"
        if table == "order_items" and column == "product_id":
            return f":p{j}::bigint"
        return "NULL" if row[column] is None else None

    def function_argument(self, rows, table, column, kind, gate):
        if gate:
            row = rows[table][0]
            return self.cell(table, column, row, 0) or self.parameter(str(row[column]))
        cells = [self.cell(table, column, row, j) for j, row in enumerate(rows[table])]
        if column.endswith("id") and cells[0] not in (None, "NULL") and not (table == "events" and column == "product_id"):
            return f"ARRAY[{', '.join(cells)}]"
        quoted = ["NULL" if row[column] is None else '"' + str(row[column]).replace("\\", "\\\\").replace('"', '\\"') + '"'
                  for row in rows[table]]
        return self.parameter("{" + ",".join(quoted) + "}")

    def function(self, rows):
        """The daemon's own function."""
        given = [self.function_argument(rows, *column) for column in self.columns]
        return f"SELECT bazaard.{self.name}(false, -1, 1, {', '.join(given)})"

    def unfenced(self, rows):
        """The daemon's own function without its first lines, which look whether the lease is ours."""
        return self.function(rows).replace(self.name, self.name + "_unfenced")

    def constant(self, rows):
        """The daemon's own function; all but the ids is part of the prepared statement, so it is neither sent nor parsed."""
        return self.function(rows)

    def plain(self, rows):
        """The same rows in one statement, its parts unchained."""
        parts = []
        for table in ("orders", "order_items", "events"):
            names = [column for of, column, _, _ in self.columns if of == table]
            lines = []
            for j, row in enumerate(rows[table]):
                cells = [self.cell(table, name, row, j) or self.parameter(str(row[name])) for name in names]
                lines.append("(" + ", ".join(f"{cell}::{self.kinds[table + '.' + name]}"
                                             for cell, name in zip(cells, names)) + ")")
            parts.append(f"INSERT INTO {self.schema}.{table} ({', '.join(names)}) VALUES {', '.join(lines)}")
        return f"WITH o AS ({parts[0]}), i AS ({parts[1]}) {parts[2]}"

    def start(self, form, clients):
        files = [word for path in self.scripts[form] for word in ("-f", path)]
        values = [word for text, name in self.values.items() for word in ("-D", f"{name}={text}")]
        words = [f"{self.server.bin}/pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, 2)), "-T",
                 "100000", "-D", "k=0", "-D", f"clients={clients}", *values, *files]
        log = open(f"{self.server.dir}/pgbench.log", "w")
        return begin_client(words, stdout=log, stderr=log, env=self.server.environment)

    def stop(self, process):
        if process.poll() is not None:
            raise SystemExit("bench: pgbench ended early: " + open(f"{self.server.dir}/pgbench.log").read()[-2000:])
        process.send_signal(signal.SIGTERM)
        process.wait()


# ---- Measuring -------------------------------------------------------------------------------------------------------


class Figures:
    """One measurement: units per second, CPU microseconds of client and server per unit, and how many cores others used."""

    def __init__(self, rate, client_cpu, server_cpu, others):
        self.rate, self.client_cpu, self.server_cpu, self.others = rate, client_cpu, server_cpu, others


def empty(server, schema):
    """Fresh tables, and nothing of the last measurement still to be written."""
    server.idle()
    server.sql(f"TRUNCATE {schema}.events, {schema}.order_items, {schema}.orders, {schema}.users; CHECKPOINT;")


def measure(server, process, count, seconds, warm=3.0):
    """The rate between two moments; `count` is SQL for a number of units, read once at each moment."""
    sql = f"SELECT extract(epoch FROM statement_timestamp()), ({count})"

    def moment():
        cpu = cpu_of(process.pid), server.cpu(), cpu_of_machine()
        at, units = server.sql(sql)[0]
        return float(at), int(units), cpu

    deadline = time.monotonic() + 60
    while int(server.value(count)) == 0:
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"bench: no unit came; see the logs: status {process.poll()}")
        time.sleep(0.1)
    time.sleep(warm)
    begin = moment()
    time.sleep(seconds)
    end = moment()
    if process.poll() is not None:
        raise SystemExit("bench: the client ended before the measurement: give it more units")
    span, units = end[0] - begin[0], end[1] - begin[1]
    client, served, busy = (b - a for a, b in zip(begin[2], end[2]))
    return Figures(units / span, client * 1e6 / units, served * 1e6 / units, max(0.0, (busy - client - served) / span))


def median(values):
    return statistics.median(values)
