"""The session of the example: what was said, tried and thought, in one of the six languages."""

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from services.conversation import Confidence, Conversation, Diagnosis, Evidence, Message, Request, Step

TEXTS: Final = Path(__file__).parent / "examples.toml"
START: Final = datetime(2026, 11, 24, 1, 12, tzinfo=UTC)
SESSION: Final = "41f6c1d2-0000-4000-8000-0000000000c5"
DANGER_EVENT, REQUEST_EVENT, DOUBT_EVENT = UUID(int=1), UUID(int=2), UUID(int=3)
CONFIDENCES: Final = ((1, 0.82), (3, 0.74), (5, 0.61), (7, 0.45), (9, 0.24))
LIMIT: Final = 0.3

Texts = dict[str, Any]


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def texts_of(language: str) -> Texts:
    texts: Texts = tomllib.loads(TEXTS.read_text(encoding="utf-8"))[language]
    return texts


def example_conversation(language: str) -> Conversation:
    """Thirteen minutes of it."""
    texts = texts_of(language)
    return Conversation(
        session_id=SESSION,
        messages=tuple(messages(texts)),
        steps=tuple(steps(texts)),
        diagnoses=(diagnosis(texts),),
        confidences=tuple(Confidence(at=at(minute), value=value, source="report") for minute, value in CONFIDENCES),
        requests=(Request(event_id=REQUEST_EVENT, at=at(13), reason="user_request", notes=texts["notes"]),),
        evidence=evidence(texts, language),
        hurt="denied",
    )


def evidence(texts: Texts, language: str) -> tuple[Evidence, ...]:
    """Smoke, a wish for a person, and doubt; the gravest first."""
    smoke = Evidence(
        rule="safety_concern", at=at(12), event_id=DANGER_EVENT, phrase=texts["phrase"], gloss="reports smoke",
        language=language, message_id="m3", hurt="denied",
    )  # fmt: skip
    request = Evidence(rule="user_request", at=at(13), event_id=REQUEST_EVENT)
    doubt = Evidence(rule="low_confidence", at=at(9), event_id=DOUBT_EVENT, observed=CONFIDENCES[-1][1], limit=LIMIT)
    return smoke, request, doubt


def messages(texts: Texts) -> Iterator[Message]:
    yield Message(message_id="m1", sender="user", content=texts["first"], at=at(0.5))
    for number, step in enumerate(texts["steps"], start=1):
        yield Message(message_id=f"s{number}", sender="assistant", content=step, at=at(number * 2))
    yield Message(message_id="m2", sender="user", content=texts["photo"], at=at(11), message_type="image")
    yield Message(message_id="m3", sender="user", content=texts["voice"], at=at(12), message_type="voice")
    yield Message(message_id="m4", sender="assistant", content=texts["advice"], at=at(12.2))
    yield Message(message_id="m5", sender="user", content=texts["asks"], at=at(12.8))


def steps(texts: Texts) -> Iterator[Step]:
    told = zip(texts["steps"], texts["answers"], (False, False, None), strict=True)
    for number, (instruction, answer, success) in enumerate(told, start=1):
        yield Step(
            number=number, instruction=instruction, at=at(number * 2), feedback=answer or None,
            completed=bool(answer), success=success,
        )  # fmt: skip


def diagnosis(texts: Texts) -> Diagnosis:
    return Diagnosis(
        category="electrical",
        confidence_level="low",
        at=at(9),
        confidence=CONFIDENCES[-1][1],
        likely_causes=(texts["cause"],),
        safety_warnings=(texts["warning"],),
        recommended_steps=(texts["advice"],),
        requires_expert=True,
        estimated_minutes=90,
    )
