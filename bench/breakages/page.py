"""The table of the page on reliability."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bench.breakages.trial import Trial

SHOWN = 3
LONGEST = 160
NOTHING = "**nothing**"


def section(trials: Sequence[Trial]) -> str:
    """What was broken, and each test that found it, with its name as the sentence that it is."""
    found = sum(trial.found for trial in trials)
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
    """The tests, and what the storm's verdict said."""
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
