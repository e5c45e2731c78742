"""Everything that a support mail tells of a ticket."""

from services.ticket_details.load import load_ticket_details
from services.ticket_details.models import (
    Advice,
    ContactCard,
    Recipient,
    RelatedTicket,
    SessionFacts,
    TicketDetails,
    TicketFacts,
    TicketReason,
)

__all__ = [
    "Advice",
    "ContactCard",
    "Recipient",
    "RelatedTicket",
    "SessionFacts",
    "TicketDetails",
    "TicketFacts",
    "TicketReason",
    "load_ticket_details",
]
