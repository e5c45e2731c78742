"""The details of a ticket. What is unknown is None or empty, and is named in `TicketDetails.unknown`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from rules.recommendation import WhyPart
from services.conversation import Conversation, Evidence, Request
from services.directory import MachineRecord, Organisation, Person
from services.ticket_details.reported_machine import ReportedMachine


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketReason:
    """Why a human is needed; the first evidence is what brought it about, further ones followed.

    `name` is one of `rules.reasons.REASONS`, or another writer's own words for its ticket.
    """

    name: str
    evidence: tuple[Evidence, ...] = ()

    @property
    def at(self) -> datetime | None:
        """When it came up."""
        return self.evidence[0].at if self.evidence else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFacts:
    """The ticket itself; `status` is None when its row is gone from ABParts' table."""

    ticket_id: str
    number: str
    priority: str
    status: str | None
    opened_at: datetime
    reasons: tuple[TicketReason, ...] = ()
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    resolution_notes: str | None = None
    waiting_since: datetime | None = None
    snoozed_until: datetime | None = None

    @property
    def safety(self) -> bool:
        """Somebody may be in danger."""
        return any(reason.name == "safety_concern" for reason in self.reasons)

    @property
    def reason_names(self) -> tuple[str, ...]:
        return tuple(reason.name for reason in self.reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """The session; `user_id` and `machine_id` are any text, also where nobody is found by them."""

    session_id: str
    user_id: str | None = None
    machine_id: str | None = None
    language: str | None = None
    status: str | None = None
    started_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedTicket:
    """Another ticket of the same session, machine or user."""

    ticket_id: str
    number: str
    priority: str
    status: str
    reason: str
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactCard:
    """Somebody who can help; `hours` in words."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    hours: str | None = None
    specialization: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Whom to contact, why and what to do first, as decided when the ticket was opened.

    `why` is English; `why_parts` say the same, to be translated.
    """

    primary: ContactCard
    alternatives: tuple[ContactCard, ...] = ()
    action: str | None = None
    why: str | None = None
    why_parts: tuple[WhyPart, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """An address that a mail of the ticket goes or went to."""

    mail_id: UUID
    template: str
    address: str
    state: str
    queued_at: datetime
    accepted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDetails:
    """Everything that is known of a ticket.

    `requests` led to this ticket or were added to it; `unknown` holds words of `services.ticket_details.missing`.
    """

    ticket: TicketFacts
    session: SessionFacts
    conversation: Conversation
    user: Person | None = None
    machine: MachineRecord | None = None
    reported_machine: ReportedMachine = field(default_factory=ReportedMachine)
    advice: Advice | None = None
    requests: tuple[Request, ...] = ()
    earlier_tickets: tuple[RelatedTicket, ...] = ()
    machine_tickets: tuple[RelatedTicket, ...] = ()
    user_tickets: tuple[RelatedTicket, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def language(self) -> str | None:
        """The language of the session, else the user's."""
        return self.session.language or (self.user.preferred_language if self.user else None)

    @property
    def organisation(self) -> Organisation | None:
        """The user's, else the one that has the machine."""
        if self.user and self.user.organisation:
            return self.user.organisation
        return self.machine.organisation if self.machine else None

    @property
    def event_at(self) -> datetime:
        """When the first of what led to the ticket happened."""
        return min([reason.at for reason in self.ticket.reasons if reason.at] or [self.ticket.opened_at])

    @property
    def hurt(self) -> str:
        """Whether anybody is hurt according to the user: said, denied or unknown."""
        return self.conversation.hurt

    @property
    def callback_phone(self) -> str | None:
        """The latest telephone number that was left for a call back."""
        return next((request.callback_phone for request in reversed(self.requests) if request.callback_phone), None)

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes of the requests, in order."""
        return tuple(request.notes for request in self.requests if request.notes)


_FIELDS = ("name", "email", "phone", "hours", "specialization")


def parse_advice(stored: Any) -> Advice | None:
    """From `support_tickets.expert_contact_info`; None where another writer left none."""
    if not isinstance(stored, Mapping) or not isinstance(stored.get("primary_contact"), Mapping):
        return None
    alternatives = stored.get("alternative_contacts")
    return Advice(
        primary=_parse_card(stored["primary_contact"]),
        alternatives=tuple(_parse_card(contact) for contact in alternatives or () if isinstance(contact, Mapping)),
        action=stored.get("recommended_action"),
        why=stored.get("why"),
        why_parts=tuple(WhyPart.of_json(part) for part in stored.get("why_parts") or ()),
    )


def _parse_card(contact: Mapping[str, Any]) -> ContactCard:
    return ContactCard(**{name: contact.get(name) for name in _FIELDS})
