"""Only somebody whom ABParts knows can be given a ticket: with anybody else the ladder would stop and nobody come."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from demo.seed import seed
from rules.ticket_states import UnknownExpert
from services.database.engine import begin
from services.tickets.actions import assign
from services.tickets.validation import checked_expert
from tasks import tickets  # not its tasks: pytest would look into them before there are settings
from tests.services.tickets.conftest import Opened, outcomes, ticket_row
from tests.services.tickets.test_commands import run
from tests.tasks.conftest import rows

NOBODY = "00000000-0000-4000-8000-00000000dead"


@pytest.fixture
def expert(connection: Connection) -> str:
    """The id of one of ABParts' users."""
    with begin() as seeding:
        seed(seeding)
    return str(rows(connection, "SELECT id FROM users ORDER BY id LIMIT 1")[0]["id"])


@pytest.fixture
def blind(connection: Connection) -> Iterator[str]:
    """A role that may not read ABParts' users."""
    connection.execute(text("CREATE ROLE blind_to_users"))
    connection.execute(text("GRANT USAGE ON SCHEMA public TO blind_to_users"))
    yield "blind_to_users"
    connection.execute(text("DROP OWNED BY blind_to_users"))
    connection.execute(text("DROP ROLE blind_to_users"))


@pytest.mark.parametrize("unknown", ["nobody-such", NOBODY, "maria@example.com"])
def test_an_id_that_nobody_has_is_refused_with_the_way_to_the_right_one(
    opened: Opened, expert: str, connection: Connection, unknown: str
) -> None:
    number = opened()
    before = ticket_row(connection, number)
    refused = run("tickets", "assign", number, unknown, "--who", "Maria")
    assert (refused.exit_code, refused.stdout) == (1, "")
    said = " ".join(refused.stderr.split())
    assert f"(given was '{unknown}')" in said
    assert "SELECT id, name FROM users WHERE email" in said
    with pytest.raises(UnknownExpert) as error:
        tickets.assign(number, unknown, "Maria")
    assert unknown not in str(error.value), "Flower and the log show this text"
    assert ticket_row(connection, number) == before
    assert outcomes(connection) == ["ticket.opened"]


def test_somebody_of_abparts_is_taken_in_any_spelling(opened: Opened, expert: str, connection: Connection) -> None:
    number = opened()
    assert run("tickets", "assign", number, expert.upper(), "--who", "Maria").stdout == f"{number} is in_progress.\n"
    assert ticket_row(connection, number)["assigned_expert_id"] == expert
    assert tickets.assign(number, expert, "Maria") == "changed=0"


def test_where_there_are_no_users_any_id_is_taken_and_it_says_so(opened: Opened, connection: Connection) -> None:
    number = opened()
    done = run("tickets", "assign", number, "expert-7", "--who", "Maria")
    assert (done.exit_code, "nobody knows whether the id is one of theirs" in " ".join(done.stderr.split())) == (
        0,
        True,
    )
    assert tickets.assign(number, "expert-8", "Maria") == "changed=1 unchecked=1"
    assert ticket_row(connection, number)["assigned_expert_id"] == "expert-8"


def test_without_the_right_to_read_users_any_id_is_taken(expert: str, blind: str) -> None:
    with begin() as connection:
        connection.execute(text(f"SET LOCAL ROLE {blind}"))
        assert checked_expert(connection, "AB-1", "nobody-such") == ("nobody-such", False)


def test_a_finished_ticket_is_refused_for_what_it_is(opened: Opened, expert: str) -> None:
    number = opened()
    run("tickets", "resolve", number, "New hose.", "--who", "Maria")
    assert "reopen it first" in run("tickets", "assign", number, "nobody-such", "--who", "Maria").stderr
    with begin() as connection, pytest.raises(Exception, match="reopen it first"):
        assign(connection, number, expert, "Maria")
