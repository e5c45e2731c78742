"""What the publishers of a storm send: sessions drawn from a seed, with duplicates and bad events among them."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

HARMLESS = (
    "the pump runs but the pressure stays low",
    "η αντλία δουλεύει αλλά η πίεση είναι χαμηλή",
    "pompa çalışıyor ama basınç düşük",
    "la bomba funciona pero la presión es baja",
)
DANGER = ("there is smoke coming from the cabinet", "I got an electric shock")
WISH = ("I want to talk to a human", "please let me speak to a real person")
STEPS = 9
BAD_SHARE = 0.02
DUPLICATE_SHARE = 0.1
SHUFFLED_TOGETHER = 200


@dataclass(frozen=True, slots=True)
class Published:
    """The lines of a storm in the order they are sent; `good` holds each readable event once."""

    lines: list[str]
    good: list[dict[str, Any]]
    bad: list[str]


class Draw:
    """Sessions and their events, all from one random source."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)

    def event(self, session: str, kind: str, **data: Any) -> dict[str, Any]:
        self.now += timedelta(milliseconds=self.random.randint(1, 50))
        return {
            "id": str(UUID(int=self.random.getrandbits(128), version=4)),
            "type": kind,
            "session_id": session,
            "occurred_at": self.now.isoformat(),
            "version": 1,
            "data": data,
        }

    def session(self, name: str) -> Iterator[dict[str, Any]]:
        """One session; about one in six needs a human, some for several reasons."""
        yield self.event(name, "session.started", user_id=f"user of {name}", language="en")
        for number in range(self.random.randint(1, 3)):
            yield self.message(name, number, self.random.choice(HARMLESS))
        yield self.event(name, "confidence.reported", confidence=self.random.choice((0.3, 0.5, 0.9)))
        number_of_steps = self.random.choice((2, 3, 4, STEPS))
        yield from self.steps(name, number_of_steps)
        if self.random.random() < 0.16:
            for _ in range(self.random.choice((1, 1, 2, 3))):
                yield self.trouble(name)
        if self.random.random() < 0.3:
            # Whether steps that did not help lead to a ticket depends on when a happy end is known: not both at once.
            ends = ("abandoned",) if number_of_steps == STEPS else ("completed", "abandoned")
            yield self.event(name, "session.ended", status=self.random.choice(ends))

    def message(self, session: str, number: int, content: str) -> dict[str, Any]:
        return self.event(
            session,
            "message.added",
            message_id=f"{session}-{number}",
            sender="user",
            content=content,
            message_type="text",
        )

    def steps(self, session: str, count: int) -> Iterator[dict[str, Any]]:
        for number in range(1, count + 1):
            success = self.random.random() < 0.1
            yield self.event(
                session, "step.recorded", step_number=number, instruction="Check it", completed=True, success=success
            )

    def trouble(self, session: str) -> dict[str, Any]:
        match self.random.randrange(6):
            case 0:
                return self.message(session, self.random.randint(10, 10**9), self.random.choice(DANGER))
            case 1:
                return self.message(session, self.random.randint(10, 10**9), self.random.choice(WISH))
            case 2:
                return self.event(session, "confidence.reported", confidence=0.1)
            case 3:
                return self.diagnosis(session)
            case 4:
                return self.event(session, "session.ended", status="escalated")
            case _:
                reason = self.random.choice(("user_request", "complex_issue"))
                priority = self.random.choice((None, "low", "high", "urgent"))
                return self.event(session, "escalation.requested", reason=reason, priority=priority)

    def diagnosis(self, session: str) -> dict[str, Any]:
        return self.event(
            session,
            "diagnosis.made",
            problem_category="startup",
            confidence_level="medium",
            requires_expert=True,
            likely_causes=["a filter"],
            safety_warnings=[],
            recommended_steps=[],
            estimated_duration=10,
        )

    def bad(self, event: dict[str, Any]) -> str:
        """An event that is JSON and still cannot be used."""
        spoiled: tuple[dict[str, Any], ...] = (
            {**event, "version": 2},
            {**event, "type": "nothing.known"},
            {**event, "session_id": "x" * 65},
            {**event, "data": []},
            {**event, "occurred_at": "yesterday"},
            {**event, "type": "confidence.reported", "data": {"confidence": 7}},
        )
        chosen = self.random.choice(spoiled)
        return json.dumps({**chosen, "id": str(UUID(int=self.random.getrandbits(128), version=4))}, ensure_ascii=False)


def published(seed: int, sessions: int) -> Published:
    """All lines of a storm; the same seed gives the same storm, apart from the times."""
    draw = Draw(seed)
    good = [event for number in range(sessions) for event in draw.session(f"storm-{seed}-{number}")]
    bad = [draw.bad(draw.random.choice(good)) for _ in range(int(len(good) * BAD_SHARE))]
    lines = [json.dumps(event, ensure_ascii=False) for event in good]
    return Published(mixed(draw.random, lines, bad), good, bad)


def mixed(source: random.Random, lines: list[str], bad: list[str]) -> list[str]:
    """Duplicates and bad events among the others, and each stretch of them out of order."""
    repeated = source.sample(lines, int(len(lines) * DUPLICATE_SHARE))
    places = [(position, line) for position, line in enumerate(lines)]
    places += [(source.randrange(len(lines)), line) for line in [*repeated, *bad]]
    places.sort(key=lambda place: place[0] + source.uniform(0, SHUFFLED_TOGETHER))
    return [line for _, line in places]
