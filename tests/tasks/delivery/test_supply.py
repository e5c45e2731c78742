"""How many mails a sender takes ahead: as many as leave in a moment."""

import pytest

from tasks.delivery.supply import Pace


@pytest.mark.parametrize(
    ("gone", "seconds", "ahead"),
    [(0, 1.0, 0), (30, 1.0, 6), (200, 1.0, 40), (5_000, 1.0, 50), (20, 0.1, 40), (1, 0.0, 50)],
)
def test_as_many_are_taken_ahead_as_leave_in_a_moment(gone: int, seconds: float, ahead: int) -> None:
    assert Pace(7.0).ahead(gone, 7.0 + seconds) == ahead


def test_only_what_has_left_since_the_last_question_counts() -> None:
    pace = Pace(0.0)
    pace.ahead(500, 1.0)
    assert pace.ahead(510, 2.0) == 2
