"""Tables of the page."""

from bench.results import Section

PERCENTS = (50, 95, 99)


def speed_table(section: Section, title: str) -> str:
    lines = [f"| what | {title} | least to most |", "|---|---|---|"]
    for key, figures in section.speeds.items():
        spread = f"{min(figures):,.0f} to {max(figures):,.0f}"
        lines.append(f"| {section.words[key]} | {section.median(key):,.0f} | {spread} |")
    return "\n".join(lines)


def latency_table(section: Section) -> str:
    """Milliseconds by rate; a key is what it is and how many a second."""
    lines = ["| a second | what, in milliseconds | p50 | p95 | p99 | of |", "|---|---|---|---|---|---|"]
    for key, times in section.times.items():
        name, rate = key.split()
        marks = " | ".join(f"{section.percentile(key, percent) * 1000:,.1f}" for percent in PERCENTS)
        lines.append(f"| {rate} | {section.words[name]} | {marks} | {len(times)} |")
    return "\n".join(lines)
