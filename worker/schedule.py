"""What celery beat rings for, and how often. Each is idempotent, so a second beat does no harm."""

from typing import Any

# A worker that was away for a day must not wake to a day of hints. An hour is far beyond any difference of clocks.
_EXPIRES_SECONDS = 3_600

SECONDS_BETWEEN = {
    "escalation.drain_events": 3.0,
    "escalation.reclaim_entries": 3.0,
    "escalation.deliver_urgent": 5.0,
    "escalation.deliver_due": 5.0,
    "escalation.deliver_push": 5.0,
    "escalation.relay_outcomes": 5.0,
    "escalation.listen": 3.0,
    "escalation.judge_overdue": 5.0,
    "escalation.reap_leases": 5.0,
    "escalation.bundle_tickets": 10.0,
    "escalation.queue_health": 30.0,
    "escalation.notice_tickets": 15.0,
    "escalation.trim_streams": 60.0,
    "escalation.chase_tickets": 60.0,
    "escalation.reconcile": 300.0,
    "escalation.post_alerts": 30.0,
    "escalation.keep_house": 3_600.0,
}
QUEUE = {
    "escalation.drain_events": "events",
    "escalation.deliver_urgent": "urgent",
    "escalation.deliver_due": "mail",
    "escalation.deliver_push": "urgent",
    "escalation.listen": "listen",
}


def beat_schedule() -> dict[str, dict[str, Any]]:
    """Celery's `beat_schedule`."""
    return {
        name.removeprefix("escalation."): {
            "task": name,
            "schedule": seconds,
            "options": {"queue": QUEUE.get(name, "sweeps"), "expires": _EXPIRES_SECONDS},
        }
        for name, seconds in SECONDS_BETWEEN.items()
    }
