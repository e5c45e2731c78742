"""The page on performance says what the figures say, and no goal is met that was missed."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.goals import GOALS, verdicts
from bench.page import page
from bench.results import Conditions, Results, Section, load, percentile, save, slope
from tests.bench.results import results

Draw = Callable[[Results, Path], list[Path]]


@pytest.fixture
def draw() -> Draw:
    # Not before: each process that collects tests would import matplotlib.
    from bench.plots import draw

    return draw


def test_percentiles_are_those_of_the_nearest_rank() -> None:
    times = [float(number) for number in range(100, 0, -1)]
    assert [percentile(times, percent) for percent in (50, 99)] == [51, 100]
    assert percentile([7.0], 99) == 7.0


def test_a_slope_is_what_is_added_for_each_step() -> None:
    assert slope([(0, 10), (100, 13), (200, 16)]) == pytest.approx(0.03)


@pytest.mark.parametrize(("good", "verdict"), [(True, "met"), (False, "**missed**")], ids=["fast", "slow"])
def test_the_page_tells_whether_the_goals_were_met(good: bool, verdict: str) -> None:
    lines = page(results(good)).splitlines()
    goals = [line for line in lines if "| at least " in line or "| at most " in line]
    assert len(goals) == len(GOALS)
    assert all(line.endswith(f"| {verdict} |") for line in goals)


def test_the_page_shows_medians_and_ranges() -> None:
    measured = results(good=True)
    measured["events"].speeds["ours_1"] = [9_000, 30_000, 12_000]
    assert "| ours, one worker | 12,000 | 9,000 to 30,000 |" in page(measured)


def test_several_streams_stand_beside_one_with_the_servers_share() -> None:
    measured = results(good=True)
    measured["streams"].speeds["4"] = [6_000.0] * 3
    measured["streams"].times["4"] = [0.6] * 3
    assert "| four streams | 6,000 | 6,000 to 6,000 | 2.00 times | 60% |" in page(measured)


def test_a_days_mix_stands_by_rate_with_its_mails_times() -> None:
    assert "| 2,000 | 1,000 | 1,000 | 1,000 | 1,000 | 1,000 | 1,000 | 2.50 s | 2.50 s |" in page(results(good=True))


def test_the_page_tells_how_far_it_is_to_each_limit() -> None:
    measured = results(good=True)
    measured["latency"].times["bare 10"] = [0.005] * 3
    text = page(measured)
    assert "| mails a second, one process | 500 | smtplib over one connection, no records | 100 | 500% |" in text
    assert "| 20.0 | XADD, one transaction with the same rows, one SMTP conversation | 5.0 | 25% |" in text
    assert "Distance to the limits" not in page({"tickets": measured["tickets"]})


def test_a_section_that_was_not_measured_is_neither_shown_nor_judged() -> None:
    measured = {"tickets": results(good=True)["tickets"]}
    assert "## Events" not in page(measured)
    assert [verdict.goal.key for verdict in verdicts(measured)] == ["tickets"]


def test_sections_of_different_runs_are_told_apart() -> None:
    measured = results(good=True)
    assert "of different runs" not in page(measured)
    assert measured["tickets"].conditions
    measured["tickets"].conditions = replace(measured["tickets"].conditions, scale=0.2)
    assert "The sections are of different runs" in page(measured)
    assert "- tickets: 2026-03-01 12:00 UTC, 3 rounds, 20% of the usual amounts" in page(measured)


def test_a_missed_goal_shows_where_the_time_goes_and_a_met_one_does_not() -> None:
    profile = Section(words={"events functions": "| a table |", "events statements": "a plan"})
    slow = page(results(good=False) | {"profile": profile})
    assert "### Where the time goes: events" in slow
    assert slow.count("a plan") == 1
    assert "Goals that were missed" not in page(results(good=True) | {"profile": profile})


def test_what_was_tried_for_several_goals_is_told_once() -> None:
    slow = page(results(good=False))
    assert slow.count("Tried: several connections in one process") == 1
    assert "- mails a second, one process, to django-post_office's: 1.30 times; mails a second, two processes" in slow


def test_what_lies_beyond_one_machine_needs_the_figures_of_events_and_tickets() -> None:
    measured = results(good=True)
    assert "Two do 1.0 times what one does" in page(measured)
    del measured["tickets"]
    assert "Beyond one machine" not in page(measured)


def test_the_page_names_the_pictures_that_are_drawn(draw: Draw, tmp_path: Path) -> None:
    measured = results(good=True)
    drawn = {file.name for file in draw(measured, tmp_path)}
    assert set(re.findall(r"\(pictures/(.+?)\)", page(measured))) == {name for name in drawn if name.endswith(".svg")}
    assert {name.replace(".svg", ".png") for name in drawn} == {name for name in drawn if name.endswith(".png")}
    assert all((tmp_path / name).stat().st_size > 5_000 for name in drawn)


def test_the_same_results_draw_the_same_pictures(draw: Draw, tmp_path: Path) -> None:
    measured = {"growth": results(good=True)["growth"]}
    first, again = (draw(measured, tmp_path / name) for name in ("first", "again"))
    assert first
    assert [file.read_bytes() for file in first] == [file.read_bytes() for file in again]


def test_a_disturbed_round_disturbs_the_ratio_little() -> None:
    assert Section({"ours": [200, 20, 180], "peer": [10, 1, 9]}).ratio("ours", "peer") == 20


def test_results_come_back_as_they_were_kept(tmp_path: Path) -> None:
    section = Section({"a": [1.0]}, {"b 10": [0.5]}, {"c": [(1.0, 2.0)]}, {"a": "words"})
    section.conditions = Conditions("2026-03-01 12:00 UTC", 3, 1.0, "abc", 0.5)
    kept: Results = {"events": section}
    save(kept, tmp_path / "results.json")
    assert load(tmp_path / "results.json") == kept
    assert load(tmp_path / "none.json") == {}
