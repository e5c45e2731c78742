"""The audit log forgets what was overtaken long ago, and never the last that is known of a row."""

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tests.services.schema.accident import plan
from tests.services.schema.rows import rows

OLD = "UPDATE escalation.audit_log SET at = at - interval '40 days'"
KEPT = "SELECT row_id, action, old, new FROM escalation.audit_log WHERE row_id = :row_id ORDER BY audit_id"


def forget(connection: Connection, age: str = "31 days", step: int = 1000) -> int:
    given = {"age": age, "step": step}
    return connection.execute(text("SELECT escalation.forget_audit(CAST(:age AS interval), :step)"), given).rowcount


@pytest.fixture
def history(guest: Connection) -> Connection:
    """One ticket with three states, one that was deleted, all of them old."""
    for status in ("in_progress", "resolved", "closed"):
        guest.execute(text("UPDATE support_tickets SET status = :status WHERE id = 't1'"), {"status": status})
    guest.execute(text("DELETE FROM support_tickets WHERE id = 't3'"))
    guest.execute(text(OLD))
    return guest


def test_of_each_row_the_newest_entry_stays(history: Connection) -> None:
    before = rows(history, "SELECT count(DISTINCT (table_name, row_id)) AS rows FROM escalation.audit_log")
    forget(history)
    (last,) = rows(history, KEPT, row_id="t1")
    assert last["new"]["status"] == "closed"
    assert rows(history, "SELECT count(*) AS rows FROM escalation.audit_log") == before
    assert forget(history) == 0


def test_a_deleted_row_leaves_a_tombstone_without_content(history: Connection) -> None:
    forget(history)
    assert rows(history, KEPT, row_id="t3") == [{"row_id": "t3", "action": "delete", "old": None, "new": None}]


def test_a_table_can_be_rebuilt_from_what_stays(history: Connection) -> None:
    forget(history)
    history.execute(text("TRUNCATE support_tickets CASCADE"))
    (tickets,) = [one for one in plan(history.engine).tables if one.state.name == "support_tickets"]
    assert (tickets.from_log, tickets.deleted) == (4, 1)


def test_what_is_young_stays(guest: Connection) -> None:
    guest.execute(text("UPDATE support_tickets SET status = 'closed' WHERE id = 't1'"))
    assert forget(guest) == 0


def test_it_goes_in_steps(history: Connection) -> None:
    assert [forget(history, step=2) for _ in range(4)] == [3, 2, 0, 0]


def test_nobody_can_have_it_forget_what_is_younger_than_thirty_days(history: Connection) -> None:
    with pytest.raises(DBAPIError, match="keeps everything for 30 days at least, not 29 days"):
        forget(history, "29 days")
