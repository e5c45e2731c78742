"""A storm with a fixed seed: whatever is killed, cut or silent, nothing is lost and nothing comes twice."""

from itertools import islice
from pathlib import Path

import pytest

from bench.chaos.faults import CLUSTER_FAULTS, FAULTS
from bench.chaos.plan import blows
from bench.chaos.sessions import published
from bench.chaos.storm import run

# Its first faults meet each kind of process and both servers, also on a slow machine.
SEED = 549
MINUTES = 1.0


def test_nothing_is_lost_or_doubled_in_a_storm(tmp_path: Path) -> None:
    said: list[str] = []
    report = run(SEED, MINUTES, said.append, tmp_path)
    assert report.verdict.differences == [], said
    assert report.line.startswith(f"chaos ok: seed={SEED} minutes=1 events=")
    assert report.line.endswith(" lost=0 doubled=0")
    assert report.verdict.tickets > 100
    assert report.verdict.mails >= report.verdict.tickets
    assert report.verdict.pushes >= report.verdict.tickets
    assert len(set(report.faults)) >= 10, said


@pytest.mark.long
def test_nothing_is_lost_or_doubled_with_four_streams_on_a_cluster_of_four(tmp_path: Path) -> None:
    said: list[str] = []
    report = run(SEED, MINUTES, said.append, tmp_path, streams=4, nodes=4)
    assert report.verdict.differences == [], said
    assert {fault.name for fault in CLUSTER_FAULTS} & set(report.faults), said


def test_a_seed_always_gives_the_same_faults_and_sessions() -> None:
    assert list(islice(blows(7), 100)) == list(islice(blows(7), 100))
    assert list(islice(blows(7), 10)) != list(islice(blows(8), 10))
    first, second = (published(7, 30) for _ in range(2))
    assert [event["id"] for event in first.good] == [event["id"] for event in second.good]
    assert [event["data"] for event in first.good] == [event["data"] for event in second.good]
    assert len(first.lines) == len(second.lines)


def test_each_fault_comes_once_before_any_comes_again() -> None:
    faults = [fault for blow in islice(blows(3), len(FAULTS)) for fault in blow.faults]
    assert {fault.name for fault in faults[: len(FAULTS)]} == {fault.name for fault in FAULTS}
