"""The table of the page on reliability."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from bench.breakages.catalogue import BREAKAGES
from bench.breakages.trial import Trial

SHOWN = 3
LONGEST = 160
NOTHING = "**nothing**"
ROW = re.compile(r"\| \d+ \| ")


def section(trials: Sequence[Trial], earlier: str = "") -> str:
    """What was broken, and each test that found it; what was not tried this time stays as it was on the page."""
    rows = {name_of(line): line for line in earlier.splitlines() if ROW.match(line)}
    rows |= {trial.breakage.name: row(trial) for trial in trials}
    lines = [rows[one.name] for one in sorted(BREAKAGES, key=lambda one: one.promise) if one.name in rows]
    found = sum(NOTHING not in line for line in lines)
    head = f"Tried {datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {found} of {len(lines)} found.\n"
    return "\n".join([head, "| promise | broken on purpose | found by |", "|---|---|---|", *lines]) + "\n"


def name_of(line: str) -> str:
    return line.split(" | ")[1]


def row(trial: Trial) -> str:
    return f"| {trial.breakage.promise} | {trial.breakage.name} | {finders(trial)} |"


def finders(trial: Trial) -> str:
    """The tests, and what the storm's reply_class said."""
    words = [sentence(one) for one in trial.found_by[:SHOWN]] or [NOTHING]
    words += [f"and {len(trial.found_by) - SHOWN} more"] if len(trial.found_by) > SHOWN else []
    if trial.differences is not None:
        words.append(f"storm: {of_storm(trial.differences)}")
    return "; ".join(words)


def of_storm(differences: Sequence[str]) -> str:
    if not differences:
        return NOTHING
    first = f"`{differences[0][:LONGEST]}`"
    return f"{first} and {len(differences) - 1} more" if len(differences) > 1 else first


def sentence(test: str) -> str:
    """`tests/x/test_y.py::test_a_b` as "a b" with its file."""
    file, _, name = test.partition("::")
    return f"{name.removeprefix('test_').replace('_', ' ')} (`{file}`)"
