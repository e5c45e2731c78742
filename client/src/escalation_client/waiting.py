"""Waiting for an outcome, without the input and output: what to ask Redis next, and what its answer means."""

import logging
import time
from collections.abc import Collection, Iterator
from typing import Any, Final

from escalation_client.connection import LONGEST_BLOCK_SECONDS
from escalation_client.errors import InvalidOutcome
from escalation_client.events import FIELD_OUTCOME, STREAM_OUTCOMES
from escalation_client.outcomes import Outcome, decode_outcome

logger = logging.getLogger(__name__)

BEGINNING: Final = "0-0"
COUNT: Final = 500


class Wait:
    """One search for the outcomes of a session, from a place in the stream on, until a deadline."""

    def __init__(self, session_id: str, timeout: float, after: str, types: Collection[str]) -> None:
        self.session_id = session_id
        self.types = frozenset(types)
        self.after = after
        self.deadline = time.monotonic() + timeout
        self.asked = False

    def goes_on(self) -> bool:
        """Whether to ask (again); what is there already is looked at even when there is no time to wait."""
        return not self.asked or time.monotonic() < self.deadline

    def question(self) -> dict[str, Any]:
        """The arguments of the next XREAD."""
        self.asked = True
        return {
            "streams": {STREAM_OUTCOMES: self.after},
            "count": COUNT,
            "block": block_of(self.deadline - time.monotonic()),
        }

    def found(self, answer: Any) -> Outcome | None:
        """The first outcome in the answer that is meant; remembers how far was read."""
        for entry_id, fields in _entries_of(answer):
            self.after = entry_id.decode()
            outcome = read(self.after, fields)
            if outcome is not None and self.matches(outcome):
                return outcome
        return None

    def matches(self, outcome: Outcome) -> bool:
        return outcome.session_id == self.session_id and (not self.types or outcome.type in self.types)


def block_of(seconds: float) -> int | None:
    """XREAD's BLOCK in milliseconds, of which 0 would mean for ever."""
    return max(1, int(min(seconds, LONGEST_BLOCK_SECONDS) * 1000)) if seconds > 0 else None


def outcomes_in(answer: Any) -> list[Outcome]:
    """All readable outcomes in an answer of XREAD."""
    found = (read(entry_id.decode(), fields) for entry_id, fields in _entries_of(answer))
    return [outcome for outcome in found if outcome is not None]


def _entries_of(answer: Any) -> Iterator[tuple[bytes, dict[bytes, bytes]]]:
    for _, entries in answer or []:
        yield from entries


def read(entry_id: str, fields: dict[bytes, bytes]) -> Outcome | None:
    """An outcome, or None for an entry that cannot be read: it must not keep the next ones from anybody."""
    try:
        return decode_outcome(fields.get(FIELD_OUTCOME.encode(), b""), entry_id)
    except InvalidOutcome as error:
        logger.warning("an outcome is left out: %s", error)
        return None


def last_id(answer: Any) -> str:
    """The id in an answer of XREVRANGE that asked for the newest entry."""
    return answer[0][0].decode() if answer else BEGINNING
