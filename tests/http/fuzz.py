#!/usr/bin/env python3
"""Sends a daemon what is no good HTTP, by raw sockets, while a probe asks whether it is alive.

    fuzz.py --program BAZAARD --cluster PG_CLUSTER --directory DIRECTORY --seconds N [--seed N] [--self-test]

Requests are mutated, cut, doubled, pipelined, sent byte by byte, left open, their answers not read. Whatever comes: each answer is one
of HTTP/1, no status is 500, the daemon stays, a probe is answered within a second (three in a row may not be late), a sanitizer says
nothing, the run is as planned, SIGTERM ends it. With --self-test the daemon is harmed, and that must be found.
"""

import argparse
import contextlib
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time

from daemon import Daemon, TOKEN

LATE = 1.0
ODD = [b"\0", b"\r", b"\n", b"\r\n", b" ", b"\t", b":", b";", b",", b"\x7f", b"\xff", b"%00", b"//", b"?", b"[", b"]", b"{", b"}", b"\\",
       b"\"", b"0", b"9" * 30, b"-1", b"HTTP/1.1", b"HTTP/2.0", b"chunked", b"Host:", b"\r\n\r\n", b"a" * 9000, "ä€😀".encode()]
METHODS = [b"GET", b"HEAD", b"POST", b"PUT", b"OPTIONS", b"CONNECT", b"TRACE", b"PRI", b"get", b"X" * 300]
TARGETS = [b"/", b"/livez", b"/readyz", b"/status", b"/metrics", b"/control", b"*", b"http://localhost/livez", b"http://evil.example/",
           b"http://", b"//", b"/%2e%2e/", b"/livez?" + b"a=b&" * 500, b"localhost:80", b"/" + b"x" * 9000]
HOSTS = [b"localhost", b"127.0.0.1:9187", b"[::1]", b"[127.0.0.1]evil.com", b"evil.example", b"", b"[", b"a" * 300]
BODIES = [b'{"verb":"pause"}', b'{"verb":"resume"}', b'{"verb":"set","settings":{"avg-qps":20}}',
          b'{"verb":"set","settings":{"erase-prob":1e-9}}', b'{"verb":"set","settings":{"avg-qps":1e400}}', b'{"verb":"set"}', b"",
          b"[" * 4000, b'{"a":' * 1500, b'{"verb":"' + b"\\u0000" * 900 + b'"}', b"\xff\xfe", b"null"]


def request(draw):
    body = draw.choice(BODIES)
    method, target = (draw.choice([b"GET", b"POST"]), draw.choice(TARGETS[:6])) if draw.random() < 0.6 else \
        (draw.choice(METHODS), draw.choice(TARGETS))
    lines = [method + b" " + target + b" HTTP/1." + draw.choice([b"1", b"1", b"1", b"0"]), b"Host: " + draw.choice(HOSTS)]
    if method == b"POST":
        token = draw.choice([TOKEN.encode(), b"a-guess-of-that-length"])
        lines += [draw.choice([b"Bearer ", b"bearer  ", b"Basic "]).join([b"Authorization: ", token]),
                  b"Content-Type: " + draw.choice([b"application/json", b"Application/JSON; a=b", b"text/plain"])]
    kind = draw.randrange(6)
    if kind == 0:
        lines.append(b"Transfer-Encoding: chunked")
        cut = draw.randrange(len(body) + 1)
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:cut], body[cut:]) if part) + b"0\r\n\r\n"
    elif kind == 1:
        lines.append(b"Content-Length: " + draw.choice([b"99999999999999999999", b"-1", b"8193", b"4000", b"0x10", b"1, 1"]))
    elif method == b"POST":
        lines.append(b"Content-Length: %d" % len(body))
    else:
        body = b""
    if draw.random() < 0.2:
        lines += draw.choices([b"Connection: close", b"Connection: keep-alive", b"Expect: 100-continue", b"Upgrade: h2c", b"X: " + b"y" * 7000,
                               b"Host: other", b"Content-Length: 3", b" folded", b"Range: bytes=0-1"], k=draw.randrange(1, 4))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def mutated(text, draw):
    for _ in range(draw.randrange(1, 6)):
        at, size = draw.randrange(len(text) + 1), draw.randrange(1, 60)
        how = draw.randrange(5)
        if how == 0:
            text = text[:at] + draw.choice(ODD) + text[at:]
        elif how == 1:
            text = text[:at] + text[at + size:]
        elif how == 2:
            text = text[:at] + text[at:at + size] + text[at:]
        elif how == 3:
            text = text[:at] + bytes([draw.randrange(256)]) + text[at + 1:]
        else:
            text = text[:at]
    return text


class Fuzz:
    def __init__(self, daemon, seed, seconds):
        self.daemon, self.seed, self.end = daemon, seed, time.monotonic() + seconds
        self.lock = threading.Lock()
        self.answers, self.faults, self.worst, self.probes = {}, [], 0.0, 0

    def fault(self, text):
        with self.lock:
            self.faults.append(text)

    def going(self):
        return time.monotonic() < self.end and len(self.faults) < 5

    def connect(self):
        made = socket.create_connection(("127.0.0.1", self.daemon.port), timeout=20)
        made.settimeout(8)
        return made

    def client(self, number):
        draw = random.Random(f"{self.seed} {number}")
        left = []
        while self.going():
            text = b"".join(request(draw) for _ in range(draw.choice([1, 1, 1, 2, 30])))
            if draw.random() < 0.6:
                text = mutated(text, draw)
            try:
                one = self.connect()
                if not self.act(one, text, draw):
                    left.append(one)
            except OSError:
                # It may close, or be closed for others, at any time; that it is there is the probe's.
                continue
            while len(left) > 40:
                left.pop(0).close()

    def act(self, one, text, draw):
        """Sends and reads in one of several ways; False leaves the connection open."""
        how = draw.randrange(8)
        if how == 0:
            one.sendall(text[:draw.randrange(len(text) + 1)])
            return False
        if how == 1:
            for at in range(0, min(len(text), 400), 40):
                one.sendall(text[at:at + 40])
        elif how == 2:
            one.sendall(text * 20)
            return False
        else:
            one.sendall(text)
        if how == 3:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            one.close()
            return True
        if how > 3:
            one.shutdown(socket.SHUT_WR)
        with one:
            one.settimeout(draw.choice([0.3, 0.3, 0.3, 7]))
            got = b""
            with contextlib.suppress(TimeoutError):
                while len(got) < 1 << 20 and (part := one.recv(65536)):
                    got += part
        if got:
            self.judge(text, got)
        return True

    def judge(self, text, got):
        line = got.split(b"\r\n", 1)[0]
        found = re.fullmatch(rb"HTTP/1\.[01] (\d{3}) [A-Za-z -]+", line)
        if not found or found[1] == b"500":
            self.fault(f"{line!r} is the answer to {text[:300]!r}")
        elif TOKEN.encode() in got:
            self.fault(f"the token is in the answer to {text[:300]!r}")
        with self.lock:
            self.answers[found[1].decode() if found else "?"] = self.answers.get(found[1].decode() if found else "?", 0) + 1

    def waited(self):
        """Seconds for which the daemon's event loop and this thread could have run, and others did: no fault of the daemon's."""
        total = 0
        for path in (f"/proc/{self.daemon.process.pid}/schedstat", "/proc/thread-self/schedstat"):
            with contextlib.suppress(OSError, IndexError), open(path, encoding="ascii") as found:
                total += int(found.read().split()[1])
        return total / 1e9

    def probe(self):
        late = 0
        while self.going():
            begun, waited = time.monotonic(), self.waited()
            answer, in_time = b"", True
            try:
                with self.connect() as one:
                    one.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                    answer = one.recv(1000)
            except TimeoutError:
                in_time = False
            except OSError as problem:
                answer = str(problem).encode()
            took = max(0.0, time.monotonic() - begun - (self.waited() - waited))
            self.worst, self.probes = max(self.worst, took), self.probes + 1
            late = late + 1 if took > LATE or (in_time and not answer.startswith(b"HTTP/1.1 200 OK")) else 0
            if late >= 3:
                self.fault(f"three probes in a row are late or lost, the last one after {took:.2f} s: {answer[:100]!r}")
            if self.daemon.process.poll() is not None:
                self.fault(f"the daemon has ended with {self.daemon.process.returncode}")
                return

    def run(self, clients):
        threads = [threading.Thread(target=self.probe)] + [threading.Thread(target=self.client, args=(n,)) for n in range(clients)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()


def reports(said):
    """What a sanitizer says, and lines of the log that no request may cause."""
    return [line for line in said.splitlines()
            if re.search(r"Sanitizer|runtime error:|broken expectation", line) or '"level":"error"' in line or TOKEN in line]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("program", "cluster", "directory"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--self-test", action="store_true")
    asked = parser.parse_args()
    with Daemon(asked.program, asked.cluster, asked.directory) as daemon:
        fuzz = Fuzz(daemon, asked.seed, asked.seconds)
        if asked.self_test:
            harmed = threading.Timer(1, daemon.process.send_signal, [signal.SIGSTOP])
            harmed.start()
            fuzz.run(1)
            daemon.process.send_signal(signal.SIGCONT)
            if not any("three probes in a row" in one for one in fuzz.faults):
                sys.exit("***Failed: a daemon that stands still is not found")
            fuzz = Fuzz(daemon, asked.seed, 20)
            daemon.process.kill()
            fuzz.run(1)
            if not any("the daemon has ended with -9" in one for one in fuzz.faults):
                sys.exit("***Failed: a daemon that is gone is not found")
            if not reports("==1==ERROR: AddressSanitizer: heap-use-after-free") or reports('{"level":"info","msg":"x"}'):
                sys.exit("***Failed: what a sanitizer says is not found")
            print("found: a daemon that stands still, one that is gone, what a sanitizer says")
            return
        fuzz.run(asked.clients)
        status = daemon.stop()
        said = daemon.said()
        if status != 0:
            fuzz.fault(f"SIGTERM: it ended with {status}: {said[-2000:]}")
        for line in reports(said)[:20]:
            fuzz.fault(line)
        print(f"seed {asked.seed}: {sum(fuzz.answers.values())} answers {dict(sorted(fuzz.answers.items()))}, {fuzz.probes} probes, the "
              f"slowest {fuzz.worst:.3f} s")
        if len(fuzz.answers) < 8 or sum(fuzz.answers.values()) < 10 * asked.seconds:
            fuzz.fault("there are few answers, or few kinds of them: nothing is tried")
        for one in fuzz.faults:
            print(f"***Failed: {one}")
        sys.exit(1 if fuzz.faults else 0)


if __name__ == "__main__":
    main()
