"""Tickets that nobody takes go from level to level, and the ladder ends when anybody acts, by whatever means."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from services.database.engine import begin
from services.installation import Installation
from services.tickets.actions import acknowledge, prioritise, reopen, resolve
from services.tickets.escalation_ladder import escalate_unacknowledged
from tasks.evaluation.batch import write
from tests.events import message
from tests.processes import ROOT
from tests.services.tickets.conftest import Opened, by_sql
from tests.shifted_clock import ShiftedClock
from tests.tasks.conftest import rows
from tests.tasks.evaluation.batches import Entries

MAILS = """
    SELECT m.template, m.lane, m.rank, m.content, r.address, r.state
    FROM escalation.mails AS m JOIN escalation.mail_recipients AS r USING (mail_id)
    WHERE m.template = 'ticket_unacknowledged' ORDER BY (m.content ->> 'rung')::int
"""


@pytest.fixture
def urgent(installation: Installation, entries: Entries, connection: Connection) -> str:
    write(entries([message("s", "there is smoke from the cabinet")]), installation)
    return str(rows(connection, "SELECT ticket_number FROM escalation.tickets")[0]["ticket_number"])


def after(installation: Installation, **time: float) -> int:
    with begin() as connection:
        return escalate_unacknowledged(connection, installation, datetime.now(UTC) + timedelta(**time))


def test_an_urgent_ticket_goes_on_after_ten_minutes_and_each_rung_is_told_once(
    installation: Installation, urgent: str, connection: Connection
) -> None:
    assert after(installation, minutes=9.9) == 0
    assert after(installation, minutes=10.1) == 1
    assert after(installation, minutes=10.1) == 0
    (mail,) = rows(connection, MAILS)
    contacts = {contact.key: contact for contact in installation.contacts.contacts}
    # The emergency line had the first mail, by a route: it goes to somebody who has not.
    assert (mail["lane"], mail["rank"], mail["address"]) == ("urgent", 0, contacts["electrical"].email)
    assert mail["content"]["rung"] == 1
    assert mail["content"]["contact"] == contacts["electrical"].as_json()
    assert mail["content"]["previous"] == contacts["support"].as_json()
    (rung,) = rows(connection, "SELECT rung, contact, priority FROM escalation.ticket_rungs")
    assert (rung["rung"], rung["contact"], rung["priority"]) == (1, "electrical", "urgent")


SWEEP = """
from services.database.engine import begin
from services.installation import get_installation
from services.tickets.escalation_ladder import escalate_unacknowledged
with begin() as connection:
    print(escalate_unacknowledged(connection, get_installation()))
"""


@pytest.mark.debian("cc")
@pytest.mark.parametrize(("waited", "told"), [(11, "1"), (9, "0")])
@pytest.mark.parametrize("ahead", [-3600, 3600])
def test_a_host_whose_clock_is_wrong_reminds_neither_late_nor_early(
    urgent: str, connection: Connection, tmp_path: Path, waited: int, told: str, ahead: int
) -> None:
    clock = ShiftedClock(tmp_path)
    clock.shift(ahead)
    earlier = "SET value = jsonb_build_object('at', now() - interval '1 day') WHERE key = 'adoption'"
    by_sql(connection, f"UPDATE escalation.settings {earlier}")
    by_sql(connection, f"UPDATE escalation.tickets SET waiting_since = now() - interval '{waited} minutes'")
    sweep = [sys.executable, "-c", SWEEP]
    said = subprocess.run(sweep, env={**os.environ, **clock.environment}, cwd=ROOT, check=True, capture_output=True)
    assert said.stdout.decode().split()[-1] == told


def test_the_ladder_has_an_end(installation: Installation, urgent: str, connection: Connection) -> None:
    for minutes in (11, 22, 33, 44):
        after(installation, minutes=minutes)
    assert [mail["content"]["is_last"] for mail in rows(connection, MAILS)] == [False, True]


@pytest.mark.parametrize("change", ["status = 'in_progress'", "assigned_expert_id = 'x'", "status = 'resolved'"])
def test_plain_sql_ends_the_chase_and_calls_off_what_is_still_waiting(
    change: str, installation: Installation, urgent: str, connection: Connection
) -> None:
    after(installation, minutes=11)
    by_sql(connection, f"UPDATE public.support_tickets SET {change}")
    assert after(installation, minutes=60) == 0
    assert [mail["state"] for mail in rows(connection, MAILS)] == ["cancelled"]


def test_acknowledging_ends_the_chase_and_reopening_begins_it_anew(
    installation: Installation, urgent: str, connection: Connection
) -> None:
    after(installation, minutes=11)
    with begin() as own:
        acknowledge(own, urgent, "Maria")
    assert [mail["state"] for mail in rows(connection, MAILS)] == ["cancelled"]
    assert after(installation, minutes=60) == 0
    with begin() as own:
        resolve(own, urgent, "Switched off.", "Maria")
    with begin() as own:
        reopen(own, urgent, "Maria")
    assert after(installation, minutes=9) == 0
    assert after(installation, minutes=11) == 1
    assert [mail["content"]["rung"] for mail in rows(connection, MAILS)] == [1, 1]


def test_a_higher_priority_begins_the_ladder_anew(
    installation: Installation, opened: Opened, connection: Connection
) -> None:
    number = opened()
    assert after(installation, minutes=11) == 0
    with begin() as own:
        prioritise(own, number, "urgent", "Maria")
    assert after(installation, minutes=11) == 1
    assert [mail["rank"] for mail in rows(connection, MAILS)] == [1]


def test_medium_tickets_wait_for_the_working_hours_of_the_contact(
    installation: Installation, opened: Opened, connection: Connection
) -> None:
    opened()
    by_sql(
        connection,
        "UPDATE escalation.settings SET value = jsonb_build_object('at', '2020-01-01') WHERE key = 'adoption'",
    )
    # Friday 17:00 in Athens: an hour until the end of the week.
    by_sql(connection, "UPDATE escalation.tickets SET waiting_since = '2026-11-20 15:00+00'")
    with begin() as own:
        assert escalate_unacknowledged(own, installation, datetime(2026, 11, 23, 8, 59, tzinfo=UTC)) == 0
        assert escalate_unacknowledged(own, installation, datetime(2026, 11, 23, 9, 1, tzinfo=UTC)) == 1


def test_what_is_older_than_the_adoption_is_never_chased(
    installation: Installation, urgent: str, connection: Connection
) -> None:
    by_sql(
        connection,
        """UPDATE escalation.settings SET value = jsonb_build_object('at', now() + interval '1 s')
           WHERE key = 'adoption'""",
    )
    assert after(installation, hours=5) == 0
