"""Tickets in ABParts' tables and ours, written set by set; numbers are taken last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, text

from rules.decision import Decision, Fired, SessionState, evidence_of
from services.database.encoding import identity, json_text

_TAKE = text("""
    UPDATE escalation.ticket_counters SET last = last + :count
    WHERE day = (now() AT TIME ZONE :zone)::date
    RETURNING to_char(day, 'YYYYMMDD') AS day, last - :count AS before
""")
# Both are upserts in effect: the day's row may be there already (a number was taken by somebody else), or be made by
# another transaction while this one waits for it.
_CATCH_UP = text("""
    INSERT INTO escalation.ticket_counters (day, last)
    SELECT today.day, coalesce(max(CAST(substring(ticket_number FROM '^AB-[0-9]{8}-([0-9]{1,9})$') AS integer)), 0)
    FROM (SELECT (now() AT TIME ZONE :zone)::date AS day) AS today
    LEFT JOIN public.support_tickets
        ON ticket_number LIKE 'AB-' || to_char(today.day, 'YYYYMMDD') || '-%'
    GROUP BY today.day
    ON CONFLICT (day) DO UPDATE SET last = greatest(ticket_counters.last, excluded.last)
""")


def _take_numbers(connection: Connection, count: int, zone: str) -> list[str]:
    """The next `count` numbers of today, by PostgreSQL's clock in this time zone.

    Call it last: the counter's row is held until the commit. Numbers have four digits, more when a day needs them.
    """
    row = connection.execute(_TAKE, {"count": count, "zone": zone}).one_or_none()
    if row is None:
        _catch_up(connection, zone)
        row = connection.execute(_TAKE, {"count": count, "zone": zone}).one()
    return [f"AB-{row.day}-{number:04d}" for number in range(row.before + 1, row.before + count + 1)]


def _catch_up(connection: Connection, zone: str) -> None:
    """Start the day's counter after the highest number that is there already, whoever wrote it."""
    connection.execute(_CATCH_UP, {"zone": zone})


# Each round after a collision starts beyond every number that is there: many rounds mean that something else is wrong.
_NUMBER_ROUNDS = 20


class _NumbersExhausted(Exception):
    """Another writer took every number that was tried."""


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket about to be written; the number is given last."""

    ticket_id: str
    decision: Decision
    summary: str
    machine_context: Mapping[str, Any] | None
    expert_contact_info: Mapping[str, Any]
    user_id: str | None
    machine_id: str | None
    language: str | None
    region: str | None = None
    number: str = ""

    @property
    def session_id(self) -> str:
        return self.decision.state.session_id

    @property
    def ordinal(self) -> int:
        return _ordinal_of(self.decision.state)

    @property
    def priority(self) -> str:
        return self.decision.priority or "medium"

    def contact_info(self) -> dict[str, Any]:
        return {**self.expert_contact_info, "ticket_reference": self.number}


def _ordinal_of(state: SessionState) -> int:
    """Which of the session's tickets the next one is, from 1."""
    return state.tickets + 1


def ticket_id_of(state: SessionState) -> str:
    """The id of the session's next ticket."""
    return str(identity("ticket", state.session_id, _ordinal_of(state)))


def first_of_each(fired: Sequence[Fired]) -> dict[str, Fired]:
    """Each reason counts once: the earliest event that gave it."""
    first: dict[str, Fired] = {}
    for one in fired:
        first.setdefault(one.reason, one)
    return first


_INSERT_TICKETS = text("""
    INSERT INTO public.support_tickets
        (id, session_id, ticket_number, priority, status, escalation_reason, session_summary,
         machine_context, expert_contact_info, created_at, updated_at)
    SELECT n.id, n.session_id, n.number, n.priority, 'open', n.reason, n.summary, n.machine, n.contact, utc.now, utc.now
    FROM unnest(
        CAST(:ids AS text[]), CAST(:session_ids AS text[]), CAST(:numbers AS text[]), CAST(:priorities AS text[]),
        CAST(:reasons AS text[]), CAST(:summaries AS text[]), CAST(:machines AS json[]), CAST(:contacts AS json[]))
        AS n (id, session_id, number, priority, reason, summary, machine, contact),
        (SELECT now() AT TIME ZONE 'UTC' AS now) AS utc
    ON CONFLICT (ticket_number) DO NOTHING
    RETURNING id
""")


def number_and_insert(connection: Connection, tickets: Sequence[NewTicket], zone: str) -> list[NewTicket]:
    """Give each ticket a number and write ABParts' rows; a number that somebody else took is skipped.

    :raises NumbersExhausted: after twenty rounds
    """
    done: list[NewTicket] = []
    waiting = list(tickets)
    for _ in range(_NUMBER_ROUNDS):
        numbers = _take_numbers(connection, len(waiting), zone)
        numbered = [replace(ticket, number=number) for ticket, number in zip(waiting, numbers, strict=True)]
        written = _insert_shared(connection, numbered)
        done += [ticket for ticket in numbered if ticket.ticket_id in written]
        waiting = [ticket for ticket in numbered if ticket.ticket_id not in written]
        if not waiting:
            return done
        _catch_up(connection, zone)
    raise _NumbersExhausted(f"{len(waiting)} tickets without a free number after {_NUMBER_ROUNDS} rounds")


def _insert_shared(connection: Connection, tickets: Sequence[NewTicket]) -> set[str]:
    rows = connection.execute(
        _INSERT_TICKETS,
        {
            "ids": [ticket.ticket_id for ticket in tickets],
            "session_ids": [ticket.session_id for ticket in tickets],
            "numbers": [ticket.number for ticket in tickets],
            "priorities": [ticket.priority for ticket in tickets],
            "reasons": [ticket.decision.reasons[0] for ticket in tickets],
            "summaries": [ticket.summary for ticket in tickets],
            "machines": [json_text(ticket.machine_context) if ticket.machine_context else None for ticket in tickets],
            "contacts": [json_text(ticket.contact_info()) for ticket in tickets],
        },
    )
    return set(rows.scalars())


_INSERT_OWN = text("""
    INSERT INTO escalation.tickets
        (ticket_id, session_id, ordinal, ticket_number, priority, reasons, earlier_ticket_id)
    SELECT * FROM unnest(
        CAST(:ids AS text[]), CAST(:session_ids AS text[]), CAST(:ordinals AS integer[]), CAST(:numbers AS text[]),
        CAST(:priorities AS text[]), CAST(:reasons AS jsonb[]), CAST(:earlier AS text[]))
""")


def insert_own(connection: Connection, tickets: Sequence[NewTicket]) -> None:
    """Write what we know of the tickets beyond ABParts' rows."""
    connection.execute(
        _INSERT_OWN,
        {
            "ids": [ticket.ticket_id for ticket in tickets],
            "session_ids": [ticket.session_id for ticket in tickets],
            "ordinals": [ticket.ordinal for ticket in tickets],
            "numbers": [ticket.number for ticket in tickets],
            "priorities": [ticket.priority for ticket in tickets],
            "reasons": [json_text(reasons_of(ticket.decision)) for ticket in tickets],
            "earlier": [ticket.decision.state.last_ticket_id for ticket in tickets],
        },
    )


def reasons_of(decision: Decision) -> dict[str, Any]:
    first = first_of_each(decision.fired)
    return {reason: evidence_of(first[reason]) for reason in decision.reasons}
