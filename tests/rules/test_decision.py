"""Decisions: the gravest reason, the priority, the open ticket, and that order does not matter."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.lexicon import load_lexicon
from config.policy import load_policy
from config.settings import CONFIG_FOLDER
from escalation_client.events import Event
from rules.decision import Decision, Examined, OpenTicket, SessionState, decide, raise_priority
from rules.reasons import by_gravity, highest
from rules.triggers import examine
from tests.events import at, confidence, diagnosed, ended, message, requested, started, step

POLICY = load_policy(CONFIG_FOLDER / "policy.toml")


def decided(events: Sequence[Event], state: SessionState | None = None) -> Decision:
    examined = [Examined(event, examine(event, POLICY, load_lexicon())) for event in events]
    return decide(state or SessionState("s"), examined, POLICY)


def with_ticket(decision: Decision) -> SessionState:
    """The state as the database would give it back after this decision."""
    state, known = decision.state, decision.state.ticket
    if known is None and not decision.opens:
        return state
    reasons = (known.reasons if known else frozenset()) | set(decision.reasons)
    priority = decision.priority or "low"
    if known:
        priority = raise_priority(known, decision.priority) or known.priority
    return state._replace(ticket=OpenTicket("t", "AB-1", frozenset(reasons), priority), tickets=1)


def test_the_gravest_reason_comes_first_and_the_priority_is_the_highest() -> None:
    decision = decided(
        [confidence("s", 0.1), message("s", "there is smoke from the cabinet"), diagnosed("s", "very_low")]
    )
    assert decision.reasons == ("safety_concern", "expert_required", "low_confidence")
    assert decision.priority == "urgent"


@pytest.mark.parametrize(
    ("events", "priority"),
    [
        ([requested("s", priority="low")], "low"),
        ([requested("s", priority="low"), confidence("s", 0.1)], "medium"),
        ([requested("s", priority="high"), confidence("s", 0.1)], "high"),
        ([requested("s", priority="low"), requested("s")], "medium"),
    ],
)
def test_a_lone_request_is_taken_as_asked_and_otherwise_only_raises(events: list[Event], priority: str) -> None:
    assert decided(events).priority == priority


def test_the_eighth_different_step_that_failed_fires() -> None:
    assert decided([step("s", number) for number in range(1, 8)]).fired == ()
    decision = decided([step("s", number) for number in range(1, 9)])
    assert decision.reasons == ("steps_exceeded",)
    assert decision.fired[0].signal.evidence == {"observed": 8, "limit": 8}


def test_a_step_that_failed_twice_counts_once_and_one_that_succeeded_not_at_all() -> None:
    steps = [step("s", number) for number in range(1, 8)]
    assert decided([*steps, step("s", 7, seconds=50), step("s", 8, success=True)]).fired == ()


@pytest.mark.parametrize(("completed", "success"), [(True, None), (False, False), (False, None), (True, True)])
def test_a_step_that_nobody_answered_or_that_helped_has_not_failed(completed: bool, success: bool | None) -> None:
    steps = [step("s", number, success=success, completed=completed) for number in range(1, 10)]
    assert decided(steps).fired == ()


@pytest.mark.parametrize("turn", [1, -1])
def test_a_session_that_ends_as_solved_needs_nobody_because_of_its_steps(turn: int) -> None:
    events: list[Event] = [*[step("s", number) for number in range(1, 10)], ended("s")]
    decision = decided(events[::turn])
    assert (decision.fired, decision.state.status) == ((), "completed")
    assert decided([message("s", "there is smoke from the cabinet", 200)], decision.state).opens


def test_a_further_reason_is_news_and_the_same_reason_is_not() -> None:
    state = with_ticket(decided([confidence("s", 0.1)]))
    decision = decided([confidence("s", 0.2, seconds=9), diagnosed("s", "very_low")], state)
    assert not decision.opens
    assert [(one.kind, one.reason) for one in decision.news] == [("reason", "expert_required")]


def test_new_danger_notes_and_a_happy_end_are_news_of_an_open_ticket() -> None:
    state = with_ticket(decided([message("s", "there is smoke from the cabinet")]))
    events: list[Event] = [message("s", "now there is fire", 20), requested("s", notes="call me"), ended("s")]
    kinds = [one.kind for one in decided(events, state).news]
    assert kinds == ["reason", "safety", "notes", "ended"]


def test_after_a_ticket_was_resolved_only_what_happened_later_counts() -> None:
    state = SessionState("s", closed_at=at(50), tickets=1, last_ticket_id="old")
    assert decided([confidence("s", 0.1, seconds=50)], state).fired == ()
    assert decided([confidence("s", 0.1, seconds=51)], state).opens


def test_after_a_ticket_was_resolved_earlier_steps_do_not_count() -> None:
    before = decided([step("s", number) for number in range(1, 9)]).state
    state = before._replace(closed_at=at(60), tickets=1)
    assert decided([step("s", 9, seconds=70)], state).fired == ()
    again = [step("s", number, seconds=70 + number) for number in range(1, 9)]
    assert decided(again, state).reasons == ("steps_exceeded",)


def test_the_status_is_the_gravest_that_was_said() -> None:
    assert decided([ended("s", "completed"), ended("s", "abandoned", 120)]).state.status == "completed"
    assert decided([confidence("s", 0.1), ended("s", "completed")]).state.status == "escalated"


def test_the_earliest_announcement_counts_whichever_came_first() -> None:
    early, late = started("s", 1, user="early"), started("s", 2, user="late")
    assert decided([late, early]).state.user_id == "early"
    assert decided([early], decided([late]).state).state.user_id == "early"
    assert decided([late], decided([early]).state).state.user_id == "early"


EVENTS: list[Event] = [
    started("s", 0, user="first"),
    started("s", 3, user="second"),
    *[step("s", number) for number in range(1, 10)],
    step("s", 2, success=True, seconds=90),
    confidence("s", 0.1),
    confidence("s", 0.9, seconds=6),
    message("s", "there is smoke from the cabinet", 20),
    message("s", "i want to talk to a human", 30),
    message("s", "thanks", 40),
    requested("s", "complex_issue", "low"),
    requested("s", priority="high", seconds=60),
    diagnosed("s", "very_low", "electrical"),
    ended("s", "abandoned"),
]


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Event], list[list[Event]]]:
    """Some events, and the same ones shuffled, repeated and split over batches."""
    chosen = draw(st.lists(st.sampled_from(EVENTS), min_size=1, unique_by=lambda event: event.id))
    repeated = chosen + draw(st.lists(st.sampled_from(chosen), max_size=5))
    shuffled = draw(st.permutations(repeated))
    cuts = sorted(draw(st.lists(st.integers(0, len(shuffled)), max_size=4)))
    edges = [0, *cuts, len(shuffled)]
    return chosen, [list(shuffled[start:end]) for start, end in pairwise(edges)]


def outcome(batches: list[list[Event]]) -> tuple[object, ...]:
    """Drain batch after batch as the inbox does: what was seen before does not go on."""
    state, priority = SessionState("s"), "none"
    seen: set[UUID] = set()
    for batch in batches:
        fresh = {event.id: event for event in batch if event.id not in seen}
        seen |= fresh.keys()
        state = with_ticket(decided(list(fresh.values()), state))
    ticket = state.ticket
    reasons = by_gravity(ticket.reasons) if ticket else []
    priority = ticket.priority if ticket else priority
    return reasons, priority, state.status, state.user_id, dict(state.failed_steps)


@given(histories())
def test_order_repetition_and_batches_do_not_matter(history: tuple[list[Event], list[list[Event]]]) -> None:
    chosen, batches = history
    assert outcome(batches) == outcome([chosen])


@given(st.permutations(["low", "medium", "high", "urgent"]))
def test_the_highest_priority_is_found_in_any_order(priorities: list[str]) -> None:
    assert highest(priorities) == "urgent"


def test_a_decision_leaves_the_given_state_as_it_was() -> None:
    state = SessionState("s", failed_steps={1: at(0) - timedelta(days=1)})
    decided([step("s", 1)], state)
    assert state.failed_steps == {1: at(0) - timedelta(days=1)}


def test_whoever_has_the_ticket_hears_that_nobody_is_hurt() -> None:
    smoke = decided([message("s", "there is smoke from the cabinet")])
    later = decided([message("s", "nobody got hurt", 60)], with_ticket(smoke))
    assert [news.kind for news in later.news] == ["unhurt"]
    assert later.fired == ()
    assert decided([message("s", "nobody got hurt", 60)]).news == ()
    wish = decided([message("s", "i want to talk to a human")])
    assert decided([message("s", "nobody got hurt", 60)], with_ticket(wish)).news == ()
