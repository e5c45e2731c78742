"""A claim need not wait for the disk, and nothing else is written without."""

from uuid import uuid4

from sqlalchemy import Connection, text

from rules.delivery import MAIL_LANES
from services.database.engine import begin
from services.delivery.claim import claim
from tests.services.delivery.office import Office

_WAITS = text("SHOW synchronous_commit")


def waits(connection: Connection) -> str:
    setting: str = connection.execute(_WAITS).scalar_one()
    return setting


def test_only_the_transaction_that_claims_does_without_the_disk(office: Office) -> None:
    office.queue("hello")
    with begin() as connection:
        before = waits(connection)
        assert before != "off"
        assert len(claim(connection, uuid4(), MAIL_LANES, 1)) == 1
        assert waits(connection) == "off"
    with begin() as connection:
        assert waits(connection) == before
