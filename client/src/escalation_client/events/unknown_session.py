"""Session ids that name no session: what a page sends when it has lost the id.

Events with such an id would all fall into one session, and two users' stories into one ticket. Each request gets a
session of its own instead, and the event says so (`session_unknown`).
"""

from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

SESSION_UNKNOWN: Final = "session_unknown"
UNKNOWN_USER: Final = "unknown"
_NO_SESSION: Final = frozenset({"", "null", "undefined", "none", "nil", "nan", "[object object]", str(UUID(int=0))})


def names_no_session(session_id: Any) -> bool:
    """Whether this is no id but the trace of a lost one, such as "null", "undefined" or only spaces."""
    if session_id is None:
        return True
    return isinstance(session_id, str) and session_id.strip().casefold() in _NO_SESSION


def session_of_request(user: str | None, occurred_at: datetime, event_id: UUID) -> str:
    """The same session id for what one user does within one minute (UTC); without a user, one for each event."""
    request = f"{user}:{occurred_at:%Y-%m-%dT%H:%M}" if user else str(event_id)
    return str(uuid5(NAMESPACE_URL, f"escalation:unknown-session:{request}"))
