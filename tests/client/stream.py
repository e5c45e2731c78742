"""What stands in the event stream."""

from redis import Redis

from escalation_client.events import FIELD, STREAM_EVENTS, ConfidenceReported, Event, decode


def events_in(redis: Redis) -> list[Event]:
    """The stream's events in its order."""
    entries: list[tuple[bytes, dict[bytes, bytes]]] = redis.xrange(STREAM_EVENTS)  # type: ignore[assignment]
    return [decode(fields[FIELD.encode()]) for _, fields in entries]


def sessions_in(redis: Redis) -> list[str]:
    return [event.session_id for event in events_in(redis)]


def report(session_id: str) -> ConfidenceReported:
    return ConfidenceReported(session_id=session_id, confidence=0.5)


def reports(count: int, prefix: str = "s") -> list[ConfidenceReported]:
    return [report(f"{prefix}{number}") for number in range(count)]
