"""Why a session did or did not escalate: a question to the worker, through Redis, and its answer.

The question goes into the stream `escalation:questions`; the worker pushes its answer onto a list named after the
question, where only its asker looks, and which expires.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from escalation_client.connection import LONGEST_BLOCK_SECONDS
from escalation_client.errors import ReadError

STREAM_QUESTIONS: Final = "escalation:questions"
FIELD_QUESTION: Final = "question"
ANSWERS: Final = "escalation:answers:"
# Questions that nobody answers must not pile up.
KEPT_QUESTIONS: Final = 1_000


@dataclass(frozen=True, slots=True)
class History:
    """What the worker knows of a session.

    `known` is False when no event of it has arrived. `why` says in a few English sentences why there is a ticket or
    none. Each of `events` has `id`, `type`, `occurred_at`, `decision` ("escalate" or "continue"), `evidence` (rule,
    observed value, limit, matched phrase) and `ticket_number` when it led to one. Each of `tickets` has
    `ticket_number`, `priority`, `status`, `reasons`, `opened_at` and `mails`.
    """

    session_id: str
    known: bool
    status: str | None
    why: str
    events: tuple[Mapping[str, Any], ...]
    tickets: tuple[Mapping[str, Any], ...]
    extra: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """A question, the list that its answer will be pushed onto, and when to give up."""

    session_id: str
    answer_key: str
    deadline: float

    @classmethod
    def about(cls, session_id: str, timeout: float) -> "Question":
        """A question that may take so many seconds."""
        return cls(session_id, f"{ANSWERS}{uuid4()}", time.monotonic() + timeout)

    def patience(self) -> float:
        """BLPOP's timeout in seconds for the next piece of the wait; none is left at 0."""
        return max(0.0, min(self.deadline - time.monotonic(), LONGEST_BLOCK_SECONDS))

    def fields(self) -> dict[Any, Any]:
        """The fields of the stream entry."""
        return {FIELD_QUESTION: json.dumps({"session_id": self.session_id, "answer": self.answer_key, "version": 1})}

    def history_in(self, popped: Any) -> History:
        """The history in an answer of BLPOP. Raises `ReadError` when there is none."""
        if popped is None:
            raise ReadError("no worker answered in time: is one running for queue `events`?")
        answer = json.loads(popped[1])
        return History(
            session_id=self.session_id,
            known=answer.pop("known"),
            status=answer.pop("status", None),
            why=answer.pop("why"),
            events=tuple(answer.pop("events")),
            tickets=tuple(answer.pop("tickets")),
            extra=answer,
        )
