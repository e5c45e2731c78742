"""One reconciliation in the caller's transaction; what can only fail is left and counted, the rest is mended."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import DBAPIError

from services.database.errors import Trouble, described, trouble
from services.escalation.reconcile.missing_mails import mail_tickets
from services.escalation.reconcile.queries import Span, find
from services.escalation.reconcile.redecide import decide_again
from services.escalation.reconcile.report import Report, Tally
from services.escalation.reconcile.synthesized_events import open_for_sessions, open_for_triggers
from services.installation import Knowledge, active_since

logger = structlog.get_logger()

# What is younger may still be on its way, also in a transaction of ABParts' own.
GRACE = timedelta(seconds=60)

Mend = Callable[[Connection, Sequence[RowMapping], Knowledge], Tally]


def reconcile(
    connection: Connection, knowledge: Knowledge, since: datetime | None = None, grace: timedelta = GRACE
) -> Report:
    """Find and mend what fell through since the worker became active, or since another time.

    In shadow mode nothing is looked for: the worker opens no tickets, so all would be missing.
    """
    if knowledge.settings.mode == "shadow":
        return Report()
    span = Span(since or active_since(connection), datetime.now(UTC) - grace)
    report = Report(
        undecided_events=mended(connection, "undecided_events", span, decide_again, knowledge),
        escalated_sessions=mended(connection, "escalated_sessions", span, counted(open_for_sessions), knowledge),
        lone_triggers=mended(connection, "lone_triggers", span, counted(open_for_triggers), knowledge),
        unmailed_tickets=mended(connection, "unmailed_tickets", span, counted(mail_tickets), knowledge),
        lost_tickets=Tally(found=len(find(connection, "lost_tickets", span))),
    )
    for kind, tally in report.tallies().items():
        if tally.found:
            logger.warning("reconciled", kind=kind, found=tally.found, mended=tally.mended)
    return report


def counted(mend: Callable[[Connection, Sequence[RowMapping], Knowledge], int]) -> Mend:
    """With all that was found counted as found."""
    return lambda connection, rows, knowledge: Tally(len(rows), mend(connection, rows, knowledge))


def mended(connection: Connection, kind: str, span: Span, mend: Mend, knowledge: Knowledge) -> Tally:
    rows = find(connection, kind, span)
    return in_savepoint(connection, kind, rows, mend, knowledge) if rows else Tally()


def in_savepoint(
    connection: Connection, kind: str, rows: Sequence[RowMapping], mend: Mend, knowledge: Knowledge
) -> Tally:
    """All at once, and in halves when something among them cannot be mended."""
    try:
        with connection.begin_nested():
            return mend(connection, rows, knowledge)
    except DBAPIError as error:
        if trouble(error) in {Trouble.INFRASTRUCTURE, Trouble.RETRY}:
            raise
        if len(rows) == 1:
            logger.error("not_mended", kind=kind, session_id=rows[0].get("session_id"), error=described(error))
            return Tally(found=1)
    middle = len(rows) // 2
    first = in_savepoint(connection, kind, rows[:middle], mend, knowledge)
    second = in_savepoint(connection, kind, rows[middle:], mend, knowledge)
    return Tally(first.found + second.found, first.mended + second.mended)
