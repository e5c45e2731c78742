"""Sweeps over tickets that are open: notice what people did, chase what nobody took, mend what fell through."""

from celery import shared_task

from services.database import begin
from services.knowledge import knowledge
from services.ladder import chase, notice_changes
from services.locks import only_one
from services.mode import note_mode
from tasks.hints import hint


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
    """Send tickets that nobody has acknowledged in time to the next rung of their ladder."""
    chased = 0
    with begin() as connection:
        if only_one(connection, "tickets"):
            note_mode(connection, knowledge().settings.mode)
            chased = chase(connection, knowledge())
    if chased:
        hint("deliver_urgent")
        hint("deliver_due")
    return f"chased={chased}"
