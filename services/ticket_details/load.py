"""Loads all details of tickets, set by set: as many statements for fifty tickets as for one."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from rules.reasons import REASONS, by_gravity
from services.conversation import TABLES_OF_SESSIONS, Conversation, Evidence, Request, load_conversations
from services.database.calendar import in_calendar
from services.database.prepared import prepared
from services.database.quick import fetch
from services.directory import MachineRecord, Person, load_machines, load_people
from services.directory.tables import READABLE_COLUMN, as_readable, readable_parameters
from services.ticket_details.missing import list_unknown
from services.ticket_details.models import (
    Recipient,
    SessionFacts,
    TicketDetails,
    TicketFacts,
    TicketReason,
    parse_advice,
)
from services.ticket_details.related import Related, load_related, select_others
from services.ticket_details.reported_machine import parse_reported_machine
from services.tickets.abparts_rows import UNKNOWN_USER


def _collect_reasons(
    ticket_id: str, stored: Mapping[str, Mapping[str, Any]], shared_reason: str | None, evidence: Collection[Evidence]
) -> tuple[TicketReason, ...]:
    """The gravest first; a ticket that another writer opened has that writer's reason as well, without evidence."""
    names = by_gravity(name for name in stored if name in REASONS)
    reasons = [
        TicketReason(name=name, evidence=tuple(_collect_evidence(name, ticket_id, stored[name], evidence)))
        for name in names
    ]
    # Reasons of ours that joined somebody else's ticket stand behind theirs.
    others = ", ".join(word for word in (shared_reason or "").split(", ") if word not in names)
    if others:
        reasons.append(TicketReason(name=others))
    return tuple(reasons)


def _collect_evidence(
    name: str, ticket_id: str, first: Mapping[str, Any], evidence: Collection[Evidence]
) -> Iterator[Evidence]:
    """Yield the evidence that brought the reason about, then what followed."""
    cause = _read_first(first, ticket_id)
    yield cause
    for found in evidence:
        if found.rule == name and found.ticket_id == ticket_id and found.event_id != cause.event_id:
            yield found


def _read_first(stored: Mapping[str, Any], ticket_id: str) -> Evidence:
    at = datetime.fromisoformat(stored["at"])
    return Evidence.from_signal(stored, at, UUID(stored["event_id"]), ticket_id)


# A session row of user "unknown" is our own stand-in, so its language is nobody's word.
_TICKETS = prepared(f"""
    SELECT own.ticket_id, own.session_id, own.ticket_number, own.reasons,
           own.acknowledged_at, own.acknowledged_by, own.waiting_since, own.snoozed_until,
           CAST(shared.priority AS text) AS shared_priority,
           own.priority AS own_priority, CAST(shared.status AS text) AS status,
           shared.escalation_reason, shared.expert_contact_info, shared.machine_context, shared.resolution_notes,
           {in_calendar("coalesce(shared.created_at AT TIME ZONE 'UTC', own.opened_at)")} AS opened_at,
           coalesce(state.user_id, session.user_id) AS user_id,
           coalesce(state.machine_id, session.machine_id) AS machine_id,
           coalesce(state.language, CASE WHEN session.user_id <> :unknown_user THEN session.language END) AS language,
           coalesce(CAST(session.status AS text), state.status) AS session_status,
           {in_calendar("coalesce(state.announced_at, session.created_at AT TIME ZONE 'UTC')")} AS started_at,
           mailed.recipients,
           {READABLE_COLUMN} AS readable
    FROM escalation.tickets AS own
    LEFT JOIN public.support_tickets AS shared ON shared.id = own.ticket_id
    LEFT JOIN public.ai_sessions AS session ON session.id = own.session_id
    LEFT JOIN escalation.sessions AS state ON state.session_id = own.session_id
    LEFT JOIN LATERAL (
        SELECT json_agg(json_build_array(m.mail_id, m.template, r.address, r.state, m.queued_at, r.accepted_at)
                        ORDER BY m.queued_at, m.mail_id, r.address) AS recipients
        FROM escalation.mails AS m JOIN escalation.mail_recipients AS r ON r.mail_id = m.mail_id
        WHERE m.ticket_id = own.ticket_id AND m.lane <> 'push'
    ) AS mailed ON true
    WHERE own.ticket_id = ANY(CAST(:ticket_ids AS text[]))
""")


@dataclass(frozen=True, slots=True)
class _Known:
    """All that was read for some tickets."""

    people: Mapping[str, Person]
    machines: Mapping[str, MachineRecord]
    conversations: Mapping[str, Conversation]
    related: Related


def load_ticket_details(connection: Connection, ticket_ids: Collection[str]) -> dict[str, TicketDetails]:
    """Load the details of each ticket of ours, by its id."""
    parameters = {"ticket_ids": list(ticket_ids), "unknown_user": UNKNOWN_USER}
    rows = fetch(connection, _TICKETS, parameters | readable_parameters(*TABLES_OF_SESSIONS))
    if not rows:
        return {}
    readable = as_readable(rows[0]["readable"])
    sessions = {row["session_id"]: _make_session(row) for row in rows}
    user_ids = [session.user_id for session in sessions.values() if session.user_id]
    machine_ids = [session.machine_id for session in sessions.values() if session.machine_id]
    known = _Known(
        people=load_people(connection, user_ids, readable),
        machines=load_machines(connection, machine_ids, readable),
        conversations=load_conversations(connection, list(sessions), readable),
        related=load_related(connection, list(sessions.values())),
    )
    return {row["ticket_id"]: _assemble(row, sessions[row["session_id"]], known) for row in rows}


def _make_recipient(
    mail_id: str, template: str, address: str, state: str, queued_at: str, accepted_at: str | None
) -> Recipient:
    """Of what stands in JSON: a statement of its own would be one more round trip."""
    return Recipient(
        mail_id=UUID(mail_id),
        template=template,
        address=address,
        state=state,
        queued_at=datetime.fromisoformat(queued_at),
        accepted_at=datetime.fromisoformat(accepted_at) if accepted_at else None,
    )


def _make_session(row: Mapping[str, Any]) -> SessionFacts:
    return SessionFacts(
        session_id=row["session_id"],
        user_id=None if row["user_id"] == UNKNOWN_USER else row["user_id"],
        machine_id=row["machine_id"],
        language=row["language"],
        status=row["session_status"],
        started_at=row["started_at"],
    )


def _assemble(row: Mapping[str, Any], session: SessionFacts, known: _Known) -> TicketDetails:
    ticket_id = row["ticket_id"]
    conversation = known.conversations[session.session_id]
    user = known.people.get(session.user_id or "")
    machine = known.machines.get(session.machine_id or "")
    same_session = select_others(known.related, "session", session.session_id, ticket_id)
    position = (row["opened_at"], row["ticket_number"])
    return TicketDetails(
        ticket=_make_ticket(row, conversation),
        session=session,
        conversation=conversation,
        user=user,
        machine=machine,
        reported_machine=parse_reported_machine(row["machine_context"]),
        advice=parse_advice(row["expert_contact_info"]),
        requests=_select_requests(ticket_id, conversation),
        earlier_tickets=tuple(earlier for earlier in same_session if (earlier.opened_at, earlier.number) < position),
        machine_tickets=select_others(known.related, "machine", session.machine_id, ticket_id),
        user_tickets=select_others(known.related, "user", session.user_id, ticket_id),
        recipients=tuple(_make_recipient(*recipient) for recipient in row["recipients"] or ()),
        unknown=list_unknown(user, machine, session.language, conversation),
    )


def _select_requests(ticket_id: str, conversation: Conversation) -> tuple[Request, ...]:
    counted = {evidence.event_id for evidence in conversation.evidence if evidence.ticket_id == ticket_id}
    return tuple(request for request in conversation.requests if request.event_id in counted)


def _make_ticket(row: Mapping[str, Any], conversation: Conversation) -> TicketFacts:
    return TicketFacts(
        ticket_id=row["ticket_id"],
        number=row["ticket_number"],
        priority=row["shared_priority"] or row["own_priority"],
        status=row["status"],
        opened_at=row["opened_at"],
        reasons=_collect_reasons(row["ticket_id"], row["reasons"], row["escalation_reason"], conversation.evidence),
        acknowledged_at=row["acknowledged_at"],
        acknowledged_by=row["acknowledged_by"],
        resolution_notes=row["resolution_notes"],
        waiting_since=row["waiting_since"],
        snoozed_until=row["snoozed_until"],
    )
