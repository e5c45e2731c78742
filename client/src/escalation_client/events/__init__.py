"""What happens in a session of the assistant: event types, and how they are written and read (version 1).

Needs the standard library only.
"""

from escalation_client.events.errors import InvalidEvent
from escalation_client.events.parsing import LARGEST_BYTES
from escalation_client.events.types import (
    EVENT_TYPES,
    BaseEvent,
    ConfidenceReported,
    DiagnosisMade,
    EscalationRequested,
    Event,
    MessageAdded,
    SessionEnded,
    SessionStarted,
    StepRecorded,
    TextJudged,
    event_id,
)
from escalation_client.events.wire import decode, document_of, encode

STREAM_EVENTS = "escalation:events"
STREAM_OUTCOMES = "escalation:outcomes"
FIELD = "event"
FIELD_OUTCOME = "outcome"

__all__ = [
    "EVENT_TYPES",
    "FIELD",
    "FIELD_OUTCOME",
    "LARGEST_BYTES",
    "STREAM_EVENTS",
    "STREAM_OUTCOMES",
    "BaseEvent",
    "ConfidenceReported",
    "DiagnosisMade",
    "EscalationRequested",
    "Event",
    "InvalidEvent",
    "MessageAdded",
    "SessionEnded",
    "SessionStarted",
    "StepRecorded",
    "TextJudged",
    "decode",
    "document_of",
    "encode",
    "event_id",
]
