"""The table of the page on reliability."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bench.breakages.trial import Trial

SHOWN = 3


def section(trials: Sequence[Trial]) -> str:
    """What was broken, and each test that found it, with its name as the sentence that it is."""
    found = sum(bool(trial.found_by) for trial in trials)
    lines = [
        f"Tried {datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {found} of {len(trials)} found.\n",
        "| promise | broken on purpose | found by |",
        "|---|---|---|",
        *(row(trial) for trial in sorted(trials, key=lambda one: one.breakage.promise)),
    ]
    return "\n".join(lines) + "\n"


def row(trial: Trial) -> str:
    return f"| {trial.breakage.promise} | {trial.breakage.name} | {finders(trial)} |"


def finders(trial: Trial) -> str:
    if not trial.found_by:
        return "**nothing**"
    more = len(trial.found_by) - SHOWN
    words = "; ".join(sentence(one) for one in trial.found_by[:SHOWN])
    return f"{words}; and {more} more" if more > 0 else words


def sentence(test: str) -> str:
    """`tests/x/test_y.py::test_a_b` as "a b" with its file."""
    file, _, name = test.partition("::")
    return f"{name.removeprefix('test_').replace('_', ' ')} (`{file}`)"
