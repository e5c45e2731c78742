"""A storm with a fixed seed: whatever is killed, cut or silent, nothing is lost and nothing comes twice."""

import pytest

from bench.chaos.storm import run

SEED = 20
MINUTES = 0.5


@pytest.mark.storm
def test_nothing_is_lost_or_doubled_in_a_storm() -> None:
    faults: list[str] = []
    report = run(SEED, MINUTES, faults.append)
    assert report.verdict.differences == []
    assert report.line.startswith("chaos ok: ")
    assert report.verdict.tickets > 50
    assert report.verdict.mails >= report.verdict.tickets
    assert len(report.happened) >= 8, faults
