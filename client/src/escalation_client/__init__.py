"""Tells the escalation worker what happens in a session of the assistant, and the assistant what came of it.

What needs Redis is imported when it is first used, so that `escalation_client.events` needs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from escalation_client.async_publisher import AsyncPublisher
    from escalation_client.async_reader import AsyncOutcomeReader
    from escalation_client.errors import EscalationError, PublishError, ReadError
    from escalation_client.events import (
        ConfidenceReported,
        DiagnosisMade,
        EscalationRequested,
        Event,
        InvalidEvent,
        MessageAdded,
        SessionEnded,
        SessionStarted,
        StepRecorded,
    )
    from escalation_client.history import History
    from escalation_client.outcomes import Outcome
    from escalation_client.publisher import Publisher
    from escalation_client.reader import OutcomeReader
    from escalation_client.receipt import Receipt

__all__ = [
    "AsyncOutcomeReader",
    "AsyncPublisher",
    "ConfidenceReported",
    "DiagnosisMade",
    "EscalationError",
    "EscalationRequested",
    "Event",
    "History",
    "InvalidEvent",
    "MessageAdded",
    "Outcome",
    "OutcomeReader",
    "PublishError",
    "Publisher",
    "ReadError",
    "Receipt",
    "SessionEnded",
    "SessionStarted",
    "StepRecorded",
]

_HOMES = {
    "AsyncOutcomeReader": "async_reader",
    "AsyncPublisher": "async_publisher",
    "EscalationError": "errors",
    "History": "history",
    "Outcome": "outcomes",
    "OutcomeReader": "reader",
    "PublishError": "errors",
    "Publisher": "publisher",
    "ReadError": "errors",
    "Receipt": "receipt",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'events')}"), name)
