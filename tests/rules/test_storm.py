"""Storms: the first tickets of a cause are mailed one by one, the others together; danger never."""

from dataclasses import replace

import pytest

from rules.policy import Policy
from rules.reasons import Priority, rank
from rules.storm import find_likely_cause, may_be_bundled, select_bundled

POLICY = Policy("1", 0.3, 8, 2, frozenset(), frozenset(), False, storm_tickets=3)
PUMP = {"model": "AutoBoss 500", "category": "hydraulic"}


def test_the_first_of_a_cause_go_alone_and_the_others_together() -> None:
    tickets = [(str(number), PUMP) for number in range(5)]
    assert select_bundled(tickets, {}, POLICY) == {"3", "4"}
    assert select_bundled(tickets, {("category", "hydraulic"): 2}, POLICY) == {"1", "2", "3", "4"}
    assert select_bundled(tickets, {("category", "electrical"): 9}, POLICY) == {"3", "4"}


def test_tickets_that_share_nothing_are_no_storm() -> None:
    assert select_bundled([(str(number), {"organisation": str(number)}) for number in range(50)], {}, POLICY) == set()


def test_a_policy_without_storms_bundles_nothing() -> None:
    quiet = replace(POLICY, storm_tickets=0)
    assert select_bundled([(str(number), PUMP) for number in range(50)], {}, quiet) == set()


@pytest.mark.parametrize(
    ("priority", "safety", "bundled"),
    [
        ("urgent", True, False),
        ("medium", True, False),
        ("urgent", False, False),
        ("high", False, True),
        ("low", False, True),
    ],
)
def test_danger_and_urgent_tickets_are_never_bundled(priority: Priority, safety: bool, bundled: bool) -> None:
    assert may_be_bundled(rank(priority, safety), PUMP) is bundled


def test_the_likely_cause_is_what_most_have_in_common() -> None:
    assert find_likely_cause([PUMP, PUMP, {"organisation": "A"}]) == ("model", "AutoBoss 500", 2)
    assert find_likely_cause([{"category": "hydraulic"}, PUMP]) == ("category", "hydraulic", 2)
    assert find_likely_cause([{"organisation": "A"}, {"organisation": "B"}]) is None
    assert find_likely_cause([{}]) is None
