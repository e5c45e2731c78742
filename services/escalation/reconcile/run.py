"""One reconciliation in the caller's transaction; what can only fail is left and counted, the rest is repaired.

Tickets that no mail tells of are taken on, where somebody else opened them, and get the mail that they should have had.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection, RowMapping, text

from rules.decision import Decision
from rules.delivery import TICKET_NEWS, MailTemplate
from rules.foreign_words import known_priority
from rules.reasons import REASONS, rank
from rules.routing import recipients
from services.database.encoding import sql_list
from services.database.engine import read_clock
from services.database.errors import DatabaseFailure, classify_failure, described
from services.escalation.reconcile.findings import ReconcileReport, Span, Tally, find
from services.escalation.reconcile.redecide import decide_again, open_for_sessions, open_for_triggers
from services.events.inbox import lock_sessions
from services.events.session_state import read_states
from services.installation import Installation, active_since
from services.outbox.push import queue_pushes
from services.outbox.queue import NewMail, queue_mails
from services.ticket_details import TicketDetails, load_ticket_details
from services.tickets.update import adopt, foreign_tickets

logger = structlog.get_logger()

# What is younger may still be on its way, also in a transaction of ABParts' own.
RECONCILE_GRACE = timedelta(seconds=60)

_Repair = Callable[[Connection, Sequence[RowMapping], Installation], Tally]


def reconcile(
    connection: Connection,
    installation: Installation,
    since: datetime | None = None,
    grace: timedelta = RECONCILE_GRACE,
) -> ReconcileReport:
    """Find and repair what fell through since the worker became active, or since another time.

    In shadow mode nothing is looked for: the worker opens no tickets, so all would be missing.
    """
    if installation.settings.mode == "shadow":
        return ReconcileReport()
    span = Span(since or active_since(connection), read_clock(connection) - grace)
    report = ReconcileReport(
        undecided_events=_repair(connection, "undecided_events", span, decide_again, installation),
        escalated_sessions=_repair(connection, "escalated_sessions", span, _count_all(open_for_sessions), installation),
        lone_triggers=_repair(connection, "lone_triggers", span, _count_all(open_for_triggers), installation),
        unmailed_tickets=_repair(connection, "unmailed_tickets", span, _count_all(_mail_tickets), installation),
        lost_tickets=Tally(found=len(find(connection, "lost_tickets", span))),
    )
    for kind, tally in report.tallies().items():
        if tally.found:
            logger.warning("reconciled", kind=kind, found=tally.found, repaired=tally.repaired)
    return report


def _count_all(repair: Callable[[Connection, Sequence[RowMapping], Installation], int]) -> _Repair:
    """Count every row as found."""
    return lambda connection, rows, installation: Tally(len(rows), repair(connection, rows, installation))


def _repair(connection: Connection, kind: str, span: Span, repair: _Repair, installation: Installation) -> Tally:
    rows = find(connection, kind, span)
    return _in_savepoint(connection, kind, rows, repair, installation) if rows else Tally()


def _in_savepoint(
    connection: Connection, kind: str, rows: Sequence[RowMapping], repair: _Repair, installation: Installation
) -> Tally:
    """All at once, and in halves when something among them cannot be repaired."""
    try:
        with connection.begin_nested():
            return repair(connection, rows, installation)
    except Exception as error:
        if classify_failure(error) in {DatabaseFailure.INFRASTRUCTURE, DatabaseFailure.RETRY}:
            raise
        if len(rows) == 1:
            logger.exception("not_repaired", kind=kind, session_id=rows[0].get("session_id"), error=described(error))
            return Tally(found=1)
    middle = len(rows) // 2
    first = _in_savepoint(connection, kind, rows[:middle], repair, installation)
    second = _in_savepoint(connection, kind, rows[middle:], repair, installation)
    return Tally(first.found + second.found, first.repaired + second.repaired)


_MAILED = text(f"""
    SELECT DISTINCT m.ticket_id FROM escalation.mails AS m
    JOIN escalation.mail_recipients AS r ON r.mail_id = m.mail_id
    WHERE m.ticket_id = ANY(CAST(:ticket_ids AS text[])) AND r.state NOT IN ('refused', 'cancelled')
      AND m.template IN {sql_list(*TICKET_NEWS)}
""")


def _mail_tickets(connection: Connection, rows: Sequence[RowMapping], installation: Installation) -> int:
    """Queue the missing mails; return how many tickets have one now.

    Where the only mail was refused by every address there is none to send again, unless the routes name others now.
    """
    _take_on(connection, [row["session_id"] for row in rows if not row["ours"]])
    ticket_ids = [row["ticket_id"] for row in rows]
    mails = [_opening_mail(details, installation) for details in load_ticket_details(connection, ticket_ids).values()]
    if mails:
        queue_mails(connection, mails, installation.message_id_domain)
        queue_pushes(connection, mails, installation)
    return len(connection.execute(_MAILED, {"ticket_ids": ticket_ids}).all())


def _take_on(connection: Connection, session_ids: Sequence[str]) -> None:
    """Make tickets that somebody else opened ours, one for a session."""
    if not session_ids:
        return
    lock_sessions(connection, session_ids)
    states = read_states(connection, session_ids)
    foreign = foreign_tickets(connection, session_ids)
    adopt(
        connection,
        [
            Decision(states[session_id]._replace(ticket=ticket))
            for session_id, ticket in sorted(foreign.items())
            if states[session_id].ticket is None
        ],
    )


def _opening_mail(details: TicketDetails, installation: Installation) -> NewMail:
    ticket = details.ticket
    priority = known_priority(ticket.priority)
    organisation = details.user.organisation if details.user else None
    return NewMail(
        cause=(ticket.ticket_id,),
        template=MailTemplate.TICKET_OPENED,
        recipients=recipients(
            installation.contacts,
            reasons=[reason for reason in ticket.reason_names if reason in REASONS],
            priority=priority,
            region=organisation.country if organisation else None,
            default=installation.settings.support_email,
        ),
        rank=rank(priority, ticket.safety),
        ticket_id=ticket.ticket_id,
        session_id=details.session.session_id,
        published_at=ticket.opened_at,
    )
