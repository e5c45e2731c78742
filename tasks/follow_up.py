"""Sweeps over open tickets: notice what people did, escalate what nobody acknowledged, repair what fell through."""

from celery import shared_task

from services.database.engine import begin, only_one
from services.escalation.reconcile import ReconcileReport, reconcile
from services.events.stream import redis_client
from services.installation import get_installation, note_mode
from services.monitoring.health import exceeded_limits, measure
from services.outbox.digest import queue_digests, settle_digests
from services.tickets.escalation_ladder import escalate_unacknowledged, notice_changes
from tasks.hints import hint


class ReconcileIncomplete(Exception):
    """Something could not be repaired; the text says how much of what, so that Flower shows it in red."""


@shared_task(name="escalation.notice_tickets")
def notice_tickets() -> str:
    """Notice tickets that were acknowledged, resolved or reopened by any means, and tell the assistant."""
    with begin() as connection:
        noticed = notice_changes(connection) if only_one(connection, "tickets") else []
    if noticed:
        hint("relay_outcomes")
    return f"noticed={len(noticed)}"


@shared_task(name="escalation.chase_tickets")
def chase_tickets() -> str:
    """Send tickets that nobody has acknowledged in time to the next level of their ladder."""
    chased = 0
    with begin() as connection:
        if only_one(connection, "tickets"):
            note_mode(connection, get_installation().settings.mode)
            chased = escalate_unacknowledged(connection, get_installation())
    if chased:
        hint("deliver_push")
        hint("deliver_urgent")
        hint("deliver_due")
    return f"chased={chased}"


@shared_task(name="escalation.bundle_tickets")
def bundle_tickets() -> str:
    """In a storm, mail further tickets together, and record what came of such digests for each ticket."""
    queued = settled = 0
    with begin() as connection:
        if only_one(connection, "digests"):
            settled = settle_digests(connection, get_installation())
            queued = queue_digests(connection, get_installation())
    if queued:
        hint("deliver_due")
    if settled:
        hint("relay_outcomes")
    return f"queued={queued} settled={settled}"


@shared_task(name="escalation.reconcile")
def reconcile_all() -> str:
    """Repair what fell through; call the heartbeat's address when there was nothing to repair.

    :raises ReconcileIncomplete: something could not be repaired
    """
    with begin() as connection:
        if not only_one(connection, "reconcile"):
            return "busy"
        note_mode(connection, get_installation().settings.mode)
        report = reconcile(connection, get_installation())
    if report.repaired:
        for name in ("deliver_urgent", "deliver_due", "relay_outcomes"):
            hint(name)
    if report.left:
        raise ReconcileIncomplete(f"{report.summary()}: see python -m worker reconcile --dry-run")
    return f"{report.summary()} heartbeat={_send_heartbeat(report)}"


def _send_heartbeat(report: ReconcileReport) -> str:
    """Only ever called when all is clean, the queues included."""
    url = get_installation().settings.heartbeat_url
    if url is None:
        return "unset"
    with begin() as connection:
        health = measure(connection, redis_client())
    if not report.clean or exceeded_limits(health, get_installation().settings):
        return "withheld"
    # Here: requests takes 4 MB, and most processes never post.
    from services.monitoring.webhooks import beat

    return "sent" if beat(url.get_secret_value()) else "failed"
