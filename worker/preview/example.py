"""A ticket that nobody opened, to look at mails without a database."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from rules.recommendation import WhyPart
from services.directory import MachineRecord, Person
from services.directory.machines import HoursReading, MaintenanceEntry
from services.directory.people import Organisation
from services.ticket_details import Advice, ContactCard, Reason, Recipient, SessionFacts, Story, TicketFacts
from services.ticket_details.missing import unknown_of
from worker.preview.session import SESSION, at, example_conversation, texts_of

MAIL: Final = UUID("6f0f7c0e-2f57-5a3e-9d1c-0a5a3f2b7c11")
TICKET: Final = "7d0a4f52-0000-4000-8000-000000000007"
ADDRESSES: Final = ("support@example.com", "emergency@example.com")
PHONE: Final = "+44 20 7946 0142"
# Where each language is spoken: ABParts' code of the country, and the place.
PLACES: Final = {
    "en": ("UK", "Loch Fyne"),
    "el": ("GR", "Αγία Ευφημία"),
    "ar": ("OM", "قريات"),
    "es": ("ES", "San Pedro del Pinatar"),
    "tr": ("TR", "Güllük"),
    "no": ("NO", "Nordfjordeid"),
}
SUPPORT: Final = ContactCard(
    name="General support", email="support@example.com", phone="+44 20 7946 0100", hours="Mon–Fri 08:00–18:00",
    specialization="All AutoBoss machines",
)  # fmt: skip
EMERGENCY: Final = ContactCard(
    name="Emergency line", email="emergency@example.com", phone="+44 20 7946 0199", hours="24/7",
    specialization="Safety concerns, day and night",
)  # fmt: skip


def example_story(language: str) -> Story:
    """Smoke on a fish farm at night, told in one of the six languages."""
    conversation, user, machine = example_conversation(language), example_person(language), example_machine(language)
    return Story(
        ticket=TicketFacts(
            ticket_id=TICKET, number="AB-20261124-0007", priority="urgent", status="open", opened_at=at(13.1),
            reasons=tuple(Reason(name=one.rule, evidence=(one,)) for one in conversation.evidence),
        ),
        session=SessionFacts(session_id=SESSION, language=language, status="escalated", started_at=at(0)),
        conversation=conversation,
        user=user,
        machine=machine,
        advice=Advice(
            primary=EMERGENCY, alternatives=(SUPPORT,),
            why_parts=(WhyPart("emergency"), WhyPart("language", language), WhyPart("always")),
        ),
        requests=tuple(replace(request, callback_phone=PHONE) for request in conversation.requests),
        recipients=tuple(recipient(address) for address in ADDRESSES),
        unknown=unknown_of(user, machine, language, conversation),
    )  # fmt: skip


def recipient(address: str) -> Recipient:
    return Recipient(
        mail_id=MAIL, template="ticket_opened", address=address, state="accepted", queued_at=at(13.1),
        accepted_at=at(13.2),
    )  # fmt: skip


def example_person(language: str) -> Person:
    country, place = PLACES[language]
    farm = Organisation(
        id=UUID(int=3), name="North Pier Sea Farm", address=place, contact_info="+44 20 7946 0143, VHF 8",
        country=country,
    )  # fmt: skip
    return Person(
        id=UUID(int=4), username="user", email="user@sea-farm.example.com", name=texts_of(language)["user"],
        role="user", preferred_language=language, organisation=farm,
    )  # fmt: skip


def example_machine(language: str) -> MachineRecord:
    return MachineRecord(
        id=UUID(int=5),
        name="KEF-5",
        model="V4.0",
        serial_number="AB4-2023-0117",
        status="active",
        location=PLACES[language][1],
        warranty_until=date(2027, 3, 24),
        last_maintenance=date(2026, 10, 24),
        next_maintenance=date(2026, 12, 12),
        hours_history=(HoursReading(Decimal("1788.5"), at(-1_440)),),
        maintenance=(MaintenanceEntry(at(-44_640), "repair", "Cabinet door seal renewed"),),
    )
