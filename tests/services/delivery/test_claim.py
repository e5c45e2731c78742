"""A claim reads no more than it takes, and it need not wait for the disk, as nothing else may."""

from uuid import uuid4

from sqlalchemy import Connection, text

from rules.delivery import MAIL_LANES
from services.database.engine import begin, standalone
from services.database.quick import transaction
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


_MANY_DUE = (
    """INSERT INTO escalation.mails (mail_id, template, lane, rank, message_id)
       SELECT gen_random_uuid(), 'test', 'normal', 2, 'm' || number FROM generate_series(1, 2000) AS number""",
    """INSERT INTO escalation.mail_recipients
           (recipient_id, mail_id, address, lane, rank, state, queued_at, next_attempt_at)
       SELECT gen_random_uuid(), mail_id, 'a@example.com', lane, rank, 'queued', now() - random() * interval '1h', now()
       FROM escalation.mails""",
    "ANALYZE escalation.mails, escalation.mail_recipients",
)
_NAME = text("SELECT name FROM pg_prepared_statements WHERE statement LIKE '%SKIP LOCKED%'")


def test_a_claim_out_of_many_reads_only_those_that_it_takes(office: Office) -> None:
    for statement in _MANY_DUE:
        office.connection.execute(text(statement))
    with standalone() as connection, transaction(connection):
        assert len(claim(connection, uuid4(), MAIL_LANES, 20)) == 20
        (name,) = connection.execute(_NAME).scalars()
        plan = connection.execute(text(f"EXPLAIN EXECUTE {name} ('{{normal}}', 20, '{uuid4()}', 600)")).scalars().all()
    assert any("mail_recipients_due" in line for line in plan)
    # Of all that waits, and of all mails: only the index in their order may be read, as far as the limit.
    assert not [line for line in plan if "mail_recipients_open" in line or "Hash Join" in line or "Merge" in line]
