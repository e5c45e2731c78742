"""Measure side by side with what others do, and show medians, ranges and ratios."""

import argparse
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.goals import missed
from bench.page import page
from bench.plots import draw
from bench.profile import KINDS
from bench.profile import run as profile
from bench.results import FILE, Results, conditions_now, load, save
from bench.sections import SECTIONS
from bench.sections.effort import Effort
from bench.stand import Stand, stand

CHECKOUT = Path(__file__).parent.parent
PAGE = CHECKOUT / "docs" / "performance.md"


def main(given: list[str] | None = None) -> int:
    arguments = parser().parse_args(given)
    # So that nothing that was started stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    earlier = load() if arguments.add or arguments.page_only else {}
    results = earlier if arguments.page_only else earlier | measured(arguments, lambda found: save(earlier | found))
    save(results)
    text = page(results)
    print(text)
    if arguments.write_docs:
        PAGE.write_text(text, encoding="utf-8")
        draw(results, PAGE.parent / "pictures")
    return 0


def measured(arguments: argparse.Namespace, kept: Callable[[Results], None]) -> Results:
    effort = Effort(arguments.rounds, arguments.scale, progress())
    return measure(arguments.only, effort, explain=not arguments.no_profile, kept=kept)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    made.add_argument(
        "--only", type=names, default=list(SECTIONS), metavar="NAME,NAME", help=f"sections: {', '.join(SECTIONS)}"
    )
    made.add_argument("--rounds", type=int, default=3, help="how often each is measured (default: 3)")
    made.add_argument("--scale", type=float, default=1.0, help="share of the usual amounts (default: 1)")
    made.add_argument(
        "--add", action="store_true", help="keep what earlier runs found in other sections; the page says when"
    )
    made.add_argument("--no-profile", action="store_true", help="do not look into goals that were missed")
    made.add_argument("--page-only", action="store_true", help=f"measure nothing, show {FILE.name} once more")
    made.add_argument("--write-docs", action="store_true", help=f"write {PAGE.relative_to(CHECKOUT)}")
    return made


def names(given: str) -> list[str]:
    """The sections named, in the order in which they are run."""
    wanted = set(given.split(","))
    if unknown := wanted - set(SECTIONS):
        raise argparse.ArgumentTypeError(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    return [name for name in SECTIONS if name in wanted]


def measure(only: list[str], effort: Effort, *, explain: bool, kept: Callable[[Results], None]) -> Results:
    """The sections named, and where the time goes in those whose goals were missed.

    :param kept: is given what there is after each section, so that a run that is broken off is not lost
    """
    results: Results = {}
    with stand() as servers:
        for name in only:
            results[name] = SECTIONS[name](servers, effort)
            results[name].conditions = conditions_now(effort.rounds, effort.scale)
            kept(results)
        if explain:
            explain_missed(servers, effort, results)
    return results


def explain_missed(servers: Stand, effort: Effort, results: Results) -> None:
    """Where the time goes, for each goal that was missed."""
    wanted = {name for goal in missed(results) for name in goal.sections} & set(KINDS)
    if wanted:
        results["profile"] = profile(servers, effort, wanted)
        results["profile"].conditions = conditions_now(effort.rounds, effort.scale)


def progress() -> Callable[[str], None]:
    """Tells each step with the seconds since the start, to the terminal and not into the page."""
    began = time.monotonic()
    return lambda words: print(f"{time.monotonic() - began:5.0f} s  {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
