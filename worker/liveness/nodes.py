"""Which workers and beats answer through the broker; a health check needs no more of the program than this."""

from celery import Celery

PING_SECONDS = 2.0


def nodes(app: Celery, names: list[str] | None = None, seconds: float = PING_SECONDS) -> list[str]:
    """The names of the workers and beats that answer a ping through the broker.

    :raises kombu.exceptions.OperationalError: the broker cannot be reached
    """
    replies = app.control.ping(destination=names, timeout=seconds, limit=len(names) if names else None) or []
    return sorted(name for reply in replies for name in reply)


def consumers(app: Celery) -> dict[str, list[str]]:
    """The names of the workers that answer, by each queue that they consume.

    :raises kombu.exceptions.OperationalError: the broker cannot be reached
    """
    found: dict[str, list[str]] = {}
    for name, queues in (app.control.inspect(timeout=PING_SECONDS).active_queues() or {}).items():
        for queue in queues:
            found.setdefault(queue["name"], []).append(name)
    return found
