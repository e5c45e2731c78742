"""The breakages still fit the code that they break; whether they are found is tried by `make breakages`."""

from pathlib import Path

import pytest

from bench import reliability
from bench.breakages.breakage import Breakage, CodeChanged, SourceChange
from bench.breakages.catalogue import BREAKAGES
from bench.breakages.page import section
from bench.breakages.trial import Trial
from tests.processes import ROOT


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda one: one.name)
def test_a_breakage_fits_and_its_tests_are_there(breakage: Breakage) -> None:
    for change in breakage.changes:
        compile(change.applied(ROOT), change.file, "exec")
    for argument in breakage.tests:
        file, _, name = argument.partition("::")
        if file.startswith("tests/"):
            assert f"def {name}" in (ROOT / file).read_text(encoding="utf-8")


def test_a_breakage_of_code_that_is_gone_says_so() -> None:
    with pytest.raises(CodeChanged, match=r"tasks/evaluation/drain\.py has this 0 times"):
        SourceChange("tasks/evaluation/drain.py", "what never stood there", "").applied(ROOT)


FIRST, SECOND = BREAKAGES[:2]
BY_TEST = ("tests/test_x.py::test_it_waits",)


def test_what_nothing_finds_is_shown_as_such() -> None:
    assert f"| {FIRST.promise} | {FIRST.name} | **nothing** |" in section([Trial(FIRST, ())])
    found = section([Trial(FIRST, BY_TEST), Trial(SECOND, ())])
    assert f"| {FIRST.promise} | {FIRST.name} | it waits (`tests/test_x.py`) |" in found
    assert "1 of 2 found" in found


def test_what_a_storm_was_to_find_and_did_not_is_shown_as_such() -> None:
    assert "storm: **nothing** |" in section([Trial(FIRST, BY_TEST, ())])
    assert "0 of 1 found" in section([Trial(FIRST, BY_TEST, ())])
    lost = ("lost: event 7", "lost: event 8")
    assert "storm: `lost: event 7` and 1 more |" in section([Trial(FIRST, BY_TEST, lost)])


def test_what_was_not_tried_again_stays_on_the_page() -> None:
    earlier = section([Trial(FIRST, ()), Trial(SECOND, BY_TEST)])
    now = section([Trial(FIRST, BY_TEST)], earlier)
    assert "2 of 2 found" in now
    assert now.count("it waits") == 2


def test_a_section_is_written_between_its_marks_and_the_rest_is_left(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- storm -->\nold\n<!-- end of storm -->\nafter\n")
    reliability.write("storm", "new\n", page)
    assert page.read_text() == "before\n<!-- storm -->\nnew\n<!-- end of storm -->\nafter\n"
    with pytest.raises(reliability.NoSection):
        reliability.write("another", "new", page)
