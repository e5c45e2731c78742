"""A person is erased from every table of ours; ticket numbers and counts stay."""

import pytest
from redis import Redis
from sqlalchemy import Connection, text
from typer.testing import CliRunner

from services.database import begin
from services.erasure import MailOnItsWay, erase
from services.knowledge import Knowledge
from services.story import load_stories
from tasks.drain import drain
from tests.events import message, started
from tests.tasks.conftest import Publish
from worker.commands.house import app

WORDS = "my name is Zebulon Quark and i smell smoke, get me a human"


@pytest.fixture
def told(installation: Knowledge, publish: Publish, redis: Redis, connection: Connection) -> Connection:
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


def test_nothing_of_the_person_is_left_and_the_ticket_is(told: Connection) -> None:
    assert "event_inbox" in places_with(told, "smoke")
    with begin() as connection:
        erase(connection, "zq-1")
    assert places_with(told, "Zebulon") == []
    assert places_with(told, "zq-1") == []
    numbers = told.execute(text("SELECT count(*) FROM escalation.tickets WHERE ticket_number LIKE 'AB-%'")).scalar_one()
    assert numbers == 2


def test_other_people_are_left_alone(told: Connection) -> None:
    with begin() as connection:
        erase(connection, "zq-1")
    assert "event_inbox" in places_with(told, "i smell smoke here too")


def test_a_ticket_can_still_be_told_of(told: Connection) -> None:
    with begin() as connection:
        erase(connection, "zq-1")
        tickets = list(connection.execute(text("SELECT ticket_id FROM escalation.tickets")).scalars())
        assert set(load_stories(connection, tickets)) == set(tickets)


def test_nobody_is_erased_while_a_mail_about_them_is_on_its_way(told: Connection) -> None:
    told.execute(text("UPDATE escalation.mail_recipients SET state = 'deferred'"))
    with pytest.raises(MailOnItsWay), begin() as connection:
        erase(connection, "zq-1")


def test_abparts_may_delete_all_that_is_its_own(told: Connection) -> None:
    for table in ("escalation_triggers", "support_tickets", "ai_sessions"):
        told.execute(text(f"DELETE FROM public.{table}"))
    with begin() as connection:
        erase(connection, "zq-1")
    assert places_with(told, "Zebulon") == []


@pytest.mark.parametrize("nobody", ["", "  "])
def test_an_empty_id_is_refused_since_nobody_would_be_erased(told: Connection, nobody: str) -> None:
    result = CliRunner().invoke(app, ["erase-user", nobody])
    assert (result.exit_code, "the id is empty" in result.stderr) == (2, True)


def test_what_would_be_erased_is_counted(told: Connection) -> None:
    result = CliRunner().invoke(app, ["erase-user", "zq-1", "--dry-run"])
    assert result.stdout == "1 session, 1 ticket.\n"
