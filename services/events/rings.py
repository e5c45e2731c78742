"""Hints: messages of Celery that wake a task at once; at most one waits for each task."""

from collections.abc import Sequence
from dataclasses import dataclass

from redis import Redis

_WAITING = "escalation:waiting:"
_WAITING_MILLISECONDS = 3_000


@dataclass(frozen=True, slots=True)
class Ring:
    """A hint for a task: its name, the list of Celery's that it goes into, and the message."""

    name: str
    list_key: str
    message: str


# In one step, so that a hint that counts as waiting does wait.
_RING = """
if redis.call('SET', KEYS[1], 1, 'NX', 'PX', ARGV[1]) then
    return redis.call('LPUSH', KEYS[2], ARGV[2])
end
return 0
"""


def ring(redis: Redis, rings: Sequence[Ring]) -> list[bool]:
    """Send each hint unless one for its task waits already: which were sent, in one round trip.

    A lost hint is forgotten after three seconds.
    """
    with redis.pipeline(transaction=False) as pipeline:
        add_rings(pipeline, rings)
        return [bool(length) for length in pipeline.execute()]


def add_rings(pipeline: Redis, rings: Sequence[Ring]) -> None:
    """As `ring`, with what else goes in the round trip."""
    for each in rings:
        keys = (_WAITING + each.name, each.list_key)
        pipeline.eval(_RING, len(keys), *keys, _WAITING_MILLISECONDS, each.message)


def add_claim(pipeline: Redis, name: str) -> None:
    """Claim the task instead of sending a hint for it: true in the pipeline's answer unless one waits already."""
    pipeline.set(_WAITING + name, 1, nx=True, px=_WAITING_MILLISECONDS)


@dataclass(frozen=True, slots=True)
class Turn:
    """What may be taken at the end of a stream: a key that only one process deletes (`services.delivery.lease`).

    `last_id`: the turn is left where the stream has an entry after this one; `otherwise`: sent unless it is taken.
    """

    key: str
    last_id: str
    otherwise: Ring


_TAKE_TURN_OR_RING = """
local is_last = not next(redis.call('XRANGE', KEYS[3], '(' .. ARGV[3], '+', 'COUNT', 1))
if is_last and redis.call('DEL', KEYS[4]) == 1 then
    return 1
end
if redis.call('SET', KEYS[1], 1, 'NX', 'PX', ARGV[1]) then
    redis.call('LPUSH', KEYS[2], ARGV[2])
end
return 0
"""


def add_turn(pipeline: Redis, turn: Turn, stream_name: str) -> None:
    """Take the turn, which is 1 in the pipeline's answer, or send its hint, which is 0."""
    otherwise = turn.otherwise
    keys = (_WAITING + otherwise.name, otherwise.list_key, stream_name, turn.key)
    pipeline.eval(_TAKE_TURN_OR_RING, len(keys), *keys, _WAITING_MILLISECONDS, otherwise.message, turn.last_id)


def answer_ring(redis: Redis, name: str) -> None:
    """A task that starts to work takes the hint away first, so that whatever comes from now on rings again."""
    redis.delete(_WAITING + name)
