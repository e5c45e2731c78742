"""Which event streams there are: the one that everybody may use, the numbered ones, and those of earlier settings."""

import time
from weakref import WeakKeyDictionary

from redis import Redis

from config.settings import get_settings
from escalation_client.layout import KEY_STREAMS, MOST_STREAMS, stream_name
from services.events.stream import EVENTS, EventStream

# A stream of another number of streams, which a publisher with an old answer still uses, is found within so long.
_LOOK_AGAIN_SECONDS = 10.0
# Publishers whose worker has been gone for longer go back to the one stream.
_ANNOUNCED_SECONDS = 3_600
_found: WeakKeyDictionary[Redis, tuple[float, list[str]]] = WeakKeyDictionary()


def numbered_streams() -> list[str]:
    """The streams that events are spread over; none where all go into the one."""
    number = get_settings().event_streams
    return [stream_name(place) for place in range(number)] if number > 1 else []


def event_streams(redis: Redis) -> list[EventStream]:
    """Every stream that may hold events: those of earlier settings first, since their events are the oldest."""
    present = [EVENTS, *numbered_streams()]
    earlier = [name for name in _numbered_in(redis) if name not in present]
    return [EventStream(redis, name, is_earlier=True) for name in earlier] + [
        EventStream(redis, name) for name in present
    ]


def _numbered_in(redis: Redis) -> list[str]:
    """The numbered streams that exist, looked up every ten seconds."""
    looked_at, names = _found.get(redis, (0.0, []))
    if not looked_at or time.monotonic() > looked_at + _LOOK_AGAIN_SECONDS:
        every = [stream_name(place) for place in range(MOST_STREAMS)]
        with redis.pipeline(transaction=False) as pipeline:
            for name in every:
                pipeline.exists(name)
            names = [name for name, exists in zip(every, pipeline.execute(), strict=True) if exists]
        _found[redis] = time.monotonic(), names
    return names


def announce_streams(redis: Redis) -> None:
    """Tell publishers over how many streams to spread events; to be repeated within the hour."""
    if numbered := numbered_streams():
        redis.set(KEY_STREAMS, len(numbered), ex=_ANNOUNCED_SECONDS)
    else:
        redis.delete(KEY_STREAMS)
