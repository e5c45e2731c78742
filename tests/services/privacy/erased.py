"""People who told something before they are erased, and where their words stand."""

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from services.installation import Installation
from tasks.evaluation.drain import drain
from tests.events import message, started
from tests.tasks.conftest import Publish

WORDS = "my name is Zebulon Quark and i smell smoke, get me a human"


@pytest.fixture
def told(installation: Installation, publish: Publish, redis: Redis, connection: Connection) -> Connection:
    publish([started("s1", user="zq-1"), message("s1", WORDS), message("s2", "i smell smoke here too")])
    drain(redis, installation)
    connection.execute(text("UPDATE escalation.mail_recipients SET state = 'accepted'"))
    connection.execute(text("UPDATE escalation.outcomes SET published_at = clock_timestamp()"))
    return connection


def places_with(connection: Connection, words: str) -> list[str]:
    """Every table of ours that holds these words anywhere."""
    tables = connection.execute(
        text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'escalation'")
    )
    statement = "SELECT count(*) FROM escalation.{} AS t WHERE CAST(t AS text) ILIKE :words"
    return [
        table
        for table in tables.scalars().all()
        if connection.execute(text(statement.format(table)), {"words": f"%{words}%"}).scalar_one()
    ]
