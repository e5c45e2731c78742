"""What users are told by mail, and when: nothing about humans before a server accepted the support mail."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import Connection, text

from demo.seed import seed
from escalation_client.events import Event
from services.database import engine as database
from services.events.stream import StreamEntry
from services.installation import Installation
from services.outbox.customer_notice import tell_customers, tell_customers_solved
from tasks.evaluation.batch import write
from tests.events import message, started
from tests.tasks.conftest import rows

Entries = Callable[[Sequence[Event | str]], list[StreamEntry]]
SMOKE, REQUEST = "there is smoke from the cabinet", "i want to talk to a human"


@pytest.fixture
def noticing(installation: Installation) -> Installation:
    with database.begin() as connection:
        seed(connection)
    return replace(installation, settings=installation.settings.model_copy(update={"customer_notice": True}))


@pytest.fixture
def user_id(noticing: Installation, connection: Connection) -> str:
    return str(connection.execute(text("SELECT id FROM public.users WHERE email IS NOT NULL LIMIT 1")).scalar_one())


def notices(connection: Connection) -> list[dict[str, object]]:
    return rows(
        connection,
        """SELECT m.lane, m.rank, m.language, r.address FROM escalation.mails AS m
           JOIN escalation.mail_recipients AS r USING (mail_id) WHERE m.template = 'customer_notice' ORDER BY m.rank""",
    )


def support_mail(connection: Connection) -> list[dict[str, object]]:
    return rows(connection, "SELECT mail_id FROM escalation.mails WHERE template = 'ticket_opened'")


def told(connection: Connection, installation: Installation) -> None:
    with database.begin() as transaction:
        tell_customers(transaction, [row["mail_id"] for row in support_mail(connection)], installation)  # type: ignore[misc]


def test_a_user_hears_of_the_ticket_only_after_the_support_mail(
    noticing: Installation, user_id: str, entries: Entries, connection: Connection
) -> None:
    write(entries([started("s", user=user_id), message("s", REQUEST)]), noticing)
    assert notices(connection) == []
    told(connection, noticing)
    told(connection, noticing)
    (notice,) = notices(connection)
    assert (notice["lane"], notice["language"]) == ("normal", "en")
    assert "@" in str(notice["address"])


def test_advice_on_danger_goes_at_once_and_never_before_safety_mail(
    noticing: Installation, user_id: str, entries: Entries, connection: Connection
) -> None:
    write(entries([started("s", user=user_id), message("s", SMOKE)]), noticing)
    (advice,) = notices(connection)
    assert (advice["lane"], advice["rank"]) == ("normal", 1)


def test_advice_on_danger_that_comes_later_goes_at_once_and_once(
    noticing: Installation, user_id: str, entries: Entries, connection: Connection
) -> None:
    write(entries([started("s", user=user_id), message("s", REQUEST)]), noticing)
    told(connection, noticing)
    assert [notice["rank"] for notice in notices(connection)] == [4]
    for second in (20, 21):
        write(entries([message("s", SMOKE, second)]), noticing)
    assert [notice["rank"] for notice in notices(connection)] == [1, 4]


def test_a_user_without_a_usable_address_gets_nothing_and_the_ticket_is_opened(
    noticing: Installation, user_id: str, entries: Entries, connection: Connection
) -> None:
    connection.execute(text("UPDATE public.users SET email = 'nobody' WHERE id = :id"), {"id": user_id})
    result = write(entries([started("s", user=user_id), message("s", SMOKE)]), noticing).result
    assert (result.opened, notices(connection)) == (1, [])


def test_off_unless_switched_on(
    noticing: Installation, installation: Installation, user_id: str, entries: Entries, connection: Connection
) -> None:
    write(entries([started("s", user=user_id), message("s", SMOKE)]), installation)
    told(connection, installation)
    assert notices(connection) == []


def test_a_user_hears_once_that_it_is_solved(
    noticing: Installation, user_id: str, entries: Entries, connection: Connection
) -> None:
    write(entries([started("s", user=user_id), message("s", REQUEST)]), noticing)
    told(connection, noticing)
    ticket_ids = [str(row["id"]) for row in rows(connection, "SELECT id FROM public.support_tickets")]
    for _ in range(2):
        with database.begin() as transaction:
            tell_customers_solved(transaction, ticket_ids, noticing)
    solved = "SELECT content FROM escalation.mails WHERE template = 'customer_notice' ORDER BY queued_at"
    assert [row["content"].get("solved", False) for row in rows(connection, solved)] == [False, True]


def test_one_danger_is_one_notice_also_when_the_support_mail_was_accepted(
    noticing: Installation, user_id: str, entries: Entries, connection: Connection
) -> None:
    write(entries([started("s", user=user_id), message("s", SMOKE)]), noticing)
    told(connection, noticing)
    assert [notice["rank"] for notice in notices(connection)] == [1]
