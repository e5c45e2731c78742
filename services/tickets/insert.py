"""Tickets in ABParts' tables and ours, written set by set; numbers are taken last."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from rules.decision import Decision, Fired, SessionState, make_evidence
from rules.reasons import Priority
from services.database.encoding import derive_text, json_text
from services.database.prepared import prepared
from services.database.quick import fetch, run, write
from services.database.unnest import Integer, Json, Jsonb, Unnest

_TAKE = prepared("""
    UPDATE escalation.ticket_counters SET last = last + CAST(:count AS integer)
    WHERE day = CAST(now() AT TIME ZONE CAST(:zone AS text) AS date)
    RETURNING to_char(day, 'YYYYMMDD') AS day, last - CAST(:count AS integer) AS before
""")
# An upsert: the day's row may exist already, or another transaction may create it while this one waits.
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
    parameters = {"count": count, "zone": zone}
    rows = fetch(connection, _TAKE, parameters)
    if not rows:
        _catch_up(connection, zone)
        rows = fetch(connection, _TAKE, parameters)
    day, before = rows[0]["day"], rows[0]["before"]
    return [f"AB-{day}-{number:04d}" for number in range(before + 1, before + count + 1)]


def _catch_up(connection: Connection, zone: str) -> None:
    """Start the day's counter after the highest number that is there already, whoever wrote it."""
    connection.execute(_CATCH_UP, {"zone": zone})


# Each round after a collision starts beyond every number that is there: many rounds mean that something else is wrong.
_NUMBER_ROUNDS = 20


class _NumbersExhausted(Exception):
    """Another writer took every number that was tried."""


class NewTicket(NamedTuple):
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
    causes: Mapping[str, str] = MappingProxyType({})

    @property
    def session_id(self) -> str:
        return self.decision.state.session_id

    @property
    def priority(self) -> str:
        return self.decision.priority or Priority.MEDIUM


def derive_ticket_id(state: SessionState) -> str:
    """The id of the session's next ticket."""
    return derive_text("ticket", state.session_id, state.next_ordinal)


def first_of_each(fired: Sequence[Fired]) -> dict[str, Fired]:
    """Each reason counts once: the earliest event that gave it."""
    first: dict[str, Fired] = {}
    for rule in fired:
        first.setdefault(rule.reason, rule)
    return first


class _SharedRow(NamedTuple):
    """A row of ABParts' `support_tickets`."""

    id: str
    session_id: str
    ticket_number: str
    priority: str
    escalation_reason: str
    session_summary: str
    machine_context: Json | None
    expert_contact_info: Json


_SHARED_ROWS = Unnest(_SharedRow)
_INSERT_SHARED = prepared(f"""
    INSERT INTO public.support_tickets ({_SHARED_ROWS.columns}, status, created_at, updated_at)
    SELECT {_SHARED_ROWS.columns}, 'open', utc.now, utc.now
    FROM {_SHARED_ROWS.table}, (SELECT now() AT TIME ZONE 'UTC' AS now) AS utc
    ON CONFLICT (ticket_number) DO NOTHING
    RETURNING id
""")


def number_and_insert(connection: Connection, tickets: Sequence[NewTicket], zone: str) -> list[NewTicket]:
    """Give each ticket a number and write ABParts' rows; a number that somebody else took is skipped.

    :raises _NumbersExhausted: after twenty rounds
    """
    done: list[NewTicket] = []
    waiting = list(tickets)
    for _ in range(_NUMBER_ROUNDS):
        numbers = _take_numbers(connection, len(waiting), zone)
        numbered = [ticket._replace(number=number) for ticket, number in zip(waiting, numbers, strict=True)]
        written = _insert_shared(connection, numbered)
        done += [ticket for ticket in numbered if ticket.ticket_id in written]
        waiting = [ticket for ticket in numbered if ticket.ticket_id not in written]
        if not waiting:
            return done
        _catch_up(connection, zone)
    raise _NumbersExhausted(f"{len(waiting)} tickets without a free number after {_NUMBER_ROUNDS} rounds")


def _insert_shared(connection: Connection, tickets: Sequence[NewTicket]) -> set[str]:
    rows = [
        _SharedRow(
            id=ticket.ticket_id,
            session_id=ticket.session_id,
            ticket_number=ticket.number,
            priority=ticket.priority,
            escalation_reason=ticket.decision.reasons[0],
            session_summary=ticket.summary,
            machine_context=json_text(ticket.machine_context) if ticket.machine_context else None,
            expert_contact_info=json_text({**ticket.expert_contact_info, "ticket_reference": ticket.number}),
        )
        for ticket in tickets
    ]
    return {ticket_id for (ticket_id,) in run(connection, _INSERT_SHARED, _SHARED_ROWS.parameters(rows))}


class _OwnRow(NamedTuple):
    """A row of our `tickets`."""

    ticket_id: str
    session_id: str
    ordinal: Integer
    ticket_number: str
    priority: str
    reasons: Jsonb
    earlier_ticket_id: str | None


_OWN_ROWS = Unnest(_OwnRow)
_INSERT_OWN = prepared(f"""
    INSERT INTO escalation.tickets ({_OWN_ROWS.columns}) SELECT {_OWN_ROWS.columns} FROM {_OWN_ROWS.table}
""")


def insert_own(connection: Connection, tickets: Sequence[NewTicket]) -> None:
    """Write what we know of the tickets beyond ABParts' rows."""
    rows = [
        _OwnRow(
            ticket_id=ticket.ticket_id,
            session_id=ticket.session_id,
            ordinal=ticket.decision.state.next_ordinal,
            ticket_number=ticket.number,
            priority=ticket.priority,
            reasons=json_text(collect_evidence(ticket.decision)),
            earlier_ticket_id=ticket.decision.state.last_ticket_id,
        )
        for ticket in tickets
    ]
    write(connection, _INSERT_OWN, _OWN_ROWS.parameters(rows))


def collect_evidence(decision: Decision) -> dict[str, Any]:
    """What each reason of a decision rests on, by reason."""
    first = first_of_each(decision.fired)
    return {reason: make_evidence(first[reason]) for reason in decision.reasons}
