"""Celery messages written by hand, as a stranger with access to the broker could."""

import base64
import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

QUEUE_NAME = "events"
QUEUE = f"escalation:celery:{QUEUE_NAME}"
UNACKNOWLEDGED = "escalation:celery:unacked"


def arguments(*given: Any, **named: Any) -> bytes:
    """The body of a message that Celery's protocol 2 describes."""
    return json.dumps([given, named, {}]).encode()


def message(
    body: bytes, task: str = "escalation.drain_events", content_type: str = "application/json", **headers: Any
) -> str:
    """What lies in the queue's list in Redis."""
    identity = str(uuid4())
    return envelope(body, content_type, {"lang": "py", "task": task, "id": identity, "root_id": identity, **headers})


def envelope(body: bytes, content_type: str, headers: Mapping[str, Any]) -> str:
    return json.dumps({
        "body": base64.b64encode(body).decode(),
        "content-type": content_type,
        "content-encoding": "binary",
        "headers": headers,
        "properties": {
            "correlation_id": str(uuid4()),
            "delivery_tag": str(uuid4()),
            "delivery_info": {"exchange": "", "routing_key": "events"},
            "body_encoding": "base64",
        },
    })  # fmt: skip


def spoilt(place: str, value: Any) -> str:
    """A message with another value at `place`, such as `properties.delivery_tag`; None takes it away."""
    whole = json.loads(message(arguments()))
    *way, last = place.split(".")
    inner = whole
    for name in way:
        inner = inner[name]
    inner[last] = value
    if value is None:
        del inner[last]
    return json.dumps(whole)
