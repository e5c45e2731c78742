"""What people do with tickets: audited, checked, harmless when repeated, and the same by plain SQL."""

from collections.abc import Callable
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from rules.ticket_states import TakenAlready, TicketRefused
from services.database.engine import begin
from services.tickets.actions import acknowledge, assign, close, note, prioritise, reopen, resolve
from services.tickets.one_action import Done
from services.tickets.queries import TicketNotFound, show_ticket
from services.tickets.validation import UnfitText
from tests.events import seconds_until_now
from tests.services.tickets.conftest import Opened, outcomes, ticket_row
from tests.tasks.conftest import rows

Result = TypeVar("Result")


def act(action: Callable[..., Result], *arguments: str) -> Result:
    with begin() as connection:
        return action(connection, *arguments)


def audit(connection: Connection) -> list[tuple[str, str, str]]:
    entries = rows(
        connection,
        """SELECT actor, old ->> 'status' AS old, new ->> 'status' AS new FROM escalation.audit_log
           WHERE table_name = 'support_tickets' AND action = 'update' ORDER BY audit_id""",
    )
    return [(str(one["actor"]), str(one["old"]), str(one["new"])) for one in entries]


def test_taking_a_ticket_is_audited_and_told_to_the_assistant(opened: Opened, connection: Connection) -> None:
    number = opened()
    assert act(acknowledge, number, "Maria").changed
    row = ticket_row(connection, number)
    assert (row["status"], row["acknowledged_by"]) == ("in_progress", "Maria")
    assert row["acknowledged_at"] is not None
    assert audit(connection) == [("Maria", "open", "in_progress")]
    assert outcomes(connection) == ["ticket.opened", "ticket.acknowledged"]


def test_taking_it_twice_changes_nothing_and_somebody_else_is_told_that_it_is_taken(
    opened: Opened, connection: Connection
) -> None:
    number = opened()
    act(acknowledge, number, "Maria")
    before = ticket_row(connection, number)
    assert not act(acknowledge, number, "  Maria ").changed
    assert ticket_row(connection, number) == before
    with pytest.raises(TakenAlready, match="assign it to hand it over") as refused:
        act(acknowledge, number, "John")
    assert refused.value.holder == "Maria"
    assert "Maria" not in str(refused.value)


def test_a_whole_life(opened: Opened, connection: Connection) -> None:
    number = opened()
    act(assign, number, "expert-7", "Maria")
    act(note, number, "Called the farm: the pump runs dry.", "Maria")
    act(prioritise, number, "high", "Maria")
    act(resolve, number, "New suction hose.", "Maria")
    row = ticket_row(connection, number)
    assert (row["status"], row["assigned_expert_id"], row["priority"]) == ("resolved", "expert-7", "high")
    assert row["resolution_notes"] == "New suction hose."
    assert row["resolved_at"] is not None
    act(close, number, "Maria")
    assert ticket_row(connection, number)["resolved_at"] == row["resolved_at"]
    act(reopen, number, "John")
    row = ticket_row(connection, number)
    assert (row["status"], row["assigned_expert_id"], row["resolved_at"]) == ("open", None, None)
    assert (row["acknowledged_at"], row["acknowledged_by"]) == (None, None)
    assert outcomes(connection) == ["ticket.opened", "ticket.acknowledged", "ticket.resolved"]
    told = show_ticket(connection, number)["actions"]
    assert [one["action"] for one in told] == ["assign", "note", "prioritise", "resolve", "close", "reopen"]
    assert {one["actor"] for one in told} == {"Maria", "John"}


def test_taken_again_after_reopening_is_told_again(opened: Opened, connection: Connection) -> None:
    number = opened()
    for _ in range(2):
        act(acknowledge, number, "Maria")
        act(resolve, number, "Restarted it.", "Maria")
        act(reopen, number, "Maria")
    assert outcomes(connection) == ["ticket.opened", *["ticket.acknowledged", "ticket.resolved"] * 2]


@pytest.mark.parametrize(
    ("repeated", "arguments"),
    [
        (assign, ("expert-7", "Maria")),
        (note, ("Called.", "Maria")),
        (prioritise, ("urgent", "Maria")),
        (resolve, ("New hose.", "Maria")),
    ],
)
def test_repeating_an_action_changes_nothing(
    repeated: Callable[..., Done], arguments: tuple[str, ...], opened: Opened, connection: Connection
) -> None:
    number = opened()
    assert act(repeated, number, *arguments).changed
    before = (ticket_row(connection, number), outcomes(connection), audit(connection))
    assert not act(repeated, number, *arguments).changed
    assert (ticket_row(connection, number), outcomes(connection), audit(connection)) == before


@pytest.mark.parametrize(
    ("prepared", "action", "arguments", "said"),
    [
        (None, close, (), "is open, so it cannot be closed: resolve it first"),
        (resolve, acknowledge, (), "is resolved, so it cannot be acknowledged: reopen it first"),
        (resolve, assign, ("x",), "is resolved, so it cannot be assigned: reopen it first"),
        (resolve, prioritise, ("low",), "cannot be given another priority: reopen it first"),
        (resolve, resolve, ("other words",), "is resolved already with another text"),
        (None, prioritise, ("highest",), "'highest' is no priority: it should be one of low, medium, high, urgent"),
    ],
)
def test_what_may_not_follow_is_refused_with_the_next_step(
    prepared: Callable[..., Done] | None,
    action: Callable[..., Done],
    arguments: tuple[str, ...],
    said: str,
    opened: Opened,
) -> None:
    number = opened()
    if prepared:
        act(prepared, number, "New hose.", "Maria")
    with pytest.raises(TicketRefused, match=said):
        act(action, number, *arguments, "Maria")


def test_a_ticket_is_not_reopened_beside_a_later_one(opened: Opened, connection: Connection) -> None:
    first = opened()
    act(resolve, first, "New hose.", "Maria")
    second = opened(seconds=seconds_until_now())
    assert second != first
    with pytest.raises(TicketRefused, match=f"{second} of the same session is open"):
        act(reopen, first, "Maria")


def test_unknown_tickets_and_unfit_words_are_named(opened: Opened) -> None:
    with pytest.raises(TicketNotFound, match=r"'AB-1'.*form AB-YYYYMMDD-NNNN"):
        act(acknowledge, "AB-1", "Maria")
    number = opened()
    for name in ("", "a\nb\x07", "x" * 121, "\u202egnp"):
        with pytest.raises(UnfitText, match="one line of 1 to 120"):
            act(acknowledge, number, name)
    with pytest.raises(UnfitText, match="control characters"):
        act(note, number, "a\x00b", "Maria")
