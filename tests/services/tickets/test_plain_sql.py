"""Tickets worked on by plain SQL count the same as by anything else."""

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import Connection, text

from services.tickets.actions import acknowledge
from services.tickets.escalation_ladder import notice_changes
from services.tickets.queries import list_tickets
from tests.processes import ROOT
from tests.services.tickets.conftest import Opened, by_sql, outcomes, ticket_row
from tests.services.tickets.test_ticket_actions import act
from tests.shifted_clock import ShiftedClock
from tests.tasks.conftest import rows


@pytest.mark.parametrize("change", ["status = 'in_progress'", "assigned_expert_id = 'expert-7'"])
def test_plain_sql_counts_as_taking_it(change: str, opened: Opened, connection: Connection) -> None:
    number = opened()
    by_sql(connection, f"UPDATE public.support_tickets SET {change}")
    act(notice_changes)
    row = ticket_row(connection, number)
    (role,) = rows(connection, "SELECT session_user AS name")
    assert row["acknowledged_by"] == role["name"]
    assert outcomes(connection) == ["ticket.opened", "ticket.acknowledged"]
    act(notice_changes)
    assert outcomes(connection) == ["ticket.opened", "ticket.acknowledged"]


def test_plain_sql_resolves_reopens_and_gives_back(opened: Opened, connection: Connection) -> None:
    number = opened()
    waiting = cast(datetime, ticket_row(connection, number)["waiting_since"])
    for change in ("status = 'in_progress'", "status = 'resolved'", "status = 'in_progress'", "status = 'open'"):
        by_sql(connection, f"UPDATE public.support_tickets SET {change}")
    act(notice_changes)
    assert outcomes(connection) == ["ticket.opened", "ticket.acknowledged", "ticket.resolved", "ticket.acknowledged"]
    row = ticket_row(connection, number)
    assert row["acknowledged_at"] is None
    assert cast(datetime, row["waiting_since"]) > waiting


def test_a_change_that_the_database_did_not_record_is_noticed_all_the_same(
    opened: Opened, connection: Connection
) -> None:
    number = opened()
    act(notice_changes)
    by_sql(connection, "ALTER TABLE public.support_tickets DISABLE TRIGGER escalation_audit_update")
    by_sql(connection, "UPDATE public.support_tickets SET status = 'in_progress'")
    act(notice_changes)
    assert ticket_row(connection, number)["acknowledged_by"] == "unknown"


NOTICE = """
from services.database.engine import begin
from services.tickets.escalation_ladder import notice_changes
with begin() as connection:
    notice_changes(connection)
"""


@pytest.mark.debian("cc")
def test_such_a_change_begins_the_waiting_anew_by_postgresql_s_clock_on_a_host_that_is_an_hour_ahead(
    opened: Opened, connection: Connection, tmp_path: Path
) -> None:
    number = opened()
    act(notice_changes)
    opened_at = cast(datetime, ticket_row(connection, number)["waiting_since"])
    by_sql(connection, "ALTER TABLE public.support_tickets DISABLE TRIGGER escalation_audit_update")
    by_sql(connection, "UPDATE public.support_tickets SET priority = 'urgent'")
    clock = ShiftedClock(tmp_path)
    clock.shift(3_600)
    subprocess.run([sys.executable, "-c", NOTICE], env={**os.environ, **clock.environment}, cwd=ROOT, check=True)
    waited = cast(datetime, ticket_row(connection, number)["waiting_since"]) - opened_at
    assert timedelta() < waited < timedelta(minutes=30)


def test_a_change_that_was_committed_after_the_last_sweep_is_noticed(opened: Opened, connection: Connection) -> None:
    number = opened()
    by_sql(connection, "UPDATE public.support_tickets SET status = 'resolved'")
    act(notice_changes)
    with connection.engine.connect() as slow, slow.begin():
        slow.execute(text("UPDATE public.support_tickets SET status = 'open', assigned_expert_id = 'expert-7'"))
        act(notice_changes)
    act(notice_changes)
    assert ticket_row(connection, number)["acknowledged_at"] is not None


def test_tickets_that_others_opened_can_be_worked_on(opened: Opened, connection: Connection) -> None:
    opened()
    by_sql(
        connection,
        """INSERT INTO public.support_tickets (id, session_id, ticket_number, priority, status, escalation_reason,
           session_summary, created_at, updated_at)
           VALUES ('theirs', 's', 'AB-20200101-0001', 'low', 'open', 'user_request', '', now(), now())""",
    )
    assert act(acknowledge, "ab-20200101-0001", "Maria").changed
    assert not act(acknowledge, "theirs", "Maria").changed
    listed = list_tickets(connection, ["in_progress"], 10)
    assert [one["ticket_number"] for one in listed] == ["AB-20200101-0001"]
