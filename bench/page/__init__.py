"""The page on performance, written from results alone."""

from collections.abc import Callable

from bench.page import tables
from bench.page.beyond import beyond
from bench.page.conditions import conditions
from bench.page.goals import goal_table
from bench.page.limits import limit_table
from bench.page.missed import missed_goals
from bench.page.words import (
    COMPOSING,
    DAY,
    GROWTH,
    HEAD,
    LATENCY,
    MAILS,
    MEMORY,
    MIX,
    ORIGINAL,
    SLOW_SERVER,
    START,
    STREAMS,
)
from bench.results import Results, Section

# Sections with a picture of that name (bench/plots.py).
PICTURED = ("events", "tickets", "mails", "latency", "growth", "memory")


def page(results: Results) -> str:
    """The whole page as Markdown; a section that was not measured is not on it."""
    parts = [HEAD, conditions(results), part("Goals", goal_table(results))]
    if limits := limit_table(results):
        parts.append(part("Distance to the limits", limits))
    parts += [
        part(title, *texts(results[name]), picture(name)) for name, (title, texts) in PARTS.items() if name in results
    ]
    parts += [missed_goals(results), beyond(results)]
    return "\n\n".join(text.strip() for text in parts if text.strip()) + "\n"


def part(title: str, *texts: str) -> str:
    return "\n\n".join((f"## {title}", *(text.strip() for text in texts if text)))


def picture(name: str) -> str:
    return f"![{PARTS[name][0]}, as in the table](pictures/performance-{name}.svg)" if name in PICTURED else ""


Texts = Callable[[Section], tuple[str, ...]]

PARTS: dict[str, tuple[str, Texts]] = {
    "events": ("Events", lambda one: (MIX, tables.speed_table(one, "events a second"))),
    "streams": ("Event streams", lambda one: (STREAMS, tables.stream_table(one))),
    "tickets": ("Tickets", lambda one: (ORIGINAL, tables.speed_table(one, "tickets a second"))),
    "composing": ("Composing", lambda one: (COMPOSING, tables.speed_table(one, "mails a second"))),
    "mails": ("Mails", lambda one: (MAILS, tables.mail_table(one), tables.sink_share(one))),
    "slow_server": ("Mails over a slow server", lambda one: (SLOW_SERVER, tables.speed_table(one, "mails a second"))),
    "latency": ("Latency", lambda one: (LATENCY, tables.latency_table(one), tables.step_table(one))),
    "day": ("A day's mix", lambda one: (DAY, tables.day_table(one))),
    "growth": ("Growth", lambda one: (GROWTH, tables.growth_table(one))),
    "memory": ("Memory", lambda one: (MEMORY, tables.memory_table(one))),
    "start": ("Start", lambda one: (START, tables.start_table(one))),
}
