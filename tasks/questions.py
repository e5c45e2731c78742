"""Tasks that answer the assistant's questions."""

from celery import shared_task

from services.database.engine import begin
from services.events.stream import answer_ring, redis_client
from services.history.requests import answer, take
from services.history.session_history import history_of

LIMIT = 100


@shared_task(name="escalation.answer_questions")
def answer_questions() -> str:
    """Tell the histories that were asked for."""
    redis = redis_client()
    answer_ring(redis, "answer_questions")
    answered = 0
    while asked := take(redis, LIMIT):
        with begin() as connection:
            for question in asked:
                answer(redis, question, history_of(connection, question.session_id))
        answered += len(asked)
    return f"answered={answered}"
