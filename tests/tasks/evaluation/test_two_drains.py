"""Two drains at the same session: the second sees what the first has written."""

import threading

import pytest
from sqlalchemy import Connection, create_engine, text

from services.database.engine import driver_url
from services.installation import Installation
from tasks.evaluation.batch import write
from tests.events import started, step
from tests.tasks.conftest import rows
from tests.tasks.evaluation.batches import TICKETS, Entries, wait_for, waiting_for_locks

# Where locks are waited for on purpose, a busy machine must not make a wait look like a row that somebody holds.
PATIENT = pytest.mark.parametrize("installation", ["30"], indirect=True)


def half_of_the_steps_each(installation: Installation, entries: Entries, connection: Connection, locks: str) -> None:
    """Two drains that begin while another transaction has done what locks the session, and end after it."""
    halves = [entries([step("s", number) for number in group]) for group in (range(1, 5), range(5, 9))]
    threads = [threading.Thread(target=write, args=(half, installation)) for half in halves]
    other = create_engine(driver_url(installation.settings.database_url.get_secret_value()))
    with other.connect() as holder, holder.begin():
        holder.execute(text(locks))
        for thread in threads:
            thread.start()
        wait_for(lambda: waiting_for_locks(connection) == 2)
        holder.rollback()
    for thread in threads:
        thread.join()
    other.dispose()


@PATIENT
def test_two_drains_with_half_of_the_steps_each_see_all_eight(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    """The second waits for the first's lock; a snapshot from before that would miss the first half."""
    new = "INSERT INTO escalation.sessions (session_id) VALUES ('s')"
    half_of_the_steps_each(installation, entries, connection, new)
    (ticket,) = rows(connection, TICKETS)
    assert ticket["escalation_reason"] == "steps_exceeded"


@PATIENT
def test_two_drains_at_a_known_session_see_all_steps(
    installation: Installation, entries: Entries, connection: Connection
) -> None:
    """As above, but the session's row is there already, so that only its lock makes the second one wait."""
    write(entries([started("s")]), installation)
    known = "SELECT FROM escalation.sessions WHERE session_id = 's' FOR UPDATE"
    half_of_the_steps_each(installation, entries, connection, known)
    (ticket,) = rows(connection, TICKETS)
    assert ticket["escalation_reason"] == "steps_exceeded"
