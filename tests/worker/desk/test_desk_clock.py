"""A host whose clock is wrong: its pages go by PostgreSQL's, as all that happens to a ticket does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Connection

from tests.processes import ROOT
from tests.services.tickets.conftest import by_sql
from tests.shifted_clock import ShiftedClock
from tests.tasks.conftest import rows

pytestmark = [pytest.mark.debian("cc"), pytest.mark.parametrize("ahead", [-7200, 7200])]


def said(program: str, ticket_id: str, ahead: int, folder: Path) -> str:
    """What a program says that is told a ticket, where the clock is so many seconds ahead."""
    clock = ShiftedClock(folder)
    clock.shift(ahead)
    asked, environment = [sys.executable, "-c", program, ticket_id], {**os.environ, **clock.environment}
    return subprocess.run(asked, env=environment, cwd=ROOT, check=True, capture_output=True).stdout.decode()


SNOOZE = """
import sys
from config.settings import get_settings
from worker.desk.actions import act
print(act(sys.argv[1], {"action": "snooze", "name": "Maria", "minutes": "60"}, get_settings()))
"""


def test_a_host_whose_clock_is_wrong_snoozes_as_long_as_was_asked(
    ticket: dict[str, str], connection: Connection, tmp_path: Path, ahead: int
) -> None:
    assert said(SNOOZE, ticket["id"], ahead, tmp_path).split()[-1] == "None", "not refused"
    left = "SELECT extract(epoch FROM snoozed_until - clock_timestamp()) / 60 AS minutes FROM escalation.tickets"
    (row,) = rows(connection, left)
    assert 58 < row["minutes"] <= 60


SHOW = """
import sys
from config.settings import get_settings
from worker.desk.actions import read_ticket
from worker.desk.pages import ticket_html
from worker.desk.ticket_list import TicketFilter, list_html
print(ticket_html(read_ticket(sys.argv[1]), "token", get_settings()))
print(list_html("North", TicketFilter(age="1"), get_settings()))
"""


def test_a_host_whose_clock_is_wrong_shows_how_old_a_ticket_is_and_until_when_it_is_snoozed(
    ticket: dict[str, str], connection: Connection, tmp_path: Path, ahead: int
) -> None:
    by_sql(
        connection,
        """UPDATE escalation.tickets SET waiting_since = clock_timestamp() - interval '30 minutes',
           snoozed_until = clock_timestamp() + interval '1 hour'""",
    )
    by_sql(
        connection,
        "UPDATE public.support_tickets SET created_at = timezone('UTC', clock_timestamp()) - interval '30 minutes'",
    )
    pages = said(SHOW, ticket["id"], ahead, tmp_path)
    assert pages.count("30 minutes") == 2, "waiting, on the ticket's page, and its age in the list"
    assert "Snoozed until" in pages
