"""The breakages still fit the code that they break; whether they are found is tried by `make breakages`."""

from pathlib import Path

import pytest

from bench import reliability
from bench.breakages.breakage import Breakage, Change, CodeChanged
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
    with pytest.raises(CodeChanged, match=r"tasks/drain\.py has this 0 times"):
        Change("tasks/drain.py", "what never stood there", "").applied(ROOT)


def test_what_nothing_finds_is_shown_as_such() -> None:
    one = Breakage("a lock left out", 2, (), ())
    assert "| 2 | a lock left out | **nothing** |" in section([Trial(one, ())])
    assert "| 2 | a lock left out | it waits (`tests/test_x.py`) |" in section(
        [Trial(one, ("tests/test_x.py::test_it_waits",))]
    )


def test_a_section_is_written_between_its_marks_and_the_rest_is_left(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- storm -->\nold\n<!-- end of storm -->\nafter\n")
    reliability.write("storm", "new\n", page)
    assert page.read_text() == "before\n<!-- storm -->\nnew\n<!-- end of storm -->\nafter\n"
    with pytest.raises(reliability.NoSection):
        reliability.write("another", "new", page)
