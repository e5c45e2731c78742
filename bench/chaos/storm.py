"""A storm from its seed to its verdict."""

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from bench.chaos.calm import calm, left_over
from bench.chaos.faults import CLUSTER_FAULTS, EVENT_FAULTS, struck
from bench.chaos.plan import Blow, blows
from bench.chaos.recovery import Happened, recoveries
from bench.chaos.report import StormReport
from bench.chaos.sessions import Published, published
from bench.chaos.verdict import judge
from bench.chaos.world import World, world

SESSIONS_A_MINUTE = 600
CALM_SECONDS = 60.0

Say = Callable[[str], None]


def run(
    seed: int,
    minutes: float,
    say: Say,
    keep: Path,
    calm_seconds: float = CALM_SECONDS,
    *,
    streams: int = 1,
    nodes: int = 0,
) -> StormReport:
    """Let the storm rage for so many minutes, wait for calm, and judge.

    :param say: gets each fault as it begins
    :param calm_seconds: it ends when nothing has moved for so long
    :param keep: a folder for the processes' logs, which would be gone with the world
    :param streams: over how many streams events are spread
    :param nodes: of a Redis Cluster that holds them; 0 for none
    """
    lines = published(seed, max(round(SESSIONS_A_MINUTE * minutes), 20))
    with world(streams, nodes) as place:
        place.start()
        place.publish(lines.lines, seconds=minutes * 60)
        happened = rage(place, seed, minutes * 60, say)
        say("calm")
        late = calm(place, lines, calm_seconds)
        place.stop()
        report = judged(place, lines, StormReport(seed, minutes), happened)
        report.verdict.differences += [*late, *left_over(place, lines)]
        keep_logs(place, keep)
    return report


def judged(place: World, lines: Published, report: StormReport, happened: Sequence[Happened]) -> StormReport:
    hits = [one for one in happened if one.struck]
    report.faults = [one.fault.name for one in hits]
    report.missed = len(happened) - len(hits)
    with place.engine.connect() as connection, place.event_streams() as event_streams:
        report.verdict = judge(connection, lines, place.mail.messages, place.push.pushed)
        report.recoveries = recoveries(connection, event_streams, hits, place.orphaned)
    return report


def keep_logs(place: World, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for log in place.folder.rglob("*.log"):
        shutil.copy(log, folder)


def rage(place: World, seed: int, seconds: float, say: Say) -> list[Happened]:
    """One blow after the other until the time is up."""
    happened: list[Happened] = []
    end = time.monotonic() + seconds
    for blow in blows(seed, (*EVENT_FAULTS, *CLUSTER_FAULTS) if place.cluster else EVENT_FAULTS):
        happened += strike(place, blow, say)
        place.supervise()
        time.sleep(blow.pause)
        if time.monotonic() > end:
            break
    return happened


def strike(place: World, blow: Blow, say: Say) -> list[Happened]:
    random = Random(blow.seed)
    with ExitStack() as stack:
        hit = {}
        for fault in blow.faults:
            say(fault.name)
            hit[fault] = stack.enter_context(struck(place, fault, random))
            if not hit[fault]:
                say(f"{fault.name}: met nobody")
        time.sleep(blow.seconds)
    ended = datetime.now(UTC)
    return [Happened(fault, ended, met) for fault, met in hit.items()]
