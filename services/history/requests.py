"""Questions of the assistant's side: taken from a Redis stream, answered onto the list that the asker waits at."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from redis import Redis

from escalation_client.events.errors import Unfit
from escalation_client.events.json_values import storable
from escalation_client.events.parsing import parse_object
from escalation_client.history import ANSWERS, FIELD_QUESTION, STREAM_QUESTIONS

logger = structlog.get_logger()

_ANSWER_SECONDS = 60
# Whoever asked longer ago has gone.
_PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """Which session is asked about, and where the answer is awaited."""

    session_id: str
    answer_key: str


def take(redis: Redis, limit: int) -> list[Asked]:
    """Up to `limit` questions; whoever deletes an entry has it, so two workers never answer the same."""
    seconds, _ = redis.time()
    redis.xtrim(STREAM_QUESTIONS, minid=(seconds - _PATIENCE_SECONDS) * 1000, approximate=False)
    entries: Any = redis.xrange(STREAM_QUESTIONS, count=limit)
    taken = [fields for entry_id, fields in entries if redis.xdel(STREAM_QUESTIONS, entry_id)]
    return [asked for fields in taken if (asked := read(fields)) is not None]


def read(fields: Mapping[bytes, bytes]) -> Asked | None:
    """The question in an entry; one that cannot be read names no sender to answer, so it is only logged."""
    try:
        return _asked_in(parse_object(fields.get(FIELD_QUESTION.encode(), b"")))
    except Unfit as error:
        logger.warning("question_unreadable", expected=str(error))
        return None


def _asked_in(document: Mapping[str, Any]) -> Asked:
    session_id, key = document.get("session_id"), document.get("answer")
    # Only ever a list of answers, whatever key somebody names.
    if not isinstance(session_id, str) or not isinstance(key, str) or not key.startswith(ANSWERS):
        raise Unfit(f"session_id, and as answer a key that begins with {ANSWERS}")
    return Asked(storable(session_id), storable(key))


def answer(redis: Redis, asked: Asked, history: Mapping[str, Any]) -> None:
    """Put the answer where its asker waits, for a minute."""
    with redis.pipeline() as pipeline:
        pipeline.rpush(asked.answer_key, json.dumps(history, ensure_ascii=False, default=_as_text))
        pipeline.expire(asked.answer_key, _ANSWER_SECONDS)
        pipeline.execute()


def _as_text(value: Any) -> str:
    """Times and ids as text."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")
