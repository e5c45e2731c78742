"""One reconciliation in the caller's transaction; what can only fail is left and counted, the rest is repaired."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection, RowMapping
from sqlalchemy.exc import DBAPIError

from services.database.errors import DatabaseFailure, classify_failure, described
from services.escalation.reconcile.missing_mails import mail_tickets
from services.escalation.reconcile.queries import Span, find
from services.escalation.reconcile.redecide import decide_again
from services.escalation.reconcile.report import ReconcileReport, Tally
from services.escalation.reconcile.synthesized_events import open_for_sessions, open_for_triggers
from services.installation import Installation, active_since

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
    span = Span(since or active_since(connection), datetime.now(UTC) - grace)
    report = ReconcileReport(
        undecided_events=_repair(connection, "undecided_events", span, decide_again, installation),
        escalated_sessions=_repair(connection, "escalated_sessions", span, _count_all(open_for_sessions), installation),
        lone_triggers=_repair(connection, "lone_triggers", span, _count_all(open_for_triggers), installation),
        unmailed_tickets=_repair(connection, "unmailed_tickets", span, _count_all(mail_tickets), installation),
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
    except DBAPIError as error:
        if classify_failure(error) in {DatabaseFailure.INFRASTRUCTURE, DatabaseFailure.RETRY}:
            raise
        if len(rows) == 1:
            logger.error("not_repaired", kind=kind, session_id=rows[0].get("session_id"), error=described(error))
            return Tally(found=1)
    middle = len(rows) // 2
    first = _in_savepoint(connection, kind, rows[:middle], repair, installation)
    second = _in_savepoint(connection, kind, rows[middle:], repair, installation)
    return Tally(first.found + second.found, first.repaired + second.repaired)
