"""Everything that a support mail tells of a ticket."""

from services.story.loading import load_stories
from services.story.parts import (
    Advice,
    ContactCard,
    Reason,
    Recipient,
    RelatedTicket,
    SessionFacts,
    Story,
    TicketFacts,
)

__all__ = [
    "Advice",
    "ContactCard",
    "Reason",
    "Recipient",
    "RelatedTicket",
    "SessionFacts",
    "Story",
    "TicketFacts",
    "load_stories",
]
