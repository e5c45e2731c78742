"""`python -m bench [--rounds N] [--scale X] [--write-docs]`: measure side by side and show medians and ratios."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from bench.figures import measure
from bench.page import page
from bench.stand import stand

CHECKOUT = Path(__file__).parent.parent
RESULTS = CHECKOUT / "var" / "bench" / "results.json"
PAGE = CHECKOUT / "docs" / "performance.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (default: 3)")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the usual number of events (default: 1)")
    parser.add_argument("--write-docs", action="store_true", help=f"write {PAGE.relative_to(CHECKOUT)}")
    arguments = parser.parse_args()
    with stand() as servers:
        results = measure(servers, arguments.rounds, arguments.scale, lambda words: print(words, flush=True))
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps(asdict(results), indent=1), encoding="utf-8")
    text = page(results, arguments.rounds)
    print(text)
    if arguments.write_docs:
        PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
