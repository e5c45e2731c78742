"""How a session stands."""

from enum import StrEnum
from typing import Final


class SessionStatus(StrEnum):
    """ABParts' words in `ai_sessions.status`, where a later one overrules an earlier one."""

    ACTIVE = "active"
    ABANDONED = "abandoned"
    COMPLETED = "completed"
    ESCALATED = "escalated"


SESSION_STATUSES: Final = tuple(SessionStatus)
