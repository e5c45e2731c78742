"""What people do with tickets, callable by name from any Celery client: `escalation.tickets.…`, queue `sweeps`.

Arguments may be notes and names of staff; worker.celery_guards.requests keeps all arguments from Flower and the logs.
"""

from collections.abc import Callable

from celery import shared_task

from escalation_client.history import ANSWERS
from rules.ticket_states import TicketRefused
from services.database.engine import begin
from services.events.stream import redis_client
from services.history.requests import Asked, answer
from services.installation import get_installation
from services.tickets import actions as ticket_actions
from services.tickets.one_action import Done
from services.tickets.queries import TicketNotFound, list_tickets, show_ticket
from services.tickets.validation import UnfitText
from tasks.hints import hint

_UNFINISHED = ("open", "in_progress")


class _InShadow(Exception):
    """In shadow mode nothing is written to tables that ABParts shares."""


# Errors of the sender, not of ours: no traceback in the log.
_THROWS = (TicketRefused, TicketNotFound, UnfitText, _InShadow)


def _act(action: Callable[..., Done], *arguments: str) -> str:
    """One action in one transaction; the result names neither the ticket nor anybody."""
    _refuse_in_shadow()
    with begin() as connection:
        done = action(connection, *arguments)
    if done.changed:
        hint("relay_outcomes")
    return f"changed={done.changed:d}{'' if done.checked else ' unchecked=1'}"


def _refuse_in_shadow() -> None:
    """:raises _InShadow: the worker runs with MODE=shadow"""
    if get_installation().settings.mode == "shadow":
        raise _InShadow("MODE=shadow: nothing is written to ABParts' tables; set MODE=active first")


def _make_asked(answer_key: str) -> Asked:
    """Where the answer goes: only ever a list of answers, whatever key somebody names."""
    if not answer_key.startswith(ANSWERS):
        raise UnfitText(f"answer_key should begin with {ANSWERS}")
    return Asked("", answer_key)


@shared_task(name="escalation.tickets.acknowledge", throws=_THROWS)
def acknowledge(ticket: str, who: str) -> str:
    """Take a ticket."""
    return _act(ticket_actions.acknowledge, ticket, who)


@shared_task(name="escalation.tickets.assign", throws=_THROWS)
def assign(ticket: str, expert: str, who: str) -> str:
    """Give a ticket to an expert, by the id of an ABParts user; `unchecked=1` where ABParts' users cannot be read."""
    return _act(ticket_actions.assign, ticket, expert, who)


@shared_task(name="escalation.tickets.note", throws=_THROWS)
def note(ticket: str, note: str, who: str) -> str:
    """Keep a note with a ticket."""
    return _act(ticket_actions.note, ticket, note, who)


@shared_task(name="escalation.tickets.priority", throws=_THROWS)
def priority(ticket: str, priority: str, who: str) -> str:
    """Set the priority: low, medium, high or urgent."""
    return _act(ticket_actions.prioritise, ticket, priority, who)


@shared_task(name="escalation.tickets.resolve", throws=_THROWS)
def resolve(ticket: str, note: str, who: str) -> str:
    """Say what helped."""
    return _act(ticket_actions.resolve, ticket, note, who)


@shared_task(name="escalation.tickets.close", throws=_THROWS)
def close(ticket: str, who: str) -> str:
    """Close a resolved ticket."""
    return _act(ticket_actions.close, ticket, who)


@shared_task(name="escalation.tickets.reopen", throws=_THROWS)
def reopen(ticket: str, who: str) -> str:
    """Begin again."""
    return _act(ticket_actions.reopen, ticket, who)


@shared_task(name="escalation.tickets.list", throws=_THROWS)
def list_all(answer_key: str, statuses: tuple[str, ...] = _UNFINISHED, limit: int = 50) -> str:
    """Push tickets in these states, as JSON, onto the Redis list `escalation:answers:…` that the sender waits at."""
    with begin() as connection:
        tickets = list_tickets(connection, statuses, limit)
    answer(redis_client(), _make_asked(answer_key), {"tickets": tickets})
    return f"tickets={len(tickets)}"


@shared_task(name="escalation.tickets.show", throws=_THROWS)
def show(ticket: str, answer_key: str) -> str:
    """Push all about a ticket, as JSON, onto the Redis list `escalation:answers:…` that the sender waits at."""
    with begin() as connection:
        shown = show_ticket(connection, ticket)
    answer(redis_client(), _make_asked(answer_key), {"ticket": shown})
    return "tickets=1"
