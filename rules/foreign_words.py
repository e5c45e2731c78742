"""Words that others write where ABParts' models have words of their own, and what each counts as: one table.

A status of a ticket that is not in `TicketStatus` has no entry on purpose: it is shown as it is, and neither open nor
resolved by guess.
"""

from collections.abc import Mapping
from typing import Final

from rules.reasons import PRIORITIES, Priority
from rules.session_status import SessionStatus

# ABParts' completion service writes `resolved`; an end that nobody knows is an end without a known result.
_END_STATUS: Final[Mapping[str, SessionStatus]] = {
    "resolved": SessionStatus.COMPLETED,
    "solved": SessionStatus.COMPLETED,
    "closed": SessionStatus.COMPLETED,
}
# `support_cases` has a priority of its own.
_PRIORITY: Final[Mapping[str, Priority]] = {"critical": Priority.URGENT, "emergency": Priority.URGENT}
# Every word that ranks, the lowest first: a word of others stands beside the one that it counts as.
PRIORITY_ORDER: Final = (*PRIORITIES, *_PRIORITY)


def known_priority(word: str) -> Priority:
    """The priority that a word counts as; medium when nobody knows it."""
    folded = word.strip().lower()
    return _PRIORITY.get(folded) or (Priority(folded) if folded in PRIORITIES else Priority.MEDIUM)


def convert_word(member: str, word: str) -> str | None:
    """What a word of others stands for in an event's member `status` (of an ended session) or `priority`."""
    folded = word.strip().lower()
    if member == "status":
        return _END_STATUS.get(folded, SessionStatus.ABANDONED)
    return _PRIORITY.get(folded) if member == "priority" else None
