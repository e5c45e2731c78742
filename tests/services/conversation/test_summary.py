"""A session in some lines of plain text."""

from datetime import UTC, datetime

from sqlalchemy import Connection

from escalation_client.events import DiagnosisMade, EscalationRequested
from tests.events import at, message, step
from tests.services.records import SESSION, keep, load, told_step


def test_the_summary_tells_the_problem_what_was_tried_and_what_is_unknown(connection: Connection) -> None:
    keep(connection, message(SESSION, "Pump makes\nno pressure", 1))
    keep(connection, message(SESSION, "Have you checked the oil?", 2, sender="assistant"))
    keep(connection, message(SESSION, "still nothing", 3))
    keep(
        connection,
        DiagnosisMade(
            session_id=SESSION,
            occurred_at=at(4),
            problem_category="hydraulic",
            confidence_level="very_low",
            likely_causes=("worn pump", "air"),
        ),
    )
    keep(connection, step(SESSION, 1, success=False, seconds=5))
    keep(connection, step(SESSION, 2, success=None, seconds=6))
    keep(connection, told_step(3, 7, instruction="Bleed the line"))
    assert load(connection).summary().splitlines() == [
        'The user wrote first: "Pump makes no pressure"',
        'The user wrote last: "still nothing"',
        "Diagnosis: hydraulic, confidence very low",
        "Likely causes: worn pump; air",
        "Tried: 2 steps, none of them helped",
        "1. Check part 1: did not help",
        "2. Check part 2: result unknown",
        "Unknown: how step 3 went",
    ]


def test_the_summary_of_a_bare_request_says_what_is_unknown(connection: Connection) -> None:
    keep(connection, EscalationRequested(session_id=SESSION, occurred_at=datetime(2026, 1, 1, tzinfo=UTC)))
    assert load(connection).summary() == "Unknown: what the user says; a diagnosis; what was tried"


def test_the_summary_is_plain_and_never_longer_than_asked(connection: Connection) -> None:
    keep(connection, message(SESSION, "a\x07b\x1b[31m \u202ered\u202c " + "long " * 5_000, 1))
    for number in range(1, 60):
        keep(connection, step(SESSION, number, seconds=number))
    summary = load(connection).summary()
    assert all(letter.isprintable() or letter == "\n" for letter in summary)
    assert 'first: "ab[31m red long' in summary
    assert "59. Check part 59" in summary
    assert len(load(connection).summary(limit=200)) <= 200
