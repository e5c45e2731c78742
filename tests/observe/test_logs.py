"""The log of a real worker: each line of an escalation says which event, session and ticket; none says who or what."""

import json
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from escalation_client.events import encode
from services.stream import EVENTS, OUTCOMES
from tests.doctor.doctor import whole_configuration
from tests.events import message, started
from tests.processes import Processes, wait_for
from worker.embedded import LocalMailServer

WORDS, ADDRESS = "smoke near the purple winch", "duty-of-this-test@example.com"


@pytest.fixture
def lines(family: Processes, redis: Redis, mail_server: LocalMailServer) -> list[dict[str, Any]]:
    """All that a worker logs at INFO while a session becomes a ticket, a mail and news for the assistant."""
    family.environment.update(whole_configuration(mail_server) | {"SUPPORT_EMAIL": ADDRESS})
    worker = family.worker()
    first = message("s", f"there is {WORDS}")
    for event in (started("s"), first):
        redis.xadd(EVENTS, {"event": encode(event)})
    wait_for(lambda: '"type": "mail.accepted"' in worker.output, "the end of it in the log")
    assert redis.xlen(OUTCOMES) == 2
    worker.stop()
    found = [json.loads(line) for line in worker.output.splitlines() if line.startswith("{")]
    assert [line for line in worker.output.splitlines() if WORDS in line or "@example.com" in line] == []
    return [{"first": str(first.id)}, *found]


def test_every_line_of_an_escalation_says_which(lines: list[dict[str, Any]], connection: Connection) -> None:
    first, *logged = lines
    told = {line["type"] for line in logged if line["event"] == "outcome_published"}
    assert told == {"ticket.opened", "mail.accepted"}
    about = [line for line in logged if line["event"] in {"outcome_published", "mail_tried"}]
    assert len(about) == 3
    number = connection.execute(text("SELECT ticket_number FROM public.support_tickets")).scalar_one()
    assert {(line["event_id"], line["session_id"], line["ticket"]) for line in about} == {(first["first"], "s", number)}
    assert {line["level"] for line in about} == {"info"}
