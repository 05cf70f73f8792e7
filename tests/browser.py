# SPDX-License-Identifier: Apache-2.0
"""A page in a headless Chromium, driven over a pipe by its debugging protocol.

Nothing but Python is needed: https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
    "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update",
    "--force-color-profile=srgb", "--remote-debugging-pipe",
)
SECONDS = 60


def program():
    """Where the browser is; None if there is none."""
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    return None


class Failed(Exception):
    """The browser said no, or nothing."""


class Browser:
    def __init__(self):
        self.home = tempfile.mkdtemp(prefix="inquest-browser-")
        self.events = []
        self.number = 0
        self.rest = b""
        child_in, self.to = os.pipe()
        self.back, child_out = os.pipe()

        def descriptors():
            # 3 and 4 may be these very pipes: first out of the way.
            source, sink = os.dup(child_in), os.dup(child_out)
            os.dup2(source, 3)
            os.dup2(sink, 4)

        # A group of its own: the browser has many children.
        self.process = subprocess.Popen(
            [program(), *FLAGS, "--user-data-dir=" + self.home, "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            close_fds=False, preexec_fn=descriptors, start_new_session=True)
        os.close(child_in)
        os.close(child_out)

    def close(self):
        # Our own group, which start_new_session made.
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self.to)
        os.close(self.back)
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def read(self, end):
        """The next message."""
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.back], [], [], max(0, end - time.monotonic()))
            data = os.read(self.back, 1 << 20) if ready else b""
            if not data:
                raise Failed("the browser says nothing")
            self.rest += data
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, **params):
        self.number += 1
        number = self.number
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        end = time.monotonic() + SECONDS
        while True:
            answer = self.read(end)
            if answer.get("id") == number:
                if "error" in answer:
                    raise Failed("%s: %s" % (method, answer["error"]["message"]))
                return answer["result"]
            self.events.append(answer)

    def wait(self, session, method):
        """The first such event since the last look."""
        end = time.monotonic() + SECONDS
        while True:
            for event in self.events:
                if event.get("method") == method and event.get("sessionId") == session:
                    self.events.remove(event)
                    return event["params"]
            self.events.append(self.read(end))


class Page:
    """One tab. What it says and asks for is kept in messages and requests."""

    def __init__(self, browser, script=True, width=1280, height=900, dark=False):
        self.browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.target = target
        self.session = browser.call(
            "Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.resize(width, height)
        self.media(dark)

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def resize(self, width, height=900):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)

    def media(self, dark=False, media=""):
        self.call("Emulation.setEmulatedMedia", media=media, features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"}])

    def open(self, url):
        self.call("Page.navigate", url=url)
        self.browser.wait(self.session, "Page.loadEventFired")

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)

    def run(self, code):
        """The value of an expression, from outside the page's own policy."""
        answer = self.call("Runtime.evaluate", expression=code, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise Failed(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    def press(self, *keys):
        for key in keys:
            event = {"key": key, "windowsVirtualKeyCode": {"Enter": 13, "Escape": 27, "Tab": 9}.get(
                key, ord(key[0].upper()))}
            if len(key) == 1:
                event["text"] = key
            elif key == "Enter":
                event["text"] = "\r"
            self.call("Input.dispatchKeyEvent", type="keyDown", **event)
            self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def mine(self):
        return [e for e in self.browser.events if e.get("sessionId") == self.session]

    def messages(self):
        """What stands in the console: texts, errors, refusals."""
        texts = []
        for event in self.mine():
            params = event.get("params", {})
            if event["method"] == "Runtime.consoleAPICalled":
                texts.append(" ".join(str(a.get("value")) for a in params["args"]))
            elif event["method"] == "Runtime.exceptionThrown":
                texts.append(params["exceptionDetails"]["text"])
            elif event["method"] == "Log.entryAdded":
                texts.append(params["entry"]["text"])
        return texts

    def requests(self):
        """Addresses that were asked for, but data: that stands in the page."""
        return [e["params"]["request"]["url"] for e in self.mine()
                if e["method"] == "Network.requestWillBeSent"
                and not e["params"]["request"]["url"].startswith("data:")]

    def screenshot(self, path, whole=True):
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as f:
            f.write(base64.b64decode(data["data"]))

    def pdf(self):
        return base64.b64decode(self.call("Page.printToPDF")["data"])
