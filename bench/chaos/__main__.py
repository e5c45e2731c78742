"""`python -m bench.chaos [--minutes N] [--seed N]`: let a storm rage and say whether anything was lost."""

import argparse
import random
import sys
import time
from pathlib import Path

from bench import reliability
from bench.chaos.page import section
from bench.chaos.storm import CALM_SECONDS, run

CHECKOUT = Path(__file__).parents[2]
LOGS = CHECKOUT / "var" / "chaos"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long faults come (default: 1)")
    parser.add_argument("--seed", type=int, default=None, help="the same seed gives the same storm (default: any)")
    parser.add_argument(
        "--calm", type=float, default=CALM_SECONDS, help="seconds without progress that end the wait afterwards"
    )
    parser.add_argument("--streams", type=int, default=1, help="over how many streams events are spread (default: 1)")
    parser.add_argument("--nodes", type=int, default=0, help="of a Redis Cluster that holds them (default: none)")
    parser.add_argument("--write-docs", action="store_true", help=f"write the storm into {reliability.NAME}")
    arguments = parser.parse_args()
    seed = random.randrange(10**6) if arguments.seed is None else arguments.seed
    print(f"storm of {arguments.minutes:g} minutes, seed {seed}", flush=True)
    begin = time.monotonic()

    def say(words: str) -> None:
        print(f"{time.monotonic() - begin:7.1f} s  {words}", flush=True)

    report = run(
        seed,
        arguments.minutes,
        say,
        LOGS / f"seed-{seed}",
        arguments.calm,
        streams=arguments.streams,
        nodes=arguments.nodes,
    )
    for line in report.lines:
        print(line)
    if not report.verdict.ok:
        print(f"The processes' logs: {LOGS.relative_to(CHECKOUT)}/seed-{seed}", file=sys.stderr)
    if arguments.write_docs:
        reliability.write("storm", section(report))
    return 0 if report.verdict.ok else 1


if __name__ == "__main__":
    sys.exit(main())
