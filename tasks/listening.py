"""Tasks of the second ear."""

import time

from celery import shared_task

from services.database.engine import begin, only_one
from services.escalation.confirmations import publish_unanswered
from services.events.rings import answer_ring
from services.events.stream import redis_client
from services.installation import get_installation
from services.listening.ear import second_ear
from services.listening.judge import judge_overdue, judge_waiting
from tasks.hints import hint

# Less than a second's work, or twenty where others need the processor: this process gives way to all.
_BATCH = 16
_RUN_SECONDS = 10.0
# From the task's beginning. What hangs holds its rows, so that neither another second ear nor the word lists have them.
_HARD_LIMIT_SECONDS = 30
_OVERDUE_BATCH = 500
# Long after the second ear should have judged, and soon enough for danger.
_OVERDUE_SECONDS = 15.0


@shared_task(name="escalation.listen", time_limit=_HARD_LIMIT_SECONDS)
def listen() -> str:
    """Judge texts that the word lists left open, batch after batch."""
    redis = redis_client()
    answer_ring(redis, "listen")
    deadline = time.monotonic() + _RUN_SECONDS
    texts = heard = 0
    while True:
        with begin() as connection:
            judged, published = judge_waiting(connection, redis, second_ear(), get_installation(), _BATCH)
        texts, heard = texts + judged, heard + published
        # One text may have been judged by itself, and others wait.
        if not judged:
            return f"texts={texts} heard={heard}"
        if time.monotonic() > deadline:
            hint("listen")
            return f"texts={texts} heard={heard} more=1"


@shared_task(name="escalation.judge_overdue")
def judge_overdue_texts() -> str:
    """Where no second ear judges in time, let the word lists decide alone; where no user answers, call a human."""
    with begin() as connection:
        if not only_one(connection, "judge_overdue"):
            return "busy"
        redis, installation = redis_client(), get_installation()
        texts, heard = judge_overdue(connection, redis, installation, _OVERDUE_BATCH, _OVERDUE_SECONDS)
        unanswered = publish_unanswered(connection, redis, installation, _OVERDUE_BATCH)
    return f"texts={texts} heard={heard} unanswered={unanswered}"
