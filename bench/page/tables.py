"""Tables of the page."""

from bench.results import Section

PERCENTS = (50, 95, 99)


def speed_table(section: Section, title: str) -> str:
    lines = [f"| what | {title} | least to most |", "|---|---|---|"]
    for key in section.speeds:
        lines.append(f"| {section.words[key]} | {section.median(key):,.0f} | {spread(section, key)} |")
    return "\n".join(lines)


def latency_table(section: Section) -> str:
    """Milliseconds by rate; a key is what it is and how many a second."""
    lines = ["| a second | what, in milliseconds | p50 | p95 | p99 | of |", "|---|---|---|---|---|---|"]
    for key, times in section.times.items():
        name, rate = key.split()
        marks = " | ".join(f"{section.percentile(key, percent) * 1000:,.1f}" for percent in PERCENTS)
        lines.append(f"| {rate} | {section.words[name]} | {marks} | {len(times)} |")
    return "\n".join(lines)


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
