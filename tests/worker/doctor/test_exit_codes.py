from worker.commands.doctor import summary
from worker.doctor.finding import CheckedPart, CheckResult, exit_code

PART = CheckedPart("part")
FINE, NOTED = PART.ok("a", "b"), PART.note("a", "b")
BROKEN, UNKNOWN = PART.broken("a", "b", "c"), PART.unknown("a", "b")


def codes(*groups: list[CheckResult]) -> list[int]:
    return [exit_code(group) for group in groups]


def test_what_is_broken_counts_before_what_could_not_be_checked() -> None:
    groups = [FINE, NOTED], [FINE, UNKNOWN], [BROKEN, UNKNOWN], [PART.warning("a", "b", "c")]
    assert codes(*groups) == [0, 2, 1, 0]


def test_the_last_line_does_not_pass_over_warnings() -> None:
    warning = PART.warning("a", "b", "c")
    assert summary(0, [FINE, NOTED]) == "All is well."
    assert summary(0, [FINE, warning]) == "It works, with 1 warning."
    assert summary(0, [warning, warning]) == "It works, with 2 warnings."
    assert (summary(1, [BROKEN, warning]), summary(2, [UNKNOWN])) == (
        "Something is broken.",
        "Not everything could be checked.",
    )
