"""A browser driven over the WebDriver protocol (W3C Recommendation, "WebDriver"), with nothing but httpx."""

import base64
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx

ELEMENT: Final = "element-6066-11e4-a52e-4f735466cecf"
ARGUMENTS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


class Browser:
    """One window."""

    def __init__(self, client: httpx.Client, session: str) -> None:
        self.client = client
        self.session = session

    def command(self, method: str, path: str, **body: Any) -> Any:
        url = f"/session/{self.session}/{path}"
        answer = self.client.get(url) if method == "GET" else self.client.request(method, url, json=body)
        assert answer.is_success, answer.text
        return answer.json()["value"]

    def open(self, url: str) -> None:
        self.command("POST", "url", url=url)

    def find(self, selector: str) -> str:
        return str(self.command("POST", "element", using="css selector", value=selector)[ELEMENT])

    def click(self, selector: str) -> None:
        self.command("POST", f"element/{self.find(selector)}/click")

    def type(self, selector: str, words: str) -> None:
        self.command("POST", f"element/{self.find(selector)}/value", text=words)

    def run(self, script: str) -> Any:
        return self.command("POST", "execute/sync", script=script, args=[])

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.command("GET", "screenshot")))


@contextmanager
def chromium(folder: Path, width: int, dark: bool = False, *, phone: bool = True) -> Iterator[Browser]:
    """A headless Chromium whose page is so many CSS pixels wide."""
    arguments = [*ARGUMENTS, f"--user-data-dir={folder}", *(["--force-dark-mode"] if dark else [])]
    screen = {"width": width, "height": 740, "pixelRatio": 2.0 if phone else 1.0, "mobile": phone}
    options = {"args": arguments, "mobileEmulation": {"deviceMetrics": screen}}
    with driver() as address, httpx.Client(base_url=address, timeout=60) as client:
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
        answer = client.post("/session", json=wanted)
        assert answer.is_success, answer.text
        browser = Browser(client, answer.json()["value"]["sessionId"])
        try:
            yield browser
        finally:
            client.delete(f"/session/{browser.session}")


@contextmanager
def driver() -> Iterator[str]:
    with subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        started = (re.search(r"started successfully on port (\d+)", line) for line in process.stdout)
        try:
            yield f"http://127.0.0.1:{next(found[1] for found in started if found)}"
        finally:
            process.terminate()
