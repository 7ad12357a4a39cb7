"""A daemon on a PostgreSQL of its own, which serves HTTP on a port that it chooses."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

TOKEN = "the-token-of-these-tests"
PATIENCE = 120
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Daemon:
    """Lives between `with` and its end; `stop` says how it ended."""

    def __init__(self, program, cluster, directory):
        self.program, self.cluster, self.directory = program, cluster, directory
        self.process, self.port = None, 0
        self.log = os.path.join(directory, "daemon.log")

    def __enter__(self):
        place = os.path.join(self.directory, "pg")
        said = subprocess.run([self.cluster, "start", place, "--fast", "--with", str(os.getpid())],
                              capture_output=True, text=True, check=False)
        if said.returncode != 0:
            sys.exit(f"pg_cluster start: {said.stderr}")
        environment = dict(os.environ)
        environment.update(line.split("=", 1) for line in said.stdout.splitlines() if "=" in line)
        with open(os.path.join(self.directory, "token"), "w", encoding="utf-8") as file:
            file.write(TOKEN + "\n")
        words = [self.program, "run", "--seed", "8", "--avg-qps", "20", "--max-outage", "0", "--progress", "off",
                 "--control-socket", os.path.join(self.directory, "control"), "--http-listen", "127.0.0.1:0",
                 "--http-token-file", os.path.join(self.directory, "token"), "--drain-timeout", "10s"]
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + PATIENCE
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > end:
                sys.exit(f"the daemon is not ready: {self.said()}")
            time.sleep(0.05)
        return self

    def ready(self):
        found = re.search(r"HTTP at http://127\.0\.0\.1:(\d+)/", self.said())
        if not found:
            return False
        self.port = int(found[1])
        with contextlib.suppress(OSError, urllib.error.URLError):
            with DIRECT.open(self.address + "readyz", timeout=10) as answer:
                return answer.status == 200
        return False

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}/"

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self):
        """Its exit status; None when it does not end in time."""
        self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            # Under a sanitizer the end takes longer than the drain.
            return self.process.wait(timeout=30)
        return None

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        subprocess.run([self.cluster, "remove", os.path.join(self.directory, "pg")], capture_output=True, check=False)
