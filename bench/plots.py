"""Plots of the page, as SVG and PNG; one for each section that has something to see."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter

from bench.results import Results, Section

# Ours are blue, peers orange, limits grey: told apart without the colour by the words beside them.
OURS, PEER, LIMIT, BARE = "#1f6fb4", "#d9822b", "#9aa5ae", "#4a8f5b"
SIZE = (8.0, 3.6)
PLAIN = StrMethodFormatter("{x:,.0f}")


def draw(results: Results, folder: Path) -> list[Path]:
    """Write the pictures of the sections that were measured; the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    with matplotlib.rc_context({"svg.hashsalt": "performance", "font.size": 9, "svg.fonttype": "none"}):
        for name, plot in PLOTS.items():
            if name in results:
                with picture(folder / f"performance-{name}", written) as axes:
                    plot(axes, results[name])
    return written


@contextmanager
def picture(path: Path, written: list[Path]) -> Iterator[Axes]:
    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.subplots()
    yield axes
    axes.spines[["top", "right"]].set_visible(False)
    for ending, metadata in (("svg", {"Date": None}), ("png", {"Software": None})):
        file = path.with_suffix(f".{ending}")
        figure.savefig(file, metadata=metadata, dpi=120)
        written.append(file)


def bars(axes: Axes, section: Section, keys: list[str], title: str) -> None:
    """Medians as bars over a logarithm, their least and most as whiskers."""
    medians = [section.median(key) for key in keys]
    least = [median - min(section.speeds[key]) for key, median in zip(keys, medians, strict=True)]
    most = [max(section.speeds[key]) - median for key, median in zip(keys, medians, strict=True)]
    names = [section.words[key.split()[0]] for key in keys]
    axes.barh(range(len(keys)), medians, xerr=(least, most), color=[colour(name) for name in names], capsize=2)
    axes.set_yticks(range(len(keys)), [wrapped(name) for name in names])
    axes.bar_label(axes.containers[-1], [f"{median:,.0f}" for median in medians], padding=4)  # type: ignore[arg-type]
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(PLAIN)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(10 ** math.floor(math.log10(min(medians))) / 2, max(medians) * 4)
    axes.invert_yaxis()
    axes.set_xlabel(title)


def colour(words: str) -> str:
    return OURS if words.startswith("ours") else LIMIT if words.startswith("limit") else PEER


def wrapped(words: str) -> str:
    """Long words break at the comma nearest to their middle, else at a space."""
    if len(words) < 36:
        return words
    mark = ", " if ", " in words[12:-8] else " "
    places = [place for place in range(len(words)) if words.startswith(mark, place)]
    middle = min(places, key=lambda place: abs(place - len(words) / 2)) + len(mark) - 1
    return f"{words[:middle].rstrip()}\n{words[middle:].strip()}"


def events(axes: Axes, section: Section) -> None:
    bars(axes, section, list(section.speeds), "events a second (logarithmic)")


def tickets(axes: Axes, section: Section) -> None:
    bars(axes, section, list(section.speeds), "tickets a second (logarithmic)")


def mails(axes: Axes, section: Section) -> None:
    bars(axes, section, [f"{key} plain" for key in section.words], "mails a second, plain (logarithmic)")


def latency(axes: Axes, section: Section) -> None:
    """p50 as points, whiskers up to p99."""
    rates = sorted({int(key.split()[1]) for key in section.times})
    for place, (name, words) in enumerate(section.words.items()):
        middle = [section.percentile(f"{name} {rate}", 50) * 1000 for rate in rates]
        worst = [section.percentile(f"{name} {rate}", 99) * 1000 for rate in rates]
        above = [high - low for high, low in zip(worst, middle, strict=True)]
        shifted = [rate * 1.12**place for rate in rates]
        axes.errorbar(shifted, middle, yerr=([0] * len(rates), above), marker="os^v"[place], capsize=3, label=words)
    axes.set(xscale="log", yscale="log", xlabel="a second", ylabel="milliseconds, p50 up to p99")
    axes.set_xticks(rates, [str(rate) for rate in rates])
    for axis in (axes.yaxis, axes.xaxis):
        axis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(PLAIN)
    axes.legend(frameon=False)


def growth(axes: Axes, section: Section) -> None:
    points = section.curves["event"]
    axes.plot([x for x, _ in points], [y for _, y in points], marker="o", color=OURS)
    axes.set(xscale="log", xlabel="events stored, with a tenth as many tickets", ylabel="microseconds an event")
    axes.xaxis.set_major_formatter(PLAIN)
    axes.set_ylim(bottom=0, top=1.2 * max(y for _, y in points))


def memory(axes: Axes, section: Section) -> None:
    for (name, words), shade in zip(section.words.items(), (OURS, PEER, LIMIT, BARE), strict=True):
        for kind, style in (("rss", "-"), ("uss", ":")):
            points = section.curves[f"{name} {kind}"]
            label = f"{words}, {kind.upper()}"
            axes.plot([x for x, _ in points], [y for _, y in points], style, color=shade, label=label)
    axes.set(xlabel="events", ylabel="MB")
    axes.locator_params(axis="x", nbins=4)
    axes.xaxis.set_major_formatter(PLAIN)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8)


PLOTS: dict[str, Callable[[Axes, Section], None]] = {
    "events": events,
    "tickets": tickets,
    "mails": mails,
    "latency": latency,
    "growth": growth,
    "memory": memory,
}
