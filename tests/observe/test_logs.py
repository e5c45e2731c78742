"""The log of a real worker: each line of an escalation says which event, session and ticket; none says who or what."""

import json
from typing import Any

import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import Connection, text

from escalation_client.events import encode
from services.events.stream import EVENTS, OUTCOMES
from tasks.celery_config import KEY_PREFIX
from tests.events import message, started
from tests.processes import Processes, wait_for
from tests.worker.doctor.doctor import whole_configuration
from worker.embedded import LocalMailServer

# What goes wrong with a session's mail: the line that says so, which names the session too, and what brings it about.
TROUBLE = {
    "mail_rendered_short": "UPDATE public.support_tickets SET expert_contact_info = "
    """'{"primary_contact": {"name": ["no", "name"]}}' WHERE session_id = :session""",
    "mail_not_composed": "UPDATE escalation.mails SET template = 'no_such_letter' WHERE session_id = :session",
    "mail_without_ticket": "DELETE FROM escalation.tickets WHERE session_id = :session",
    "nobody_left_to_mail": "UPDATE escalation.mail_recipients SET state = 'refused' WHERE mail_id IN "
    "(SELECT mail_id FROM escalation.mails WHERE session_id = :session)",
}
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


@pytest.mark.long
def test_a_line_about_mail_that_cannot_leave_as_it_should_says_which_escalation(
    family: Processes, redis: Redis, connection: Connection, mail_server: LocalMailServer
) -> None:
    family.environment.update(whole_configuration(mail_server))
    worker = family.worker(queues="events")
    events = {session: message(session, f"there is {WORDS}") for session in TROUBLE}
    for event in events.values():
        redis.xadd(EVENTS, {"event": encode(event)})
    tickets = text("SELECT session_id, ticket_number FROM public.support_tickets")
    wait_for(lambda: len(connection.execute(tickets).all()) == len(TROUBLE), "the tickets")
    worker.stop()
    for session, statement in TROUBLE.items():
        connection.execute(text(statement), {"session": session})
    mailer = family.worker(queues="urgent,mail,sweeps")
    with Celery(broker=family.environment["REDIS_URL"]) as sender:
        sender.conf.broker_transport_options = {"global_keyprefix": KEY_PREFIX}
        for task, queue in (("deliver_urgent", "urgent"), ("reap_leases", "sweeps")):
            sender.send_task(f"escalation.{task}", queue=queue)
    wait_for(lambda: all(f'"event": "{line}"' in mailer.output for line in TROUBLE), "the lines about mail")
    mailer.stop()
    found = [json.loads(line) for line in mailer.output.splitlines() if line.startswith("{")]
    about = [line for line in found if line["event"] in TROUBLE]
    assert {(name, name) for name in TROUBLE} <= {(line["event"], line["session_id"]) for line in about}
    numbers = {row.session_id: row.ticket_number for row in connection.execute(tickets)}
    for line in about:
        session = line["session_id"]
        assert (line["event_id"], line["ticket"]) == (str(events[session].id), numbers[session]), line
