"""The page on performance says what the figures say, and no goal is met that was missed."""

import pytest

from bench.figures import Results, percentile, speeds
from bench.page import page


def results(ours: float, peer: float, mail: float) -> Results:
    peers = {"noop_1", "noop_2", "original"}
    figures = {speed.key: [peer if speed.key in peers else ours] * 3 for speed in speeds(1)}
    latencies = {f"{name} {rate}": [mail] * 10 for name in ("ticket", "mail") for rate in (1, 10, 100)}
    return Results(figures, latencies | {f"start {rate}": [0.01] * 10 for rate in (1, 10, 100)})


def test_percentiles_are_those_of_the_nearest_rank() -> None:
    times = [float(number) for number in range(100, 0, -1)]
    assert [percentile(times, percent) for percent in (50, 99)] == [51, 100]
    assert percentile([7.0], 99) == 7.0


@pytest.mark.parametrize(
    ("ours", "mail", "verdict"), [(2_500, 0.05, "met"), (1_000, 0.2, "missed")], ids=["fast", "slow"]
)
def test_the_page_tells_whether_the_goals_were_met(ours: float, mail: float, verdict: str) -> None:
    text = page(results(ours, 100, mail), rounds=3)
    goals = [line for line in text.splitlines() if "at least" in line or "at most" in line]
    assert len(goals) == 5
    assert all(line.endswith(f"| {verdict} |") for line in goals)
    assert f"| events, one process | {ours:,} | {ours:,} to {ours:,} |" in text


def test_a_disturbed_round_disturbs_the_ratio_little() -> None:
    assert Results({"ours": [200, 20, 180], "peer": [10, 1, 9]}).ratio("ours", "peer") == 20
