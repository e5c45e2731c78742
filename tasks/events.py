"""Tasks that turn events into tickets."""

from typing import Any

from celery import shared_task

from config.settings import get_settings
from services.database.encoding import json_text
from services.database.engine import begin
from services.events.rings import answer_ring
from services.events.stream import EVENTS, redis_client
from services.history.requests import answer, take
from services.history.session_history import history_of
from services.installation import get_installation
from tasks.evaluation.drain import drain, summary, take_over
from tasks.hints import hint
from tasks.mail import HARD_LIMIT_SECONDS, send_directly


@shared_task(name="escalation.drain_events", time_limit=HARD_LIMIT_SECONDS)
def drain_events() -> str:
    """Read new events from the stream until it is empty; few mails are sent at once."""
    redis, settings = redis_client(), get_settings()
    # Files belong where the senders write them.
    may_send = settings.mail_direct and settings.mail_transport != "file"
    return summary(drain(redis, get_installation(), send_directly if may_send else None))


@shared_task(name="escalation.reclaim_entries")
def reclaim_entries() -> str:
    """Take over entries that a process read and never finished."""
    return summary(take_over(redis_client(), get_installation()))


@shared_task(name="escalation.submit_event")
def submit_event(event: dict[str, Any]) -> str:
    """Put an event that came as a Celery message into the stream; weaker than an XADD by the publisher."""
    # Half a surrogate pair becomes bytes that are no UTF-8: set aside with that reason, and not lost with this message.
    redis_client().xadd(EVENTS, {"event": json_text(event).encode("utf-8", "surrogatepass")})
    hint("drain_events")
    return "events=1"


_LIMIT = 100


@shared_task(name="escalation.answer_questions")
def answer_questions() -> str:
    """Tell the histories that were asked for."""
    redis = redis_client()
    answer_ring(redis, "answer_questions")
    answered = 0
    while asked := take(redis, _LIMIT):
        with begin() as connection:
            for question in asked:
                answer(redis, question, history_of(connection, question.session_id))
        answered += len(asked)
    return f"answered={answered}"
