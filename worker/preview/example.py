"""A ticket that nobody opened, to look at mails without a database."""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from rules.recommendation import WhyPart
from services.conversation import Confidence, Conversation, Diagnosis, Evidence, Message, Request, Step
from services.directory import MachineRecord, Person
from services.directory.machines import HoursReading, MaintenanceEntry
from services.directory.people import Organisation
from services.ticket_details import (
    Advice,
    ContactCard,
    Recipient,
    SessionFacts,
    TicketDetails,
    TicketFacts,
    TicketReason,
)
from services.ticket_details.missing import list_unknown

_TEXTS: Final = Path(__file__).parent / "examples.toml"
_START: Final = datetime(2026, 11, 24, 1, 12, tzinfo=UTC)
_SESSION: Final = "41f6c1d2-0000-4000-8000-0000000000c5"
DANGER_EVENT, REQUEST_EVENT, DOUBT_EVENT = UUID(int=1), UUID(int=2), UUID(int=3)
_CONFIDENCES: Final = ((1, 0.82), (3, 0.74), (5, 0.61), (7, 0.45), (9, 0.24))
_LIMIT: Final = 0.3

_Texts = dict[str, Any]


def at(minutes: float) -> datetime:
    return _START + timedelta(minutes=minutes)


def _texts_of(language: str) -> _Texts:
    texts: _Texts = tomllib.loads(_TEXTS.read_text(encoding="utf-8"))[language]
    return texts


def _example_conversation(language: str) -> Conversation:
    """Thirteen minutes of it."""
    texts = _texts_of(language)
    return Conversation(
        session_id=_SESSION,
        messages=tuple(_make_messages(texts)),
        steps=tuple(_make_steps(texts)),
        diagnoses=(_make_diagnosis(texts),),
        confidences=tuple(Confidence(at=at(minute), value=value, source="report") for minute, value in _CONFIDENCES),
        requests=(Request(event_id=REQUEST_EVENT, at=at(13), reason="user_request", notes=texts["notes"]),),
        evidence=evidence(texts, language),
        hurt="denied",
    )


def evidence(texts: _Texts, language: str) -> tuple[Evidence, ...]:
    """Smoke, a wish for a person, and doubt; the gravest first."""
    smoke = Evidence(
        rule="safety_concern", at=at(12), event_id=DANGER_EVENT, phrase=texts["phrase"], gloss="reports smoke",
        language=language, message_id="m3", hurt="denied",
    )  # fmt: skip
    request = Evidence(rule="user_request", at=at(13), event_id=REQUEST_EVENT)
    doubt = Evidence(rule="low_confidence", at=at(9), event_id=DOUBT_EVENT, observed=_CONFIDENCES[-1][1], limit=_LIMIT)
    return smoke, request, doubt


def _make_messages(texts: _Texts) -> Iterator[Message]:
    yield Message(message_id="m1", sender="user", content=texts["first"], at=at(0.5))
    for number, step in enumerate(texts["steps"], start=1):
        yield Message(message_id=f"s{number}", sender="assistant", content=step, at=at(number * 2))
    yield Message(message_id="m2", sender="user", content=texts["photo"], at=at(11), message_type="image")
    yield Message(message_id="m3", sender="user", content=texts["voice"], at=at(12), message_type="voice")
    yield Message(message_id="m4", sender="assistant", content=texts["advice"], at=at(12.2))
    yield Message(message_id="m5", sender="user", content=texts["asks"], at=at(12.8))


def _make_steps(texts: _Texts) -> Iterator[Step]:
    told = zip(texts["steps"], texts["answers"], (False, False, None), strict=True)
    for number, (instruction, answer, success) in enumerate(told, start=1):
        yield Step(
            number=number, instruction=instruction, at=at(number * 2), feedback=answer or None,
            completed=bool(answer), success=success,
        )  # fmt: skip


def _make_diagnosis(texts: _Texts) -> Diagnosis:
    return Diagnosis(
        category="electrical",
        confidence_level="low",
        at=at(9),
        confidence=_CONFIDENCES[-1][1],
        likely_causes=(texts["cause"],),
        safety_warnings=(texts["warning"],),
        recommended_steps=(texts["advice"],),
        requires_expert=True,
        estimated_minutes=90,
    )


_MAIL: Final = UUID("6f0f7c0e-2f57-5a3e-9d1c-0a5a3f2b7c11")
_TICKET: Final = "7d0a4f52-0000-4000-8000-000000000007"
EXAMPLE_PAGE: Final = "https://tickets.example.com/t/example"
_ADDRESSES: Final = ("support@example.com", "emergency@example.com")
_PHONE: Final = "+44 20 7946 0142"
# Where each language is spoken: ABParts' code of the country, and the place.
_PLACES: Final = {
    "en": ("UK", "Loch Fyne"),
    "el": ("GR", "Αγία Ευφημία"),
    "ar": ("OM", "قريات"),
    "es": ("ES", "San Pedro del Pinatar"),
    "tr": ("TR", "Güllük"),
    "no": ("NO", "Nordfjordeid"),
}
_SUPPORT: Final = ContactCard(
    name="General support", email="support@example.com", phone="+44 20 7946 0100", hours="Mon–Fri 08:00–18:00",
    specialization="All AutoBoss machines",
)  # fmt: skip
_EMERGENCY: Final = ContactCard(
    name="Emergency line", email="emergency@example.com", phone="+44 20 7946 0199", hours="24/7",
    specialization="Safety concerns, day and night",
)  # fmt: skip


def example_story(language: str) -> TicketDetails:
    """Smoke on a fish farm at night, told in one of the six languages."""
    conversation, user, machine = _example_conversation(language), _example_person(language), _example_machine(language)
    return TicketDetails(
        ticket=TicketFacts(
            ticket_id=_TICKET, number="AB-20261124-0007", priority="urgent", status="open", opened_at=at(13.1),
            reasons=tuple(TicketReason(name=evidence.rule, evidence=(evidence,)) for evidence in conversation.evidence),
        ),
        session=SessionFacts(session_id=_SESSION, language=language, status="escalated", started_at=at(0)),
        conversation=conversation,
        user=user,
        machine=machine,
        advice=Advice(
            primary=_EMERGENCY, alternatives=(_SUPPORT,),
            why_parts=(WhyPart("emergency"), WhyPart("language", language), WhyPart("always")),
        ),
        requests=tuple(replace(request, callback_phone=_PHONE) for request in conversation.requests),
        recipients=tuple(_recipient(address) for address in _ADDRESSES),
        unknown=list_unknown(user, machine, language, conversation),
    )  # fmt: skip


def _recipient(address: str) -> Recipient:
    return Recipient(
        mail_id=_MAIL, template="ticket_opened", address=address, state="accepted", queued_at=at(13.1),
        accepted_at=at(13.2),
    )  # fmt: skip


def _example_person(language: str) -> Person:
    country, place = _PLACES[language]
    farm = Organisation(
        id=UUID(int=3), name="North Pier Sea Farm", address=place, contact_info="+44 20 7946 0143, VHF 8",
        country=country,
    )  # fmt: skip
    return Person(
        id=UUID(int=4), username="user", email="user@sea-farm.example.com", name=_texts_of(language)["user"],
        role="user", preferred_language=language, organisation=farm,
    )  # fmt: skip


def _example_machine(language: str) -> MachineRecord:
    return MachineRecord(
        id=UUID(int=5),
        name="KEF-5",
        model="V4.0",
        serial_number="AB4-2023-0117",
        status="active",
        location=_PLACES[language][1],
        warranty_until=date(2027, 3, 24),
        last_maintenance=date(2026, 10, 24),
        next_maintenance=date(2026, 12, 12),
        hours_history=(HoursReading(Decimal("1788.5"), at(-1_440)),),
        maintenance=(MaintenanceEntry(at(-44_640), "repair", "Cabinet door seal renewed"),),
    )
