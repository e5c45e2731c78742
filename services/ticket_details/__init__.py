"""Everything that a support mail tells of a ticket."""

from services.ticket_details.load import load_ticket_details
from services.ticket_details.models import (
    Advice,
    ContactCard,
    Reason,
    Recipient,
    RelatedTicket,
    SessionFacts,
    TicketDetails,
    TicketFacts,
)

__all__ = [
    "Advice",
    "ContactCard",
    "Reason",
    "Recipient",
    "RelatedTicket",
    "SessionFacts",
    "TicketDetails",
    "TicketFacts",
    "load_ticket_details",
]
