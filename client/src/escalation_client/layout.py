"""Into which stream an event goes. The worker says over how many they are spread; until it does, all go into one."""

import json
import math
import time
from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from zlib import crc32

from escalation_client.events import STREAM_EVENTS

# Where the worker says it. Who may not read this, and older clients, go on with the one stream, which is always read.
KEY_STREAMS: Final = "escalation:event_streams"
MOST_STREAMS: Final = 64
_ASK_AGAIN_SECONDS: Final = 60.0


class Placed(NamedTuple):
    """An encoded event and the stream that it goes into."""

    stream: str
    text: str


def stream_name(number: int) -> str:
    """One of several streams; by what is in braces a Redis Cluster chooses its node."""
    return f"{STREAM_EVENTS}:{{{number}}}"


def stream_of(session_id: str, streams: int) -> str:
    """The same for all events of a session, as long as there are so many streams."""
    return stream_name(crc32(session_id.encode("utf-8", "surrogatepass")) % streams)


class Layout:
    """What is known of the streams; `streams` is 0 where all events go into the one."""

    def __init__(self) -> None:
        self.streams = 0
        self._asked_at = -math.inf

    def is_due(self) -> bool:
        """Whether to ask again. A change that is not known yet harms nothing: the worker reads every stream."""
        return time.monotonic() > self._asked_at + _ASK_AGAIN_SECONDS

    def learn(self, answer: Any) -> None:
        """Take what stands under KEY_STREAMS, None where nothing does."""
        self._asked_at = time.monotonic()
        number = int(answer) if answer and answer.isdigit() else 0
        self.streams = number if number <= MOST_STREAMS else 0

    def place(self, encoded: Sequence[str]) -> list[Placed]:
        """Each of some encoded events with its stream."""
        return [Placed(self._stream_for(text), text) for text in encoded]

    def _stream_for(self, text: str) -> str:
        session_id = session_in(text) if self.streams else None
        return STREAM_EVENTS if session_id is None else stream_of(session_id, self.streams)


def session_in(text: str | bytes) -> str | None:
    """The session that an encoded event names; None for what names none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    session_id = document.get("session_id") if isinstance(document, dict) else None
    return session_id if isinstance(session_id, str) else None
