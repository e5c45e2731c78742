"""An optional member in a wrong shape never costs its event."""

import json
from typing import Any

import pytest
from sqlalchemy import Connection

from escalation_client.events import EVENT_TYPES, Event
from escalation_client.events.types import ENVELOPE, MEMBERS
from escalation_client.events.wire import document_of
from services.installation import Installation
from tasks.evaluation.batch import write
from tests.events import confidence, diagnosed, ended, message, requested, started, step
from tests.tasks.conftest import rows
from tests.tasks.evaluation.batches import TICKETS, Entries

WRONG_SHAPES: list[Any] = [
    *(22.5, -1, 10**12, 1e300, True, False, "", "free text", "x" * 300, "nul \0", "null", "0.5"),
    *([], {}, [1, None], [{"cause": "x"}], {"deep": [[1]]}, ["nul \0"]),
]
EXAMPLES: list[Event] = [
    *(started("s"), message("s", "thanks"), diagnosed("s"), step("s", 1), confidence("s", 0.9), requested("s")),
    ended("s"),
]


def changed(event: Event, place: int, **members: Any) -> str:
    document = document_of(event)
    return json.dumps({**document, "id": f"00000000-0000-4000-8000-{place:012}", "data": document["data"] | members})


def test_every_optional_member_of_every_type_may_have_any_shape(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    assert {type(event) for event in EXAMPLES} == set(EVENT_TYPES.values())
    sent = [
        (event, member.name, value)
        for event in EXAMPLES
        for member in MEMBERS[type(event)]
        if not member.required and member.name not in ENVELOPE
        for value in WRONG_SHAPES
    ]
    texts = [changed(event, place, **{name: value}) for place, (event, name, value) in enumerate(sent)]
    written = write(entries(texts), installation)
    assert rows(connection, "SELECT reason FROM escalation.rejected_events") == []
    assert written.result.events == len(sent) > 200
    notes = 'SELECT count(*) AS count FROM escalation.event_inbox WHERE evidence @> \'[{"rule": "unfit_member"}]\''
    assert rows(connection, notes)[0]["count"] > len(sent) / 2


def evidence_of(connection: Connection) -> list[dict[str, Any]]:
    (row,) = rows(connection, "SELECT evidence FROM escalation.event_inbox")
    return [note for note in row["evidence"] if note["rule"] == "unfit_member"]


def test_what_a_member_held_is_noted(installation: Installation, entries: Entries, connection: Connection) -> None:
    causes = [{"cause": "worn seal"}, "air"]
    odd = changed(
        diagnosed("s"), 1, estimated_duration=22.5, likely_causes=causes, problem_category=["x"], unknown="\0"
    )
    write(entries([odd]), installation)
    found = {note["member"]: (note["value"], note["kept"]) for note in evidence_of(connection)}
    assert found == {
        "data.unknown": ("'\\x00'", None),
        "data.estimated_duration": (22.5, 23),
        "data.likely_causes": (causes, ["worn seal", "air"]),
        "data.problem_category": (["x"], '["x"]'),
    }


@pytest.mark.parametrize(
    ("word", "status"), [("resolved", "completed"), ("Solved", "completed"), ("gone", "abandoned")]
)
def test_words_of_others_for_the_end_of_a_session(
    word: str, status: str, installation: Installation, entries: Entries, connection: Connection
) -> None:
    write(entries([changed(ended("s"), 1, status=word)]), installation)
    assert rows(connection, "SELECT status FROM escalation.sessions") == [{"status": status}]


def test_critical_is_urgent(installation: Installation, entries: Entries, connection: Connection) -> None:
    write(entries([changed(requested("s"), 1, priority="critical")]), installation)
    assert [ticket["priority"] for ticket in rows(connection, TICKETS)] == ["urgent"]


def test_a_member_that_the_rules_need_still_makes_an_event_invalid(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    write(entries([changed(confidence("s", 0.1), 1, confidence={"x": 1})]), installation)
    assert len(rows(connection, "SELECT FROM escalation.rejected_events")) == 1
