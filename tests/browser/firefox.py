"""The machine's Firefox, driven over WebDriver BiDi (W3C), which it speaks without any driver between."""

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection, connect

from tests.browser import stage

PATIENCE = 20.0
"""Seconds for an answer of the browser."""

LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
"""The line in which Firefox tells its address."""

KEYS = {
    "ArrowLeft": "\ue012",
    "ArrowUp": "\ue013",
    "ArrowRight": "\ue014",
    "ArrowDown": "\ue015",
    "Enter": "\ue007",
    "Escape": "\ue00c",
    "Tab": "\ue004",
    "Home": "\ue011",
    "End": "\ue010",
}
"""Code points of keys that are no letters (WebDriver, section 17.4.2)."""

PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.auto": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.systemAddon.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "toolkit.telemetry.enabled": False,
}
"""Preferences of a browser that asks nobody but us."""


class FirefoxPage:
    """One page, in a Firefox of its own."""

    def __init__(self, socket: ClientConnection) -> None:
        """Begin a session, with a window of its own: keys press buttons in the active window only."""
        self.socket = socket
        self.numbers = count(1)
        self.faults: list[str] = []
        self._send("session.new", capabilities={})
        self.context: str = self._send("browsingContext.create", type="window")["context"]
        self._send("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])

    def resize(self, width: int, height: int) -> None:
        """Give the page this size in CSS pixels."""
        self._send("browsingContext.setViewport", context=self.context, viewport={"width": width, "height": height})

    def goto(self, url: str) -> None:
        """Go to an address and wait until it is loaded."""
        self._send("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:  # noqa: ANN401 - what a test expects of it, the test says
        """The value of an expression of JavaScript, as JSON can hold it; a promise is awaited."""
        wrapped = f"(async () => JSON.stringify(await ({expression})) ?? 'null')()"
        answer = self._send("script.evaluate", expression=wrapped, target={"context": self.context}, awaitPromise=True)
        assert answer["type"] == "success", answer["exceptionDetails"]["text"]
        return json.loads(answer["result"]["value"])

    def wait(self, condition: str) -> None:
        """Wait until a condition in JavaScript holds."""
        look = f"const look = () => ({condition}) ? done(true) : setTimeout(look, 20); look();"
        assert self.evaluate(f"new Promise((done) => {{ {look} }})")

    def press(self, key: str, *, times: int = 1) -> None:
        """Press and release a key."""
        code = KEYS.get(key, key)
        strokes = [{"type": kind, "value": code} for kind in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keyboard", "actions": strokes * times})

    def type(self, text: str) -> None:
        """Type a text."""
        for letter in text:
            self.press(letter)

    def click(self, x: float, y: float) -> None:
        """Click at a point of the page, in CSS pixels."""
        moves = [{"type": "pointerMove", "x": round(x), "y": round(y)}]
        presses = [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
        self._act({"type": "pointer", "id": "mouse", "actions": [*moves, *presses]})

    def drag(self, points: list[tuple[float, float]]) -> None:
        """Press the mouse at the first point, move it along the others, and let go."""
        start, *moves = [{"type": "pointerMove", "x": round(x), "y": round(y)} for x, y in points]
        down, up = [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
        self._act({"type": "pointer", "id": "mouse", "actions": [start, down, *moves, up]})

    def _act(self, source: dict[str, Any]) -> None:
        self._send("input.performActions", context=self.context, actions=[source])

    def _send(self, method: str, **params: object) -> Any:  # noqa: ANN401 - each command has a shape of its own
        number = next(self.numbers)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv(timeout=PATIENCE))
            if message["type"] == "event":
                self._hear(message["method"], message["params"])
            elif message["id"] == number:
                assert message["type"] == "success", f"{method}: {message['message']}"
                return message["result"]

    def _hear(self, method: str, event: dict[str, Any]) -> None:
        if method == "log.entryAdded" and event["level"] in ("warn", "error"):
            self.faults.append(event["text"])
        elif method == "network.beforeRequestSent":
            url = event["request"]["url"]
            if urlsplit(url).hostname not in ("127.0.0.1", None):
                self.faults.append(f"a request left this machine: {url}")


@contextmanager
def running(profile: Path) -> Iterator[FirefoxPage]:
    """A Firefox with a fresh profile in this folder, and its page."""
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("".join(lines))
    command = [stage.program("firefox-esr", "firefox"), "--headless", "--no-remote", "--profile", str(profile)]
    command += ["--remote-debugging-port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stderr is not None
            address = next((found[1] for line in process.stderr if (found := LISTENING.search(line))), None)
            assert address is not None, "Firefox ended before it took commands"
            with connect(f"{address}/session", max_size=None, proxy=None) as socket:
                yield FirefoxPage(socket)
        finally:
            process.terminate()
            process.wait()
