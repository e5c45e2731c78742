"""The verdict sees what is missing, doubled or different; a check that could not fail would prove nothing."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from bench.chaos.sessions import Published, published
from bench.chaos.verdict import StormVerdict, judge
from rules.delivery import PushKind
from services.events.stream import EVENTS, EventStream, read_new
from services.installation import Installation
from services.outbox.outcomes import acceptances, queue_outcomes
from services.outbox.queue import NewMail, queue_mails
from tasks.evaluation.batch import write
from tests.push_service import Pushed
from tests.smtp_session import Received

pytestmark = pytest.mark.long

SENT = "SELECT message_id, address FROM escalation.mail_recipients JOIN escalation.mails USING (mail_id)"
UNKNOWN = """
    INSERT INTO escalation.delivery_attempts (attempt_id, recipient_id, number, lease_id, reply_class)
    SELECT gen_random_uuid(), recipient_id, 1, gen_random_uuid(), 'unknown'
    FROM escalation.mail_recipients WHERE mail_id = :mail_id
"""


@pytest.fixture
def storm() -> Published:
    return published(seed=3, sessions=30)


@pytest.fixture
def received(installation: Installation, redis: Redis, connection: Connection, storm: Published) -> list[Received]:
    """Everything evaluated, every mail accepted, every outcome told."""
    for line in storm.lines:
        redis.xadd(EVENTS, {"event": line})
    write(read_new(EventStream(redis), len(storm.lines)), installation)
    connection.execute(text("UPDATE escalation.mail_recipients SET state = 'accepted'"))
    mail_ids = connection.execute(text("SELECT mail_id FROM escalation.mails")).scalars().all()
    queue_outcomes(connection, list(acceptances(connection, mail_ids).values()))
    connection.execute(text("UPDATE escalation.outcomes SET published_at = now()"))
    taken = connection.execute(text(SENT))
    return [Received("", (to,), f"Message-ID: {name}\r\n\r\n".encode(), None, "") for name, to in taken]


def test_a_faithful_world_has_no_differences(
    connection: Connection, storm: Published, received: list[Received]
) -> None:
    verdict = judge(connection, storm, received, [])
    assert verdict.differences == []
    assert verdict.ok
    assert verdict.tickets > 1


DAMAGE = {
    "lost: event": "DELETE FROM escalation.event_inbox WHERE type = 'session.started'",
    "lost: bad event": "DELETE FROM escalation.rejected_events",
    "status of": "UPDATE escalation.sessions SET status = 'abandoned' WHERE status = 'escalated'",
    "lost: ticket of": "DELETE FROM public.support_tickets WHERE ticket_number LIKE '%-0001'",
    "ticket of": "UPDATE public.support_tickets SET priority = CASE priority WHEN 'high' THEN 'low' ELSE 'high' END",
    "triggers of": "DELETE FROM public.escalation_triggers",
    "numbers of": "UPDATE public.support_tickets SET ticket_number = replace(ticket_number, '-0001', '-9999')",
    "lost: audit of": "DELETE FROM escalation.audit_log",
    "lost: audit of storm": "DELETE FROM escalation.audit_log WHERE table_name = 'ai_sessions'",
    "lost: mail of": "DELETE FROM escalation.mails WHERE template = 'ticket_opened'",
    "state of mail": "UPDATE escalation.mail_recipients SET state = 'held'",
    "lost: outcome of ticket": "UPDATE escalation.outcomes SET published_at = NULL",
    "lost: outcome of a mail": "DELETE FROM escalation.outcomes WHERE payload ->> 'type' = 'mail.accepted'",
    "doubled: outcome of ticket": """
        INSERT INTO escalation.outcomes (outcome_id, session_id, payload, published_at)
        SELECT gen_random_uuid(), session_id, payload, published_at FROM escalation.outcomes
        WHERE payload ->> 'type' = 'ticket.opened' LIMIT 1
    """,
}


@pytest.mark.parametrize("named", DAMAGE)
def test_damage_is_found(connection: Connection, storm: Published, received: list[Received], named: str) -> None:
    connection.execute(text(DAMAGE[named]))
    assert found(judge(connection, storm, received, []), named)


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        (lambda mails: mails[1:], "lost: mail"),
        (lambda mails: [*mails, mails[0]], "doubled: mail"),
    ],
)
def test_a_mail_that_never_came_or_came_twice_is_found(
    connection: Connection,
    storm: Published,
    received: list[Received],
    tamper: Callable[[list[Received]], list[Received]],
    named: str,
) -> None:
    verdict = judge(connection, storm, tamper(received), [])
    assert found(verdict, named)
    assert verdict.lost + verdict.doubled == 1


@pytest.mark.parametrize(("times", "named"), [(0, "lost: push"), (1, ""), (2, ""), (3, "doubled: push")])
def test_a_push_that_never_came_or_came_too_often_is_found(
    connection: Connection, storm: Published, received: list[Received], times: int, named: str
) -> None:
    """Its sender ended once without hearing the answer, so it may have come twice."""
    ticket = connection.execute(text("SELECT ticket_id, ticket_number FROM escalation.tickets LIMIT 1")).one()
    push = NewMail(("push",), PushKind.OPENED, ("support via json",), rank=0, ticket_id=ticket.ticket_id)
    queue_mails(connection, [push], "example.com")
    connection.execute(text("UPDATE escalation.mail_recipients SET state = 'accepted'"))
    connection.execute(text(UNKNOWN), {"mail_id": push.mail_id})
    pushed = Pushed("/support", f"{ticket.ticket_number} A new ticket.", taken=True)
    refused = replace(pushed, taken=False)
    verdict = judge(connection, storm, received, [*[pushed] * times, refused])
    assert verdict.ok if not named else found(verdict, named)
    assert verdict.pushes == 1


def found(verdict: StormVerdict, named: str) -> bool:
    return not verdict.ok and any(one.startswith(named) for one in verdict.differences)
