"""Measure side by side with what others do, and show medians, ranges and ratios."""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.page import page
from bench.results import FILE, Results, conditions_now, load, save
from bench.sections import SECTIONS
from bench.sections.effort import Effort
from bench.stand import stand

CHECKOUT = Path(__file__).parent.parent
PAGE = CHECKOUT / "docs" / "performance.md"


def main(given: list[str] | None = None) -> int:
    arguments = parser().parse_args(given)
    results = load() if arguments.add or arguments.page_only else {}
    if not arguments.page_only:
        results |= measure(arguments.only, arguments.rounds, arguments.scale, progress())
        save(results)
    text = page(results)
    print(text)
    if arguments.write_docs:
        PAGE.write_text(text, encoding="utf-8")
    return 0


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
    made.add_argument("--page-only", action="store_true", help=f"measure nothing, show {FILE.name} once more")
    made.add_argument("--write-docs", action="store_true", help=f"write {PAGE.relative_to(CHECKOUT)}")
    return made


def names(given: str) -> list[str]:
    """The sections named, in the order in which they are run."""
    wanted = set(given.split(","))
    if unknown := wanted - set(SECTIONS):
        raise argparse.ArgumentTypeError(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    return [name for name in SECTIONS if name in wanted]


def measure(only: list[str], rounds: int, scale: float, say: Callable[[str], None]) -> Results:
    results: Results = {}
    effort = Effort(rounds, scale, say)
    with stand() as servers:
        for name in only:
            results[name] = SECTIONS[name](servers, effort)
            results[name].conditions = conditions_now(rounds, scale)
    return results


def progress() -> Callable[[str], None]:
    """Tells each step with the seconds since the start, to the terminal and not into the page."""
    began = time.monotonic()
    return lambda words: print(f"{time.monotonic() - began:5.0f} s  {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
