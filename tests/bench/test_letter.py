"""Peers send mails of the size of ours, or the very same."""

from pathlib import Path
from uuid import UUID

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from bench.letter import letter
from bench.mix import escalating
from bench.peers.content import write_content
from bench.peers.rendering import TicketMail
from services.database.engine import begin
from services.events.stream import EVENTS
from services.installation import Installation
from services.mail.compose import LoadedMail, composed_of, load_for_composing
from services.mail.render import letter_of
from tasks.evaluation.drain import drain
from tests.tasks.conftest import connection, installation, publish, redis

__all__ = ["connection", "installation", "publish", "redis"]


@pytest.fixture
def mail(installation: Installation, redis: Redis, connection: Connection) -> LoadedMail:
    """The mail about a ticket as the benchmarks open it."""
    redis.xadd(EVENTS, {"event": escalating(1, "size")[0]})
    drain(redis, installation)
    mail_id: UUID = connection.execute(text("SELECT mail_id FROM escalation.mails")).scalar_one()
    with begin() as transaction:
        return load_for_composing(transaction, [mail_id])[mail_id]


def test_the_peers_mail_is_of_the_size_of_ours(mail: LoadedMail, installation: Installation) -> None:
    ours = composed_of(mail.row, mail.details, installation.settings, short=False)
    assert len(letter("AB-20260101-0001").as_bytes()) == pytest.approx(ours.size, rel=0.1)


def test_what_a_peer_renders_is_what_we_render(mail: LoadedMail, installation: Installation, tmp_path: Path) -> None:
    write_content(tmp_path, mail, installation.settings)
    ours = letter_of(mail.row, mail.details, installation.settings)
    assert mail.details is not None
    assert TicketMail(tmp_path).render(mail.details.ticket.number) == (ours.subject, ours.text, ours.html)
