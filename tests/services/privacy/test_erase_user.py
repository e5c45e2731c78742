"""The command that erases a person: it empties the stream, counts, and says what ABParts must not do first."""

import pytest
import typer
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError
from typer.testing import CliRunner, Result

from services.database.engine import begin
from services.events.stream import EVENTS, EventStream, read_new
from services.events.stream import acknowledge as acknowledge_entries
from tests.events import message
from tests.services.privacy.erased import told
from tests.tasks.conftest import Publish
from worker.commands.privacy import app, taken_from

__all__ = ["told"]


def run() -> Result:
    return CliRunner().invoke(app, ["erase-user", "zq-1"])


def test_what_was_read_leaves_the_stream_too(told: Connection, redis: Redis) -> None:
    before = redis.xlen(EVENTS)
    done = run()
    assert (done.exit_code, "2 events taken out of the stream" in done.stdout) == (0, True)
    assert redis.xlen(EVENTS) == before - 2
    assert "Zebulon" not in str(redis.xrange(EVENTS))
    assert "i smell smoke here too" in str(redis.xrange(EVENTS))


def test_what_waits_to_be_read_is_not_lost_and_the_next_run_takes_it(
    told: Connection, redis: Redis, publish: Publish
) -> None:
    publish([message("s1", "Zebulon again", 9), "{broken", message("s3", "hello")])
    waits = run()
    assert (waits.exit_code, "1 of their events wait to be read" in waits.stdout) == (1, True)
    entries = read_new(EventStream(redis), 3)
    assert run().exit_code == 1, "read, and its transaction not yet there"
    assert "Zebulon again" in str(redis.xrange(EVENTS))
    acknowledge_entries(EventStream(redis), [entry.entry_id for entry in entries])
    assert run().exit_code == 0
    assert "Zebulon" not in str(redis.xrange(EVENTS))
    assert "hello" in str(redis.xrange(EVENTS))


def test_without_redis_it_says_what_is_left(told: Connection) -> None:
    with pytest.raises(typer.Exit), Redis(port=1, retry=Retry(NoBackoff(), 0)) as nobody:
        taken_from(nobody, ["s1"])


@pytest.mark.parametrize("nobody", ["", "  "])
def test_an_empty_id_is_refused_since_nobody_would_be_erased(told: Connection, nobody: str) -> None:
    result = CliRunner().invoke(app, ["erase-user", nobody])
    assert (result.exit_code, "is empty" in result.stderr) == (2, True)


def test_what_would_be_erased_is_counted(told: Connection) -> None:
    result = CliRunner().invoke(app, ["erase-user", "zq-1", "--dry-run"])
    assert result.stdout.splitlines()[0] == "1 session, 1 ticket."


# As ABParts' own end point deletes, in this order.
THEIR_DELETES = (
    "DELETE FROM ai_messages WHERE session_id IN (SELECT id FROM ai_sessions WHERE user_id = 'zq-1')",
    "DELETE FROM troubleshooting_steps WHERE session_id IN (SELECT id FROM ai_sessions WHERE user_id = 'zq-1')",
    "DELETE FROM ai_sessions WHERE user_id = 'zq-1'",
)


def erase_as_abparts() -> None:
    with begin() as connection:
        for statement in THEIR_DELETES:
            connection.execute(text(statement))


def test_what_must_go_before_abparts_erases_is_said_and_gone_on_request(told: Connection) -> None:
    said = CliRunner().invoke(app, ["erase-user", "zq-1", "--dry-run"]).output
    assert "escalation_triggers (2 rows)" in " ".join(said.split())
    assert "support_tickets (1 row)" in " ".join(said.split())
    with pytest.raises(IntegrityError):
        erase_as_abparts()
    result = CliRunner().invoke(app, ["erase-user", "zq-1", "--delete-tickets"])
    assert (result.exit_code, "fails until" in result.output) == (0, False), result.output
    erase_as_abparts()
    assert told.execute(text("SELECT count(*) FROM ai_sessions WHERE user_id = 'zq-1'")).scalar_one() == 0
    assert told.execute(text("SELECT count(*) FROM support_tickets")).scalar_one() == 1
