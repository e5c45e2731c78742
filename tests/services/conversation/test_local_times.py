"""What ABParts stored in local time stands at its right time, by the events of the same rows."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from tests.events import at, message, step
from tests.services.records import SESSION, keep, load, store_message, store_session, store_step, told_step

ATHENS = timedelta(hours=3).total_seconds()
ST_JOHNS = -timedelta(hours=2, minutes=30).total_seconds()


@pytest.mark.parametrize("zone", [ATHENS, ST_JOHNS])
def test_messages_of_local_time_stand_at_their_own_time(connection: Connection, zone: float) -> None:
    store_session(connection)
    for seconds in (10, 20):
        store_message(connection, f"{SESSION}-{seconds}", f"said at {seconds}", zone + seconds)
        keep(connection, message(SESSION, f"said at {seconds}", seconds))
    store_message(connection, "untold", "before events were published", zone + 5)
    keep(connection, message(SESSION, "only told", 15))
    found = [(one.content, one.at) for one in load(connection).messages]
    assert found == [
        ("before events were published", at(5)), ("said at 10", at(10)), ("only told", at(15)), ("said at 20", at(20)),
    ]  # fmt: skip


def test_steps_of_local_time_stand_at_their_own_time(connection: Connection) -> None:
    store_session(connection)
    store_step(connection, 1, ATHENS + 1, instruction="Check the oil")
    keep(connection, told_step(1, 1, instruction="Check the oil"))
    keep(connection, told_step(1, 600, instruction="Check it once more", completed=True, success=True))
    (only,) = load(connection).steps
    assert (only.at, only.instruction) == (at(600), "Check it once more")


def test_times_in_utc_stay_and_so_does_the_time_of_what_was_told_late(connection: Connection) -> None:
    store_session(connection)
    for seconds in (10, 20, 30):
        store_message(connection, f"{SESSION}-{seconds}", "on time", seconds)
        keep(connection, message(SESSION, "on time", seconds))
    store_message(connection, f"{SESSION}-3640", "told an hour later", 40)
    keep(connection, message(SESSION, "told an hour later", 3640))
    assert [one.at for one in load(connection).messages] == [at(10), at(20), at(30), at(40)]


def test_a_step_that_was_answered_a_quarter_of_an_hour_later_names_no_zone(connection: Connection) -> None:
    store_session(connection)
    store_step(connection, 1, 1)
    keep(connection, told_step(1, 1))
    keep(connection, step(SESSION, 1, success=None, seconds=901))
    store_step(connection, 2, 2)
    assert [one.at for one in load(connection).steps] == [at(901), at(2)]
