"""Peers send mails of the size of ours."""

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from bench.letter import letter
from bench.mix import escalating
from services.database.engine import begin
from services.events.stream import EVENTS
from services.installation import Installation
from services.mail.compose import compose
from tasks.evaluation.drain import drain
from tests.tasks.conftest import connection, installation, publish, redis

__all__ = ["connection", "installation", "publish", "redis"]


def test_the_peers_mail_is_of_the_size_of_ours(
    installation: Installation, redis: Redis, connection: Connection
) -> None:
    redis.xadd(EVENTS, {"event": escalating(1, "size")[0]})
    drain(redis, installation)
    ids = list(connection.execute(text("SELECT mail_id FROM escalation.mails")).scalars())
    with begin() as transaction:
        (ours,) = compose(transaction, ids).values()
    assert len(letter("AB-20260101-0001").as_bytes()) == pytest.approx(ours.size, rel=0.1)
