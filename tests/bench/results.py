"""Results as a run would give them, all goals met or all missed."""

from bench.results import Conditions, Results, Section
from bench.sections import (
    composing,
    day,
    events,
    growth,
    latency,
    mails,
    memory,
    slow_server,
    starting,
    streams,
    tickets,
)

CONDITIONS = Conditions("2026-03-01 12:00 UTC", 3, 1.0, "abcdef0", 0.5)


def results(good: bool) -> Results:
    ours = 3_000.0 if good else 100.0
    measured = {
        "events": speeds(events.WORDS, ours, {"noop_1", "noop_2"}),
        "streams": Section(
            {key: [ours] * 3 for key in streams.WORDS}, {key: [0.5] * 3 for key in streams.WORDS}, words=streams.WORDS
        ),
        "tickets": speeds(tickets.WORDS, ours, {"original"}),
        "composing": speeds(composing.WORDS, ours, set()),
        "mails": mail_speeds(good),
        "day": days(good),
        "growth": growing(good),
        "memory": memories(2.0 if good else 40.0),
        "start": Section(times={key: [0.3 if good else 0.6] * 2 for key in starting.WORDS}, words=starting.WORDS),
        "slow_server": speeds(slow_server.WORDS, 300.0 if good else 50.0, {"peer"}),
        "latency": latencies(0.02 if good else 0.4),
    }
    measured["events"].speeds["insert"] = [3_000.0] * 3
    for section in measured.values():
        section.conditions = CONDITIONS
    return measured


def speeds(words: dict[str, str], ours: float, peers: set[str]) -> Section:
    return Section({key: [100.0 if key in peers else ours] * 3 for key in words}, words=words)


def latencies(seconds: float) -> Section:
    names = [*latency.WORDS, *latency.STEPS]
    times = {f"{name} {rate}": [seconds] * 10 for rate in (1, 10, 100) for name in names}
    return Section(times=times | {f"start {rate}": [0.01] * 10 for rate in (1, 10, 100)}, words=latency.WORDS)


def days(good: bool) -> Section:
    rates = (1_000, 2_000)
    return Section(
        {f"{name} {rate}": [rate / 2] * 3 for name in day.WORDS for rate in rates}
        | {"held": [2_000.0 if good else 0.0] * 3},
        {f"mail {rate}": [0.1, 2.5] for rate in rates},
        words=day.WORDS,
    )


def mail_speeds(good: bool) -> Section:
    """Ours lose most of their speed over STARTTLS when not good."""
    section = Section(words=mails.WORDS)
    for key in mails.WORDS:
        for way in mails.WAYS:
            ours = {"plain": 500.0, "tls": 400.0} if good else {"plain": 130.0, "tls": 50.0}
            section.speeds[f"{key} {way}"] = [ours[way] if key.startswith("ours") else 100.0] * 3
    return section


def growing(good: bool) -> Section:
    """An event costs five times as much when much is stored, or the same."""
    section = Section(words={str(place): growth.told(level) for place, level in enumerate(growth.LEVELS)})
    for place in range(len(growth.LEVELS)):
        speed = 5_000.0 if good or place == 0 else 1_000.0
        section.speeds |= {f"events {place}": [speed] * 3, f"tickets {place}": [500.0] * 3}
    section.curves["event"] = [(level, 200.0) for level in growth.LEVELS]
    return section


def memories(megabytes: float) -> Section:
    """So much more over 200,000 events, from 80 MB on."""
    grown = [(events, 80 + megabytes * events / 200_000 / 2) for events in range(0, 200_001, 20_000)]
    if megabytes > 10:
        grown = [(events, size + 60) for events, size in grown]
    curves = {
        f"{name} {kind}": [(float(x), y) for x, y in grown] for name in memory.WORDS for kind in ("rss", "pss", "uss")
    }
    return Section(curves=curves, words=memory.WORDS)
