"""`python -m tests.dashboard`: draws the Grafana dashboard's panels from their own queries into docs/pictures.

Grafana's own look needs Grafana. Here each panel stands in its place, with what a real Prometheus answers to its
queries while the demo's sessions are played into a whole stack for some minutes.
"""

import random
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from demo.recording import load_recordings
from escalation_client import Publisher
from services.mail.design import style_page
from tests.chromium import chromium
from tests.observe.test_grafana import DASHBOARD
from tests.observe.test_prometheus import ask, configured
from tests.screenshots import DESKTOP, keep
from tests.stack import started
from worker.embedded.paths import temporary_folder
from worker.embedded.ports import Port

PLAYED_SECONDS, STEP_SECONDS = 240.0, 5
ROW_PIXELS, WIDE, HIGH = 32, 600, 200
COLOURS = ("--accent", "--urgent", "--good", "--high", "--muted", "--safety")
STYLE = """
body { margin: 0; padding: 14px; background: var(--paper); color: var(--ink); font: 13px/1.4 Roboto, sans-serif; }
h1 { margin: 0 0 10px; font-size: 18px; }
main { display: grid; grid-template-columns: repeat(24, minmax(0, 1fr)); gap: 8px; }
section { display: flex; flex-direction: column; padding: 8px 10px; border: 1px solid var(--line); border-radius: 8px;
    background: var(--card); overflow: hidden; }
h2 { margin: 0; font-size: 13px; }
b { margin: auto; font-size: 34px; color: var(--good); }
svg { flex: 1; width: 100%; min-height: 0; }
p { margin: 0; color: var(--muted); font-size: 11px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
i { display: inline-block; width: 9px; height: 9px; margin-inline-end: 3px; border-radius: 2px; }
"""

Line = tuple[str, list[tuple[float, float]]]


@contextmanager
def prometheus(folder: Path, exporter: int) -> Iterator[str]:
    """The address of a Prometheus that reads the stack's exporter."""
    program = shutil.which("prometheus")
    assert program, "apt-get install prometheus"
    address = f"127.0.0.1:{Port(None, 'prometheus').number}"
    command = [program, f"--config.file={configured(folder, exporter)}", f"--web.listen-address={address}"]
    process = subprocess.Popen(
        [*command, f"--storage.tsdb.path={folder / 'data'}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    yield f"http://{address}"
    process.terminate()
    process.wait(20)


def play(redis_url: str) -> None:
    """The demo's sessions, one after the other, again and again."""
    source, recordings = random.Random(1), load_recordings()
    end = time.monotonic() + PLAYED_SECONDS
    with Publisher(redis_url) as publisher:
        while time.monotonic() < end:
            publisher.publish_many(source.choice(recordings).events(uuid4(), datetime.now(UTC)))
            time.sleep(source.uniform(0.5, 5))


def lines_of(address: str, target: Mapping[str, str], since: float) -> Iterator[Line]:
    """Each series that answers to a query: its name in the legend, and its points by the time."""
    asked = {"query": target["expr"], "start": since, "end": time.time(), "step": STEP_SECONDS}
    for series in ask(f"{address}/api/v1/query_range?{urlencode(asked)}").get("result", []):
        legend = target["legendFormat"]
        for name, value in series["metric"].items():
            legend = legend.replace("{{" + name + "}}", value)
        yield legend, [(float(at), float(value)) for at, value in series["values"] if value != "NaN"]


def panel_html(panel: Mapping[str, Any], lines: Sequence[Line]) -> str:
    place = panel["gridPos"]
    style = f"grid-column: {place['x'] + 1} / span {place['w']}; height: {place['h'] * ROW_PIXELS}px"
    drawn = last_value(panel, lines) if panel["type"] == "stat" else chart(lines)
    return f'<section style="{style}"><h2>{escape(panel["title"])}</h2>{drawn}</section>'


def last_value(panel: Mapping[str, Any], lines: Sequence[Line]) -> str:
    unit = " s" if panel["fieldConfig"]["defaults"].get("unit") == "s" else ""
    return f"<b>{sum(points[-1][1] for _, points in lines if points):.3g}{unit}</b>"


def chart(lines: Sequence[Line]) -> str:
    shown = sorted(((name, points) for name, points in lines if points), key=lambda line: -max(y for _, y in line[1]))
    every = [point for _, points in shown for point in points] or [(0.0, 0.0)]
    begin, end = min(x for x, _ in every), max(x for x, _ in every)
    top = max(y for _, y in every) or 1.0
    drawn, legend = [], []
    for number, (name, points) in enumerate(shown):
        colour = f"var({COLOURS[number % len(COLOURS)]})"
        path = " ".join(
            f"{(x - begin) / ((end - begin) or 1) * WIDE:.0f},{HIGH - y / top * (HIGH - 8):.0f}" for x, y in points
        )
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        legend.append(f'<i style="background: {colour}"></i>{escape(name)}&ensp;')
    most = f"{top:,.0f}" if top >= 100 else f"{top:.3g}"
    svg = f'<svg viewBox="0 0 {WIDE} {HIGH + 2}" preserveAspectRatio="none">{"".join(drawn)}</svg>'
    return f"<p>{most}</p>{svg}<p>{''.join(legend)}</p>"


def main() -> None:
    with temporary_folder() as folder, started(folder / "up") as stack:
        place = stack.ready().description()
        with prometheus(folder, int(urlsplit(place["metrics_url"]).port or 0)) as address:
            since = time.time()
            play(place["redis_url"])
            panels = "".join(
                panel_html(panel, [line for target in panel["targets"] for line in lines_of(address, target, since)])
                for panel in DASHBOARD["panels"]
            )
        page = folder / "dashboard.html"
        page.write_text(
            f'<!doctype html><html lang="en"><meta charset="utf-8"><style>{style_page()}{STYLE}</style>'
            f"<h1>{escape(DASHBOARD['title'])}</h1><main>{panels}</main></html>",
            encoding="utf-8",
        )
        with chromium(DESKTOP, dark=True, phone=False) as browser:
            browser.open(page.as_uri())
            keep(browser, "dashboard", whole=True)


if __name__ == "__main__":
    main()
