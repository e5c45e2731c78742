"""Everything that a support mail tells of a ticket."""

from services.ticket_details.load import load_stories
from services.ticket_details.models import (
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
