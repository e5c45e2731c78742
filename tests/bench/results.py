"""Results as a run would give them, all goals met or all missed."""

from bench.results import Conditions, Results, Section
from bench.sections import events, latency, mails, tickets

CONDITIONS = Conditions("2026-03-01 12:00 UTC", 3, 1.0, "abcdef0", 0.5)


def results(good: bool) -> Results:
    ours = 3_000.0 if good else 100.0
    measured = {
        "events": speeds(events.WORDS, ours, {"noop_1", "noop_2"}),
        "tickets": speeds(tickets.WORDS, ours, {"original"}),
        "mails": mail_speeds(good),
        "latency": latencies(0.02 if good else 0.4),
    }
    for section in measured.values():
        section.conditions = CONDITIONS
    return measured


def speeds(words: dict[str, str], ours: float, peers: set[str]) -> Section:
    return Section({key: [100.0 if key in peers else ours] * 3 for key in words}, words=words)


def latencies(seconds: float) -> Section:
    times = {
        f"{name} {rate}": [0.01 if name == "start" else seconds] * 10 for rate in (1, 10, 100) for name in latency.WORDS
    }
    return Section(times=times, words=latency.WORDS)


def mail_speeds(good: bool) -> Section:
    """Ours lose most of their speed over STARTTLS when not good."""
    section = Section(words=mails.WORDS)
    for key in mails.WORDS:
        for way in mails.WAYS:
            ours = {"plain": 500.0, "tls": 400.0} if good else {"plain": 150.0, "tls": 50.0}
            section.speeds[f"{key} {way}"] = [ours[way] if key.startswith("ours") else 100.0] * 3
    return section
