"""What an event costs when little or much is stored already."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from bench.mix import escalating, mixed
from bench.results import Section
from bench.sections.effort import Effort
from bench.sections.events import drained
from bench.stand import Stand
from bench.stored import EVENTS_A_TICKET, fill

LEVELS = (1_000, 100_000, 1_000_000)
MICROSECONDS = 1e6


def run(stand: Stand, effort: Effort) -> Section:
    """Keys are `events` or `tickets` and the level's place; the curve is microseconds an event by events stored."""
    levels = [LEVELS[0], *(effort.count(level) for level in LEVELS[1:])]
    section = Section(words={str(place): told(level) for place, level in enumerate(levels)})
    with ExitStack() as stack:
        grown = {level: stack.enter_context(stand.database()) for level in levels[1:]}
        for level, name in grown.items():
            fill(stand.postgres.url_of(name), level)
            effort.say(f"stored: {told(level)}")
        for turn in effort.turns():
            for place, level in enumerate(levels):
                with ExitStack() as fresh:
                    name = grown.get(level) or fresh.enter_context(filled(stand, level))
                    measure(stand, effort, section, turn, place, name)
    section.curves["event"] = [
        (level, MICROSECONDS / section.median(f"events {place}")) for place, level in enumerate(levels)
    ]
    return section


def measure(stand: Stand, effort: Effort, section: Section, turn: int, place: int, database: str) -> None:
    with stand.round(database=database) as one:
        speed = drained(one, mixed(effort.count(10_000), name=f"turn{turn}"))
        section.add(f"events {place}", speed)
    with stand.round(database=database) as one:
        section.add(f"tickets {place}", drained(one, escalating(effort.count(1_000), f"ticket{turn}")))
    effort.say(f"round {turn}: {MICROSECONDS / speed:,.0f} microseconds an event, with {section.words[str(place)]}")


@contextmanager
def filled(stand: Stand, level: int) -> Iterator[str]:
    """A database of this level, for one round: a small one would soon hold more than it says."""
    with stand.database() as name:
        fill(stand.postgres.url_of(name), level)
        yield name


def told(level: int) -> str:
    return f"{level:,} events and {level // EVENTS_A_TICKET:,} tickets stored"
