"""A headless Chromium, steered by its DevTools protocol over two pipes: pictures and measurements of pages."""

import base64
import json
import select
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

_ANSWER_SECONDS: Final = 60.0
_LONGEST_READ: Final = 1 << 16


class BrowserError(Exception):
    """The browser is missing, or did not do what it was told."""


@dataclass
class Browser:
    """One page of a browser; every call waits for its answer."""

    commands: BinaryIO
    answers: BinaryIO
    session: str = field(default="", init=False)
    number: int = field(default=0, init=False)
    unread: bytes = field(default=b"", init=False)
    events: list[str] = field(default_factory=list, init=False)

    def open_page(self) -> None:
        """Begin: nothing else works before."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")

    def show(self, page: Path, *, width: int, height: int = 640, dark: bool = False) -> None:
        """Load a file as a screen of this size, in CSS pixels, shows it."""
        self.resize(width, height)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.events.clear()
        self.call("Page.navigate", url=page.resolve().as_uri())
        while "Page.loadEventFired" not in self.events:
            self.receive()

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression on the page.

        :raises BrowserError: it failed, with the browser's words
        """
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if problem := answer.get("exceptionDetails"):
            raise BrowserError(problem["exception"]["description"])
        return answer["result"].get("value")

    def picture(self, *, whole: bool = True) -> bytes:
        """The page as PNG: all of it, or what the screen shows of it."""
        if whole:
            width, height = self.evaluate("[innerWidth, document.documentElement.scrollHeight]")
            self.resize(width, height)
        return base64.b64decode(self.call("Page.captureScreenshot")["data"])

    def resize(self, width: int, height: int) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol.

        :raises BrowserError: the browser refused it, ended, or did not answer in time
        """
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.commands.write(json.dumps(message).encode() + b"\0")
        self.commands.flush()
        while (answer := self.receive()).get("id") != self.number:
            continue
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        return dict(answer["result"])

    def receive(self) -> dict[str, Any]:
        """The next message; the names of events are remembered."""
        deadline = time.monotonic() + _ANSWER_SECONDS
        while b"\0" not in self.unread:
            self.unread += self.read(deadline - time.monotonic())
        first, _, self.unread = self.unread.partition(b"\0")
        message: dict[str, Any] = json.loads(first)
        if "method" in message:
            self.events.append(message["method"])
        return message

    def read(self, seconds: float) -> bytes:
        ready, _, _ = select.select([self.answers], [], [], max(seconds, 0))
        received = self.answers.read(_LONGEST_READ) if ready else b""
        if not received:
            raise BrowserError(
                "the browser has ended" if ready else f"the browser said nothing for {_ANSWER_SECONDS} s"
            )
        return received
