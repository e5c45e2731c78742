"""`python -m bench.breakages [--only WORDS] [--write-docs]`: break the code on purpose, see that the tests find it."""

import argparse
import sys
from collections.abc import Sequence

from bench import reliability
from bench.breakages.catalogue import BREAKAGES
from bench.breakages.page import finders, section
from bench.breakages.trial import Trial, tried


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.breakages", description=__doc__)
    parser.add_argument("--only", default="", help="those with these words in their name")
    parser.add_argument("--storm", action="store_true", help="let storms look for the worst ones too")
    parser.add_argument("--write-docs", action="store_true", help=f"write the table into {reliability.NAME}")
    options = parser.parse_args(arguments)
    trials: list[Trial] = []
    for breakage in BREAKAGES:
        if options.only in breakage.name:
            trials.append(tried(breakage, with_storm=options.storm))
            print(f"{breakage.name}: {finders(trials[-1])}", flush=True)
    unfound = sum(not trial.found for trial in trials)
    print(f"breakages: tried={len(trials)} found={len(trials) - unfound} not_found={unfound}")
    if options.write_docs:
        reliability.write("breakages", section(trials, reliability.read("breakages")))
    return 1 if unfound or not trials else 0


if __name__ == "__main__":
    sys.exit(main())
