"""How often the second ear began with a text and came to no end: what a text does to the model may end the process.

Counted in Redis, where no rollback takes it back. Only who holds the text's row locked counts.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from redis import Redis

MOST_TRIES: Final = 3
_TRIES = "escalation:tries:listen:"
# As long as a text waits (`services.listening.queue`).
_KEPT_SECONDS = 7 * 24 * 3600


def count_tries(redis: Redis, event_ids: Sequence[UUID]) -> list[int]:
    """How many tries at each of these texts have begun and not ended."""
    counts: Any = redis.mget([f"{_TRIES}{event_id}" for event_id in event_ids]) if event_ids else []
    return [int(count or 0) for count in counts]


def begin_try(redis: Redis, event_ids: Sequence[UUID]) -> None:
    """Count a try at each of these texts, before the model sees them."""
    with redis.pipeline(transaction=False) as pipeline:
        for event_id in event_ids:
            pipeline.incr(f"{_TRIES}{event_id}")
            pipeline.expire(f"{_TRIES}{event_id}", _KEPT_SECONDS)
        pipeline.execute()


def end_try(redis: Redis, event_ids: Sequence[UUID]) -> None:
    """Forget the tries at texts that are judged."""
    if event_ids:
        redis.delete(*(f"{_TRIES}{event_id}" for event_id in event_ids))
