"""A check that meets what nobody expected: the doctor says so and goes on."""

from collections.abc import Iterator

from config.settings import Settings
from services.installation import Installation
from tests.tasks.conftest import installation
from worker.doctor.finding import CheckedPart, CheckResult, exit_code
from worker.doctor.run import examine

__all__ = ["installation"]

FIRST, SECOND = CheckedPart("first"), CheckedPart("second")


def surprised(_: Settings) -> Iterator[CheckResult]:
    yield FIRST.ok("begin", "well")
    raise ZeroDivisionError("hidden-secret")


def well(_: Settings) -> Iterator[CheckResult]:
    yield SECOND.ok("try it", "well")


def test_what_no_check_expects_is_told_and_the_others_go_on(installation: Installation) -> None:
    begun, unknown, last = examine([(FIRST, surprised), (SECOND, well)])
    assert (begun.level, last.part, last.level) == ("ok", "second", "ok")
    assert (unknown.part, unknown.level) == ("first", "unknown")
    assert unknown.found.startswith("could not check: ZeroDivisionError in test_surprises.py, line ")
    assert exit_code([begun, unknown, last]) == 2
    assert "hidden-secret" not in str(unknown)
