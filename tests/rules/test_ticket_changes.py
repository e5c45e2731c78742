"""What a ticket's changes mean, whoever made them and in whatever steps."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.ticket_changes import TicketChange, TicketRow, happenings
from rules.ticket_states import FOLLOWS, STATUSES, TicketRefused, following

AT = datetime(2026, 11, 23, 21, 30, tzinfo=UTC)


def row(text: str) -> TicketRow:
    """`open`, or `open+expert` with somebody assigned, or `open!urgent` with a priority."""
    status, _, priority = text.partition("!")
    status, _, assigned = status.partition("+")
    return TicketRow(status, assigned or None, priority or "medium")


def told(first: str, *later: str, acknowledged: bool = False) -> list[str]:
    changes = [TicketChange(row(one), AT, "Maria") for one in later]
    return [one.kind for one in happenings(row(first), acknowledged, changes)]


@pytest.mark.parametrize(
    ("rows", "kinds"),
    [
        (("open", "in_progress"), ["acknowledged"]),
        (("open", "open+expert"), ["acknowledged"]),
        (("open", "in_progress+expert"), ["acknowledged"]),
        (("open", "open+expert", "in_progress+expert"), ["acknowledged"]),
        (("open", "in_progress", "in_progress+expert", "in_progress+other"), ["acknowledged"]),
        (("open", "in_progress", "open"), ["acknowledged", "released"]),
        (("open", "open+expert", "open"), ["acknowledged", "released"]),
        (("open", "in_progress+expert", "open+expert"), ["acknowledged"]),
        (("open", "resolved"), ["resolved"]),
        (("open", "closed"), ["resolved"]),
        (("open", "resolved", "closed"), ["resolved"]),
        (("open", "in_progress", "resolved", "open"), ["acknowledged", "resolved", "reopened"]),
        (("open", "resolved", "in_progress"), ["resolved", "reopened", "acknowledged"]),
        (("open", "open!high", "open!low", "open!urgent"), ["raised", "raised"]),
        (("open", "resolved!urgent"), ["resolved"]),
        (("open!made up", "open!low"), ["raised"]),
        (("open", "open"), []),
    ],
)
def test_what_happened(rows: tuple[str, ...], kinds: list[str]) -> None:
    assert told(*rows) == kinds


ROWS = st.builds(
    TicketRow, st.sampled_from(STATUSES), st.sampled_from([None, "expert"]), st.sampled_from(["low", "urgent"])
)


@given(first=ROWS, rows=st.lists(ROWS, max_size=8), acknowledged=st.booleans())
def test_taking_and_losing_take_turns(first: TicketRow, rows: list[TicketRow], acknowledged: bool) -> None:
    held = acknowledged
    for one in happenings(first, acknowledged, [TicketChange(each, AT, "x") for each in rows]):
        if one.kind == "acknowledged":
            assert not held
            held = True
        elif one.kind in {"released", "reopened"}:
            assert held or one.kind == "reopened"
            held = False


@given(first=ROWS, rows=st.lists(ROWS, max_size=8))
def test_nothing_happens_without_a_change(first: TicketRow, rows: list[TicketRow]) -> None:
    doubled = [each for each in rows for _ in range(2)]
    once, twice = (
        list(happenings(first, False, [TicketChange(each, AT, "x") for each in some])) for some in (rows, doubled)
    )
    assert once == twice


@pytest.mark.parametrize("action", FOLLOWS)
@pytest.mark.parametrize("status", STATUSES)
def test_every_refusal_names_a_step_that_may_be_taken(action: str, status: str) -> None:
    try:
        after = following(action, "AB-1", status)
    except TicketRefused as refused:
        step = "reopen" if "reopen it first" in str(refused) else "resolve"
        assert action in FOLLOWS
        assert following(action, "AB-1", following(step, "AB-1", status)) in STATUSES
    else:
        assert following(action, "AB-1", after) == after, "doing it again leads nowhere else"
