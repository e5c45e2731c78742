"""Words that others write where ABParts' models have words of their own, and what each counts as: one table.

A status of a ticket that is not in `TicketStatus` has no entry on purpose: it is shown as it is, and neither open nor
resolved by guess.
"""

from collections.abc import Mapping
from typing import Final

from rules.reasons import PRIORITIES, Priority

# `support_cases` has a priority of its own.
_PRIORITY: Final[Mapping[str, Priority]] = {"critical": Priority.URGENT, "emergency": Priority.URGENT}
# Every word that ranks, the lowest first: a word of others stands beside the one that it counts as.
PRIORITY_ORDER: Final = (*PRIORITIES, *_PRIORITY)


def known_priority(word: str) -> Priority:
    """The priority that a word counts as; medium when nobody knows it."""
    folded = word.strip().lower()
    return _PRIORITY.get(folded) or (Priority(folded) if folded in PRIORITIES else Priority.MEDIUM)
