#!/usr/bin/env python3
"""Checks the live page of a daemon in a headless Chromium, and then that each check finds a page that is broken.

    check.py --program BAZAARD --cluster PG_CLUSTER --directory DIRECTORY [--picture FILE] [--keep DIRECTORY]

DIRECTORY is an empty one for servers and profiles; --picture takes a screenshot for the documentation, --keep all screenshots.
Exit status 1 when something is wrong.
"""

import argparse
import base64
import contextlib
import hashlib
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from browser import Browser, Failure, wait

TOKEN = "the-token-of-this-page"
PATIENCE = 60
# How long a broken page is given to be right after all.
IMPATIENCE = 6
HOSTILE = "<img src=x onerror=\"window.harmed = 1\"><b id=harm>"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def need(condition, otherwise):
    if not condition:
        raise Failure(otherwise)


class Shop:
    """A PostgreSQL with a daemon on it."""

    def __init__(self, asked):
        self.cluster, self.place = asked.cluster, os.path.join(asked.directory, "pg")
        self.program, self.directory = asked.program, asked.directory
        self.daemon, self.log, self.port = None, None, 0
        self.start_server()
        with open(os.path.join(self.directory, "token"), "w", encoding="utf-8") as file:
            file.write(TOKEN + "\n")
        self.start()

    def server(self, *words):
        done = subprocess.run([self.cluster, words[0], self.place, *words[1:]], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(f"check.py: pg_cluster {words[0]}: {done.stderr}")
        return done.stdout

    def start_server(self):
        said = self.server("start", "--fast", "--set", "wal_level=logical", "--with", str(os.getpid()))
        self.environment = dict(os.environ)
        self.environment.update(line.split("=", 1) for line in said.splitlines() if "=" in line)

    def sql(self, text):
        return self.server("psql", "-XqAt", "-c", text).strip()

    def start(self):
        self.log = open(os.path.join(self.directory, "daemon.log"), "a", encoding="utf-8")
        words = [self.program, "run", "--seed", "8", "--avg-qps", "40", "--lifecycle", "complete", "--lifecycle-scale", "0.01",
                 "--max-outage", "0", "--control-socket", os.path.join(self.directory, "control"), "--http-listen", str(self.port),
                 "--http-token-file", os.path.join(self.directory, "token"), "--progress", "off"]
        begun = os.path.getsize(self.log.name)
        self.daemon = subprocess.Popen(words, env=self.environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

        def listening():
            need(self.daemon.poll() is None, f"the daemon ended: {self.said()}")
            return re.search(r"HTTP at http://127\.0\.0\.1:(\d+)/", self.said()[begun:])
        self.port = int(wait("the daemon's address", listening, PATIENCE)[1])
        wait("a running shop", lambda: self.status().get("state") == "running", PATIENCE)

    def said(self):
        with open(self.log.name, encoding="utf-8") as file:
            return file.read()

    def stop(self, how=signal.SIGTERM):
        self.daemon.send_signal(how)
        self.daemon.wait()
        self.log.close()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}/"

    def ask(self, path):
        with DIRECT.open(self.address + path, timeout=10) as answer:
            return answer.headers, answer.read()

    def status(self):
        try:
            return json.loads(self.ask("status")[1])
        except (OSError, ValueError):
            return {}

    def orders(self):
        return int(self.sql("SELECT count(*) FROM demo.orders"))

    def later(self, seconds):
        """Waits until the server's clock has gone on."""
        then = self.sql(f"SELECT clock_timestamp() + '{seconds} s'")
        wait("the clock", lambda: self.sql(f"SELECT clock_timestamp() >= '{then}'") == "t", PATIENCE)


def hash_of(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def inside(page, tag):
    return page.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]


class Between:
    """A server before the daemon that changes what it says: the page, with hashes that allow the change or not, and the status."""

    def __init__(self, shop, page=lambda text: text, status=lambda value: value, allowed=True):
        outer = self
        self.change_page, self.change_status, self.allowed, self.shop = page, status, allowed, shop

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                self.forward(None)

            def do_POST(self):
                self.forward(self.rfile.read(int(self.headers["Content-Length"])))

            def forward(self, body):
                sent = {key: self.headers[key] for key in ("Authorization", "Content-Type") if key in self.headers}
                asked = urllib.request.Request(shop.address + self.path[1:], body, sent)
                try:
                    answer = DIRECT.open(asked, timeout=10)
                except urllib.error.HTTPError as refused:
                    answer = refused
                except OSError:
                    self.close_connection = True
                    return
                with answer:
                    status, fields, text = outer.changed(self.path, answer.status, dict(answer.headers), answer.read())
                self.send_response(status)
                for key, value in fields.items():
                    if key.lower() not in ("content-length", "connection", "date", "server"):
                        self.send_header(key, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/"

    def changed(self, path, status, fields, text):
        if path == "/":
            page = text.decode()
            other = self.change_page(page)
            need(other != page or self.change_page.__name__ == "<lambda>", "the page has changed: this fault is none any more")
            if self.allowed:
                for tag in ("script", "style"):
                    fields["Content-Security-Policy"] = fields["Content-Security-Policy"].replace(
                        hash_of(inside(page, tag)), hash_of(inside(other, tag)))
            text = other.encode()
        elif path == "/status" and status == 200:
            text = json.dumps(self.change_status(json.loads(text))).encode()
        return status, fields, text

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class Visit:
    """A page as somebody looks at it, with what is checked on it."""

    def __init__(self, browser, shop, address, patience):
        self.browser, self.shop, self.address, self.patience = browser, shop, address, patience

    def wait(self, what, condition):
        return wait(what, condition, self.patience)

    def open(self):
        self.browser.look(1280, 900)
        self.browser.open(self.address)
        self.browser.run("sessionStorage.clear()")
        self.browser.open(self.address)

    def number(self, selector):
        digits = re.sub(r"[^0-9]", "", self.browser.text(selector))
        return int(digits) if digits else None

    def banner(self):
        return self.browser.text("#banner")

    def says(self, words):
        self.wait(f"{words!r} (it says {self.banner()!r})", lambda: words in self.banner())

    def give_token(self, token):
        self.wait("a form for the token", lambda: self.browser.run("return !document.getElementById('key').hidden"))
        self.browser.type("#token", token)
        self.browser.press("Enter")
        self.wait("a button that can be used", lambda: self.browser.run("return !document.getElementById('pause').disabled"))

    def check_policy(self):
        """The page may do nothing but its own work, and loads nothing from elsewhere."""
        fields, page = DIRECT.open(self.address, timeout=10).headers, DIRECT.open(self.address, timeout=10).read().decode()
        policy = fields["Content-Security-Policy"]
        need(policy.startswith("default-src 'none';") and "unsafe" not in policy, f"the policy is {policy}")
        for tag in ("script", "style"):
            need(f"'sha256-{hash_of(inside(page, tag))}'" in policy, f"the policy does not allow the page's own {tag}")
        need(not re.search(r"(?:src|href)=\"(?!data:)|@import|url\(", page), "the page names a file")
        self.wait("figures", lambda: self.number("#ticks"))
        loaded = self.browser.run("return performance.getEntriesByType('resource').map((one) => one.name)")
        need(loaded and all(name.startswith(self.address) for name in loaded), f"the page loads {loaded}")

    def check_figures(self):
        """Figures are there, are the database's, and move."""
        self.wait("figures", lambda: self.number("#ticks"))
        self.says("Running")
        first = self.number("#ticks"), self.number("#rows"), self.browser.text("#sold tbody tr")
        self.wait("more ticks, rows and other orders", lambda: self.number("#ticks") > first[0] and
                  self.number("#rows") > first[1] and self.browser.text("#sold tbody tr") != first[2])
        shown = dict(self.browser.run("return [...document.querySelectorAll('#tables tr, #states tr')].map("
                                      "(row) => [row.cells[0].innerText.trim(), row.cells[1].innerText.replace(/,/g, '')])"))
        need({"users", "orders", "order_items", "events"} <= set(shown), f"the tables are {shown}")
        states = set(self.shop.status()["figures"]["orders"])
        need("Processing" in states and states <= set(shown), f"the states are {shown}")
        there = self.shop.orders()
        need(int(shown["orders"]) <= there + 1024, f"it shows {shown['orders']} orders, there are {there}")
        self.wait("the orders that are there", lambda: int(self.browser.run(
            "return [...document.querySelectorAll('#tables tr')].find((row) => row.cells[0].innerText === 'orders')"
            ".cells[1].innerText.replace(/,/g, '')")) >= there)
        sold = self.browser.run("const row = document.querySelector('#sold tbody tr');"
                                "return [row.title, ...[...row.cells].map((cell) => cell.innerText)]")
        known = self.shop.sql("SELECT o.ship_country, count(*), sum(i.quantity * i.sale_price) FROM demo.orders o "
                              f"JOIN demo.order_items i ON i.order_id = o.id WHERE o.id = '{sold[0]}' GROUP BY 1")
        need(known == "|".join(sold[3:]), f"an order is shown as {sold}, and is {known}")
        self.wait("the slot", lambda: "watched" in self.browser.text("#slots"))
        need("away" in self.browser.text("#slots") and re.search(r"\d [KMG]?B", self.browser.text("#slots")),
             f"the slots are {self.browser.text('#slots')}")
        need(re.search(r"\d ms|\d s", self.browser.text("#lag")), "no lag is shown")
        self.wait("a line of the rate", lambda: self.pixels("rate-line", "--rate") > 20)

    def pixels(self, canvas, colour):
        """How many points of a drawing have a colour."""
        return self.browser.run("""
            const canvas = document.getElementById(arguments[0]), copy = document.createElement("canvas");
            copy.width = canvas.width;
            copy.height = canvas.height;
            const probe = copy.getContext("2d", { willReadFrequently: true });
            probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(arguments[1]).trim();
            probe.fillRect(0, 0, 1, 1);
            const want = probe.getImageData(0, 0, 1, 1).data;
            probe.clearRect(0, 0, 1, 1);
            probe.drawImage(canvas, 0, 0);
            const all = probe.getImageData(0, 0, canvas.width, canvas.height).data;
            let count = 0;
            for (let i = 0; i < all.length; i += 4)
              if (all[i + 3] > 200 && [0, 1, 2].every((part) => Math.abs(all[i + part] - want[part]) < 12)) count += 1;
            return count;""", canvas, colour)

    def check_wrong_token(self):
        """A token that is none is said to be so, and changes nothing."""
        self.wait("figures", lambda: self.number("#ticks"))
        need(self.browser.run("return document.getElementById('pause').disabled && document.getElementById('slider').disabled"),
             "without a token something can be changed")
        self.give_token("some other token")
        self.browser.click("#pause")
        self.wait("a refusal", lambda: "refuses this token" in self.browser.text("#said"))
        need(self.browser.run("return !document.getElementById('key').hidden"), "no other token can be given")
        need(self.browser.run("return sessionStorage.length") == 0, "a wrong token is kept")
        need(self.shop.status()["state"] == "running", "a wrong token pauses the shop")

    def check_pause(self):
        """A pause is one, in the database, and ends."""
        self.give_token(TOKEN)
        self.browser.click("#pause")
        try:
            self.says("Paused")
            self.wait("a button to resume", lambda: self.browser.text("#pause") == "Resume")
            self.wait("the end of what was begun", lambda: self.shop.status()["units"]["in_flight"] == 0)
            before = self.shop.orders()
            self.shop.later(3)
            need(self.shop.orders() == before, "orders come in a pause")
            # By keyboard, from the top of the page; the token is still there after a reload.
            self.browser.open(self.address)
            self.wait("a button to resume", lambda: self.browser.run(
                "return document.getElementById('pause').innerText === 'Resume' && !document.getElementById('pause').disabled"))
            for _ in range(20):
                self.browser.press("Tab")
                if self.browser.run("return document.activeElement.id") == "pause":
                    break
            else:
                raise Failure("the keyboard does not reach the button")
            need(self.browser.run("return getComputedStyle(document.activeElement).outlineStyle") == "solid",
                 "nobody sees where the keyboard is")
            self.browser.press("Enter")
            self.says("Running")
            self.wait("new orders", lambda: self.shop.orders() > before)
            self.wait("both in the list", lambda: {"Pause", "Resume"} <= set(self.browser.text("#happened").split()))
        finally:
            if self.shop.status().get("state") == "paused":
                subprocess.run([self.shop.program, "ctl", "resume", "--control-socket",
                                os.path.join(self.shop.directory, "control")], check=True, stdout=subprocess.DEVNULL)

    def check_slider(self):
        """The slider sets the rate, as an entry of the control log."""
        entries = "SELECT count(*) FROM bazaard.control WHERE kind = 'set' AND field = 'avg-qps'"
        before = int(self.shop.sql(entries))
        self.wait("a slider", lambda: self.browser.run("return !document.getElementById('slider').disabled"))
        was = self.browser.text("#wish")
        self.browser.run("document.getElementById('slider').focus()")
        self.browser.press(*["Right"] * 12)
        wished = float(self.browser.text("#wish"))
        need(wished > float(was), f"the slider says {wished} after {was}")
        self.wait("an entry", lambda: int(self.shop.sql(entries)) > before)
        self.wait("the new rate", lambda: float(self.shop.status()["settings"]["avg-qps"]) == wished)
        self.wait("the new target", lambda: f"target {wished:.1f}".rstrip("0").rstrip(".") in self.browser.text("#rate-more") or
                  f"target {wished:.0f}" in self.browser.text("#rate-more"))
        need(self.browser.run("return document.getElementById('slider').getAttribute('aria-valuetext')") ==
             f"{wished:g} per second", "the slider's value is not said")

    def check_server_lost(self):
        """That PostgreSQL is away is said, and that it is back; both are on the time line."""
        need(self.browser.run("const b = document.getElementById('banner'); return b.getAttribute('aria-live') === 'polite' "
                              "&& b.getAttribute('role') === 'status'"), "the state is not read out")
        self.wait("figures", lambda: self.number("#ticks"))
        self.shop.server("stop", "immediate")
        try:
            self.says("PostgreSQL is away")
        finally:
            self.shop.start_server()
        self.says("Running")
        self.wait("both in the list", lambda: "Server lost" in self.browser.text("#happened") and
                  "Server back" in self.browser.text("#happened"))
        self.wait("both on the time line",
                  lambda: self.pixels("rate-line", "--bad") > 20 and self.pixels("rate-line", "--good") > 20)

    def check_daemon_gone(self):
        """A daemon that is gone is said to be, with figures that look old, and found again."""
        self.wait("figures", lambda: self.number("#ticks"))
        self.shop.stop(signal.SIGKILL)
        try:
            self.says("does not answer")
            need(self.browser.run("return getComputedStyle(document.getElementById('live')).opacity < 0.6"),
                 "figures of yesterday look like new ones")
        finally:
            self.shop.start()
        self.says("Running")
        self.wait("new figures", lambda: self.browser.run("return getComputedStyle(document.getElementById('live')).opacity") == "1")
        self.wait("both in the list", lambda: "Daemon gone" in self.browser.text("#happened") and
                  "Daemon back" in self.browser.text("#happened"))

    def check_looks(self):
        """Nothing is wider than the screen; dark is dark; names for those who do not see; nothing jumps."""
        self.wait("figures", lambda: self.number("#ticks"))
        pictures = {}
        for scheme, dark in (("light", False), ("dark", True)):
            for width, height, phone in ((1280, 900, False), (390, 844, True), (1920, 1080, False)):
                self.browser.look(width, height, scheme, phone)
                wide, room, window = self.browser.run("const root = document.documentElement;"
                                                      "return [root.scrollWidth, root.clientWidth, window.innerWidth]")
                need(wide <= room and window == width, f"at {width} points the page is {wide} wide in {room}")
                light = self.browser.run("return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
                need(max(light) < 60 if dark else min(light) > 200, f"{scheme} has the background {light}")
                pictures[f"{scheme}-{width}.png"] = self.browser.picture()
        self.browser.look(1280, 900)
        nameless = self.browser.run(
            "return [...document.querySelectorAll('button, input, canvas, section')].filter((one) => !(one.labels && one.labels.length)"
            " && !one.textContent.trim() && !one.getAttribute('aria-label')).map((one) => one.id)")
        need(not nameless, f"without a name: {nameless}")
        return pictures

    def check_calm(self):
        """What is shown stays where it is while figures move."""
        self.wait("figures", lambda: self.number("#ticks"))
        self.browser.run("window.moved = 0; new PerformanceObserver((list) => { for (const one of list.getEntries()) "
                         "window.moved += one.value; }).observe({ type: 'layout-shift' })")
        ticks = self.number("#ticks")
        self.wait("more ticks", lambda: self.number("#ticks") > ticks + 120)
        moved = self.browser.run("return window.moved")
        need(moved < 0.02, f"the page jumps: {moved}")

    def check_quiet(self):
        complaints = self.browser.complaints()
        need(not complaints, f"the console complains: {complaints}")


def hostile(status):
    status["slots"] = [{"name": HOSTILE, "active": True, "retained_bytes": 5}]
    status["happenings"].append({"number": 999, "at": status["clock"], "kind": HOSTILE, "text": HOSTILE})
    status["run"]["name"] = status["database"]["where"] = HOSTILE
    status["reasons"] = [HOSTILE]
    status["figures"]["rows"][HOSTILE] = 1
    status["figures"][HOSTILE] = {HOSTILE: 1}
    for one in status["sales"]:
        one["country"] = HOSTILE
    status["shown"]["title"] = status["shown"]["columns"][0]["title"] = HOSTILE
    return status


def check_hostile(browser, shop, page=lambda text: text, patience=PATIENCE):
    """Whatever names come from the database, they are text."""
    with Between(shop, page, hostile) as between:
        visit = Visit(browser, shop, between.address, patience)
        visit.open()
        visit.says("<img")
        need(HOSTILE in visit.browser.text("#slots"), "a name is not shown as it is")
        need(not browser.run("return window.harmed || document.querySelector('img, #harm') !== null"), "a name is taken for markup")
        visit.check_quiet()


def swap(old, new):
    def change(page):
        need(old in page, f"the page has no longer: {old}")
        return page.replace(old, new)
    return change


def without_script(page):
    return page.replace(inside(page, "script"), "")


# A check, a fault that it must find, and whether the page's policy is made to allow it.
FAULTS = (
    ("figures", without_script, True),
    ("figures", swap("INTERVAL = 1000", "INTERVAL = 1001"), False),
    ("figures", swap('put("ticks", whole(status.ticks))', 'put("ticks", "12,345")'), True),
    ("figures", swap("[name, whole(n)]", "[name, whole(n + 5000)]"), True),
    ("figures", swap("String(one[key])", 'key === "amount" ? "1.00" : String(one[key])'), True),
    ("figures", swap("one[key]", "one[how.columns[0].key]"), True),
    ("figures", swap("setTimeout(() => { if (mine === tried) look(); }, INTERVAL)", ""), True),
    ("figures", swap("pen.strokeStyle = paint(colour)", "pen.strokeStyle = paint('--card')"), True),
    ("policy", swap("<style>", '<link rel="stylesheet" href="https://example.org/x.css"><style>'), True),
    ("wrong_token", swap("if (answer.status === 401 || answer.status === 403)", "if (false)"), True),
    ("wrong_token", swap('steerable = status.control && token !== "" && !gone', "steerable = status.control && !gone"), True),
    ("pause", swap("Authorization: `Bearer ${token}`", "Authorization: 'Bearer none'"), True),
    ("pause", swap('id="pause" class="main"', 'id="pause" class="main" tabindex="-1"'), True),
    ("pause", swap('sessionStorage.setItem("bazaard-token", value)', "0"), True),
    ("pause", swap(":focus-visible { outline: 3px solid var(--rate);", ":focus-visible { outline: none;"), True),
    ("slider", swap("[latest.rate.setting]: rate }", "[latest.rate.setting]: 17 }"), True),
    ("server_lost", swap("ill.length > 0 ? `${ill.join", "ill.length > 9 ? `${ill.join"), True),
    ("server_lost", swap("for (const one of marks.values()) {", "for (const one of []) {"), True),
    ("daemon_gone", swap("taken(status); else missed()", "taken(status)"), True),
    ("daemon_gone", swap('at("live").classList.remove("old")', ""), True),
    ("looks", swap("main, header { max-width", "main, header { min-width: 30rem; max-width"), True),
    ("looks", swap("@media (prefers-color-scheme: dark)", "@media (prefers-color-scheme: none)"), True),
    ("looks", swap('<label for="slider">', '<label>'), True),
    ("calm", swap('put("rate", brief(status.rate.actual))',
                  'put("rate", brief(status.rate.actual)); at("figures").style.paddingTop = `${status.ticks % 90}px`'), True),
    ("hostile", swap("node.textContent = text;", "node.innerHTML = text;"), True),
)


def checked(name, work, *arguments):
    begun = time.monotonic()
    result = work(*arguments)
    print(f"{name}: as it should be ({time.monotonic() - begun:.1f} s)", flush=True)
    return result


def check_all(browser, shop, asked):
    visit = Visit(browser, shop, shop.address, PATIENCE)
    visit.open()
    for name in ("policy", "figures", "calm", "wrong_token", "pause", "slider", "server_lost"):
        checked(name, getattr(visit, f"check_{name}"))
    visit.check_quiet()
    pictures = checked("looks", visit.check_looks)
    for name, bytes_of in pictures.items() if asked.keep else ():
        with open(os.path.join(asked.keep, name), "wb") as file:
            file.write(bytes_of)
    if asked.picture:
        take_picture(visit, asked.picture)
    checked("daemon_gone", visit.check_daemon_gone)
    visit.check_quiet()
    checked("hostile", check_hostile, browser, shop)


def take_picture(visit, file):
    """Some seconds after the server's return, so that the time line tells of it."""
    ticks = visit.number("#ticks")
    visit.wait("a line behind the marks", lambda: visit.number("#ticks") > ticks + 2500)
    visit.browser.look(1280, 900)
    # Where its database lies is this machine's affair; the page stands still while it is put otherwise.
    visit.browser.run("document.activeElement.blur(); window.fetch = () => new Promise(() => {})")
    visit.browser.run("const whose = document.getElementById('whose');"
                      "whose.textContent = whose.textContent.replace(/ \\S+@\\S+/, ' bazaar@localhost:5432/fh_dev')")
    made = visit.browser.picture(clip={"x": 0, "y": 0, "width": 1280, "height": 1005, "scale": 1})
    need("@localhost:" in visit.browser.text("#whose"), "the picture names this machine's folders")
    visit.open()
    need(len(made) <= 150_000, f"the picture has {len(made)} bytes")
    with open(file, "wb") as to:
        to.write(made)


def find_faults(browser, shop):
    missed = 0
    for name, fault, allowed in FAULTS:
        try:
            if name == "hostile":
                check_hostile(browser, shop, fault, IMPATIENCE)
            else:
                with Between(shop, fault, allowed=allowed) as between:
                    visit = Visit(browser, shop, between.address, IMPATIENCE)
                    visit.open()
                    if name == "slider":
                        visit.give_token(TOKEN)
                    getattr(visit, f"check_{name}")()
        except Failure as found:
            print(f"{name} finds: {found}", flush=True)
            if "has no longer" in str(found):
                missed += 1
        else:
            print(f"check.py: {name} does not find {fault.__qualname__} number {FAULTS.index((name, fault, allowed))}",
                  file=sys.stderr)
            missed += 1
        browser.complaints()
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for flag in ("--program", "--cluster", "--directory"):
        parser.add_argument(flag, required=True)
    parser.add_argument("--picture")
    parser.add_argument("--keep")
    asked = parser.parse_args()
    shop = Shop(asked)
    with contextlib.ExitStack() as last:
        last.callback(lambda: shop.daemon.poll() is None and shop.stop(signal.SIGKILL))
        shop.sql("SELECT pg_create_logical_replication_slot('watched', 'pgoutput')")
        browser = last.enter_context(Browser(os.path.join(asked.directory, "profile")))
        try:
            check_all(browser, shop, asked)
        except Failure as found:
            sys.exit(f"check.py: {found}")
        missed = find_faults(browser, shop)
        shop.stop()
        need(shop.daemon.returncode == 0, f"the daemon ended with {shop.daemon.returncode}")
    if missed:
        sys.exit(f"check.py: {missed} faults are not found")
    print(f"each of {len(FAULTS)} faults is found")


if __name__ == "__main__":
    main()
