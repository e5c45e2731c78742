"""Tables of the page."""

import statistics

from bench.results import Section
from bench.sections.latency import STEPS
from bench.sections.memory import growth

PERCENTS = (50, 95, 99)


def speed_table(section: Section, title: str) -> str:
    lines = [f"| what | {title} | least to most |", "|---|---|---|"]
    for key in section.speeds:
        lines.append(f"| {section.words[key]} | {section.median(key):,.0f} | {spread(section, key)} |")
    return "\n".join(lines)


def stream_table(section: Section) -> str:
    """Speeds, each beside that with one stream, and the share of the servers in the work."""
    lines = ["| what | events a second | least to most | to one stream | servers' share |", "|---|---|---|---|---|"]
    for key, words in section.words.items():
        ratio, share = section.ratio(key, "1"), statistics.median(section.times[key])
        cells = f"{section.median(key):,.0f} | {spread(section, key)} | {ratio:.2f} times | {share:.0%}"
        lines.append(f"| {words} | {cells} |")
    return "\n".join(lines)


def latency_table(section: Section) -> str:
    """Milliseconds by rate; a key is what it is and how many a second."""
    lines = ["| a second | what, in milliseconds | p50 | p95 | p99 | of |", "|---|---|---|---|---|---|"]
    for rate in rates(section):
        for name, words in section.words.items():
            marks = " | ".join(milliseconds(section, f"{name} {rate}", percent) for percent in PERCENTS)
            lines.append(f"| {rate} | {words} | {marks} | {len(section.times[f'{name} {rate}'])} |")
    return "\n".join(lines)


def step_table(section: Section) -> str:
    """Where the time to an accepted mail goes: medians by rate."""
    heads = " | ".join(f"{rate} a second" for rate in rates(section))
    lines = [f"| step, p50 in milliseconds | {heads} |", "|---" * (1 + len(rates(section))) + "|"]
    for name, words in STEPS.items():
        cells = " | ".join(milliseconds(section, f"{name} {rate}", 50) for rate in rates(section))
        lines.append(f"| {words} | {cells} |")
    return "\n".join(lines)


def milliseconds(section: Section, key: str, percent: float) -> str:
    return f"{section.percentile(key, percent) * 1000:,.1f}"


def rates(section: Section) -> list[int]:
    return sorted({int(key.split()[1]) for key in section.times})


def day_table(section: Section) -> str:
    """By the rate at which events were published; medians of the rounds, of the mails' times over all rounds."""
    heads = " | ".join(section.words.values())
    lines = [f"| published a second | {heads} | mails' p50 | p99 |", "|---" * (len(section.words) + 3) + "|"]
    for rate in rates(section):
        figures = [section.median(f"{name} {rate}") for name in section.words]
        cells = " | ".join(f"{figure:,.0f}" if figure >= 100 else f"{figure:.2f}" for figure in figures)
        marks = " | ".join(f"{section.percentile(f'mail {rate}', percent):.2f} s" for percent in (50, 99))
        lines.append(f"| {rate:,} | {cells} | {marks} |")
    return "\n".join(lines) + f"\n\nMails are in time up to {section.median('held'):,.0f} events a second."


def mail_table(section: Section) -> str:
    """A key is what it is, and whether plain or over STARTTLS."""
    lines = ["| what | plain, mails a second | least to most | STARTTLS | least to most |", "|---|---|---|---|---|"]
    for key, words in section.words.items():
        cells = [
            f"{section.median(f'{key} {way}'):,.0f} | {spread(section, f'{key} {way}')}" for way in ("plain", "tls")
        ]
        lines.append(f"| {words} | {' | '.join(cells)} |")
    return "\n".join(lines)


def spread(section: Section, key: str) -> str:
    return f"{min(section.speeds[key]):,.0f} to {max(section.speeds[key]):,.0f}"


def growth_table(section: Section) -> str:
    lines = ["| stored before | microseconds an event | events a second | tickets a second |", "|---|---|---|---|"]
    for place, words in section.words.items():
        speed, tickets = section.median(f"events {place}"), section.median(f"tickets {place}")
        lines.append(f"| {words} | {1e6 / speed:,.0f} | {speed:,.0f} | {tickets:,.0f} |")
    return "\n".join(lines)


def memory_table(section: Section) -> str:
    head = "| what | RSS at the end | PSS | USS | most RSS | growth for 100,000 events, second half |"
    lines = [head, "|---|---|---|---|---|---|"]
    for name, words in section.words.items():
        ends = [f"{section.curves[f'{name} {kind}'][-1][1]:.0f} MB" for kind in ("rss", "pss", "uss")]
        most = max(size for _, size in section.curves[f"{name} rss"])
        lines.append(f"| {words} | {' | '.join(ends)} | {most:.0f} MB | {growth(section, name):+.1f} MB |")
    return "\n".join(lines)


def start_table(section: Section) -> str:
    lines = ["| what | seconds (median) | least to most |", "|---|---|---|"]
    for key, words in section.words.items():
        times = section.times[key]
        lines.append(f"| {words} | {statistics.median(times):.2f} | {min(times):.2f} to {max(times):.2f} |")
    return "\n".join(lines)


def sink_share(mails: Section) -> str:
    """Whether the mail server could have been what was measured."""
    shares = [
        max(mails.median(f"{key} {way}") for key in mails.words if key != "sink") / mails.median(f"sink {way}")
        for way in ("plain", "tls")
    ]
    return f"The fastest of them asks for {max(shares):.0%} of what the mail server can take."
