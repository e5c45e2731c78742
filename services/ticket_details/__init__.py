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
from services.ticket_details.timeline import EntryKind, TimelineEntry, load_timeline

__all__ = [
    "Advice",
    "ContactCard",
    "EntryKind",
    "Recipient",
    "RelatedTicket",
    "SessionFacts",
    "TicketDetails",
    "TicketFacts",
    "TicketReason",
    "TimelineEntry",
    "load_ticket_details",
    "load_timeline",
]
