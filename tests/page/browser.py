"""A headless Chromium, driven by WebDriver over plain HTTP."""

import base64
import json
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Right": "\ue014", "Space": " "}


class Failure(Exception):
    """The page does not do what it should."""


def wait(what, condition, limit):
    """What `condition` returns as soon as it is true."""
    end = time.monotonic() + limit
    while not (found := condition()):
        if time.monotonic() > end:
            raise Failure(f"waited in vain for: {what}")
        time.sleep(0.05)
    return found


class Browser:
    """One window with a user of its own.

    Lifetime: to be used in a `with`: nothing of it is left behind.
    """

    def __init__(self, directory):
        self.directory = directory
        self.driver = None
        self.session = None

    def __enter__(self):
        self.driver = subprocess.Popen([shutil.which("chromedriver"), "--port=0", "--allowed-ips=127.0.0.1"],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        port = None
        for line in self.driver.stdout:
            if found := re.search(r"started successfully on port (\d+)", line):
                port = found[1]
                break
        if port is None:
            raise Failure("chromedriver does not start")
        self.root = f"http://127.0.0.1:{port}/session"
        arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                     "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--lang=en-GB",
                     "--no-proxy-server", f"--user-data-dir={self.directory}"]
        made = self.call("POST", "", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"binary": shutil.which("chromium"), "args": arguments}}}})
        self.session = made["sessionId"]
        return self

    def __exit__(self, *_):
        try:
            if self.session:
                self.call("DELETE", f"/{self.session}")
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.driver.stdout.close()

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self.root + path, data, {"Content-Type": "application/json"}, method=method)
        # No proxy of the machine's stands before the driver.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(asked, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as refused:
            raise Failure(f"the browser refuses {path}: {json.load(refused)['value']['message']}") from None

    def tell(self, path, body=None):
        return self.call("POST", f"/{self.session}/{path}", body or {})

    def open(self, address):
        self.tell("url", {"url": address})

    def run(self, script, *arguments):
        return self.tell("execute/sync", {"script": script, "args": list(arguments)})

    def element(self, selector):
        return self.tell("element", {"using": "css selector", "value": selector})[ELEMENT]

    def text(self, selector):
        return self.run("const e = document.querySelector(arguments[0]); return e ? e.innerText : ''", selector)

    def click(self, selector):
        self.tell(f"element/{self.element(selector)}/click")

    def type(self, selector, text):
        self.tell(f"element/{self.element(selector)}/value", {"text": text})

    def press(self, *names):
        actions = [{"type": how, "value": KEYS[name]} for name in names for how in ("keyDown", "keyUp")]
        self.tell("actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def tools(self, command, **parameters):
        return self.tell("goog/cdp/execute", {"cmd": command, "params": parameters})

    def look(self, width, height, scheme="light", phone=False):
        self.tools("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.tools("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def picture(self, **how):
        return base64.b64decode(self.tools("Page.captureScreenshot", format="png", captureBeyondViewport=True, **how)["data"])

    def complaints(self):
        """What the console has said since it was asked last; refusals and silence of the server are not the page's fault."""
        lines = self.tell("se/log", {"type": "browser"})
        return [line["message"] for line in lines if line["level"] in ("SEVERE", "WARNING") and line["source"] != "network"]
