"""Memory of worker, child and beat while many events pass through."""

import threading
import time

import psutil

from bench import noop
from bench.mix import escalating, mixed
from bench.results import Section, slope
from bench.sections.effort import Effort
from bench.sections.events import pending, read_by
from bench.sections.latency import ACCEPTED
from bench.stand import Round, Stand, wait, worker
from services.events.stream import EVENTS, GROUP

WORDS = {
    "child": "the child that works (all queues)",
    "worker": "the worker's main process",
    "beat": "beat",
    "bare": "for comparison: the child of a bare Celery worker, idle",
}
# The heap grows in steps of half a megabyte: with fewer events one step more or less would decide.
EVENTS_IN_ALL, AT_ONCE = 400_000, 10_000
# So that what a child loads for its first mails is not taken for growth.
WARM = 5
SAMPLE_SECONDS = 0.5
MEGABYTE = 1024 * 1024


def run(stand: Stand, effort: Effort) -> Section:
    """Once, whatever the rounds: a leak shows over many events. Keys are what, and rss, pss or uss; megabytes."""
    section = Section(words=WORDS)
    count = effort.count(EVENTS_IN_ALL, least=AT_ONCE)
    with stand.round() as one:
        one.redis.xgroup_create(EVENTS, GROUP, id="0", mkstream=True)
        followed = started(one)
        one.publish(escalating(WARM, "warm"))
        wait(lambda: one.scalar(ACCEPTED) == WARM, "the first mails")
        publisher = threading.Thread(target=publish, args=(one, count))
        publisher.start()
        while not done(one, WARM + count):
            sample(section, followed, read_by(one.redis))
            time.sleep(SAMPLE_SECONDS)
        publisher.join()
    effort.say(f"memory over {count:,} events: the child has {section.curves['child rss'][-1][1]:.0f} MB")
    return section


def started(one: Round) -> dict[str, psutil.Process]:
    """The processes to follow, by name."""
    (ours,) = one.workers(1, "events,urgent,mail,sweeps")
    beat = one.beat()
    bare = one.family.start(*worker("bench.noop", "bare", noop.QUEUE), "-l", "WARNING")
    wait(lambda: noop.ready(one.redis) == 1, "the bare worker")
    (child,), (bare_child,) = ours.children(), bare.children()
    return {
        "child": child,
        "worker": psutil.Process(ours.pid),
        "beat": psutil.Process(beat.pid),
        "bare": bare_child,
    }


def publish(one: Round, count: int) -> None:
    """So that there is always work and never a long backlog."""
    for begin in range(0, count, AT_ONCE):
        wait(lambda begin=begin: begin - read_by(one.redis) < AT_ONCE, "the worker", pause=0.01)  # type: ignore[misc]
        one.publish(mixed(min(AT_ONCE, count - begin), seed=begin, name=f"memory{begin}"))


def done(one: Round, count: int) -> bool:
    return read_by(one.redis) >= count and pending(one.redis) == 0


def sample(section: Section, followed: dict[str, psutil.Process], events: int) -> None:
    for name, process in followed.items():
        taken = process.memory_full_info()
        for kind in ("rss", "pss", "uss"):
            point = (float(events), getattr(taken, kind) / MEGABYTE)
            section.curves.setdefault(f"{name} {kind}", []).append(point)


def growth(section: Section, name: str) -> float:
    """Megabytes for each 100,000 events, once it has warmed up in the first half.

    By the RSS: the USS also grows while pages that were shared with the parent become the child's own.
    """
    points = section.curves[f"{name} rss"]
    warm = [point for point in points if point[0] >= points[-1][0] / 2]
    return slope(warm) * 100_000
