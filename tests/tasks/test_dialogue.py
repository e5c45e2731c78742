"""The "Escalate to Expert" dialogue is answered whenever it is used."""

from redis import Redis
from sqlalchemy import Connection

from escalation_client.events import EscalationRequested
from services.installation import Installation
from tasks.evaluation.drain import drain
from tests.tasks.conftest import Publish, rows


def test_each_request_has_an_outcome_also_when_its_ticket_is_open_already(
    installation: Installation, redis: Redis, publish: Publish, connection: Connection
) -> None:
    requests = [EscalationRequested(session_id="s") for _ in range(3)]
    for request in requests:
        publish([request])
        assert drain(redis, installation).outcomes == 1
    told = rows(connection, "SELECT payload FROM escalation.outcomes ORDER BY position")
    assert [row["payload"]["event_id"] for row in told] == [str(request.id) for request in requests]
    assert [row["payload"]["type"] for row in told] == ["ticket.opened", "ticket.updated", "ticket.updated"]
    assert len({row["payload"]["ticket_number"] for row in told}) == 1
    assert rows(connection, "SELECT count(*) AS n FROM escalation.mails") == [{"n": 1}]


def test_a_request_with_news_for_the_ticket_has_one_outcome(
    installation: Installation, redis: Redis, publish: Publish, connection: Connection
) -> None:
    publish([EscalationRequested(session_id="s")])
    drain(redis, installation)
    publish([EscalationRequested(session_id="s", reason="complex_issue", notes="It is the winch.")])
    assert drain(redis, installation).outcomes == 1
    assert rows(connection, "SELECT count(*) AS n FROM escalation.mails") == [{"n": 2}]
