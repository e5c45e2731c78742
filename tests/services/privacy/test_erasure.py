"""A person is erased from every table of ours; ticket numbers and counts stay."""

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
from services.installation import Installation
from services.privacy.erasure import MailOnItsWay, erase
from services.schema.rebuild import rebuild
from services.ticket_details import load_ticket_details
from services.tickets.actions import acknowledge, resolve
from tasks.evaluation.drain import drain
from tests.events import message, started
from tests.tasks.conftest import Publish
from worker.commands.privacy import app, taken_from

NUMBER = text("SELECT ticket_number FROM escalation.tickets WHERE session_id = 's1'")
CHANGES = text("""
    SELECT actor, old ->> 'status', new ->> 'status' FROM escalation.audit_log
    WHERE table_name = 'support_tickets' AND action = 'update' AND new ->> 'ticket_number' = :number
    ORDER BY audit_id
""")
ADDRESSES = text("SELECT session_id, address FROM escalation.mail_recipients JOIN escalation.mails USING (mail_id)")
SUMMARIES = text("SELECT session_id, session_summary FROM public.support_tickets")
WORDS = "my name is Zebulon Quark and i smell smoke, get me a human"


@pytest.fixture
def told(installation: Installation, publish: Publish, redis: Redis, connection: Connection) -> Connection:
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
        assert set(load_ticket_details(connection, tickets)) == set(tickets)


def test_nobody_is_erased_while_a_mail_about_them_is_on_its_way(told: Connection) -> None:
    told.execute(text("UPDATE escalation.mail_recipients SET state = 'deferred'"))
    with pytest.raises(MailOnItsWay), begin() as connection:
        erase(connection, "zq-1")


UPDATE = """
    UPDATE public.support_tickets SET session_summary = 'erased', resolution_notes = NULL, machine_context = NULL;
    UPDATE public.ai_sessions SET user_id = 'erased', session_metadata = NULL"""
DELETE = """
    DELETE FROM public.escalation_triggers; DELETE FROM public.support_tickets; DELETE FROM public.ai_sessions"""


@pytest.mark.parametrize("by_abparts", [UPDATE, DELETE], ids=["by update", "by delete"])
@pytest.mark.parametrize("first", ["abparts", "erase-user"])
def test_the_order_of_both_erasures_does_not_matter(told: Connection, by_abparts: str, first: str) -> None:
    told.execute(
        text("""UPDATE public.ai_sessions SET session_metadata = '{"x": "Zebulon \\ud83d"}' WHERE id = 's1'""")
    )
    if first == "abparts":
        told.execute(text(by_abparts))
    with begin() as connection:
        erase(connection, "zq-1")
    if first == "erase-user":
        told.execute(text(by_abparts))
    assert (places_with(told, "Zebulon"), places_with(told, "zq-1")) == ([], [])
    assert "audit_log" in places_with(told, "i smell smoke here too"), "of others all is kept"


def test_sessions_that_abparts_alone_had_are_found_in_the_audit_log(told: Connection) -> None:
    told.execute(
        text("""
        INSERT INTO public.ai_sessions (id, user_id, status, language, created_at, updated_at, session_metadata)
        VALUES ('theirs', 'zq-1', 'active', 'en', now(), now(), '{"said": "Zebulon"}'),
               ('half', 'zq-1', 'active', 'en', now(), now(), '{"said": "Zebulon \\ud83d"}')""")
    )
    told.execute(text("DELETE FROM public.ai_sessions WHERE id IN ('theirs', 'half')"))
    assert "audit_log" in places_with(told, "Zebulon")
    with begin() as connection:
        erase(connection, "zq-1")
    assert (places_with(told, "Zebulon"), places_with(told, "zq-1")) == ([], [])


def test_work_on_the_ticket_afterwards_is_on_record_without_texts(told: Connection) -> None:
    with begin() as connection:
        erase(connection, "zq-1")
    number = told.execute(NUMBER).scalar_one()
    with begin() as connection:
        acknowledge(connection, number, "Maria")
    with begin() as connection:
        resolve(connection, number, "Zebulon's hose is new", "Maria")
    assert places_with(told, "Zebulon") == ["ticket_actions"], "what staff write anew, until it is erased again"
    changes = told.execute(CHANGES, {"number": number}).all()
    assert [tuple(change) for change in changes] == [
        ("Maria", "open", "in_progress"),
        ("Maria", "in_progress", "resolved"),
    ]
    with begin() as connection:
        connection.execute(text("UPDATE escalation.mail_recipients SET state = 'accepted'"))
        erase(connection, "zq-1")
    assert places_with(told, "Zebulon") == []


def test_a_rebuild_afterwards_writes_no_texts_to_the_log(told: Connection) -> None:
    with begin() as connection:
        erase(connection, "zq-1")
    told.execute(text("DROP TRIGGER escalation_audit_update ON public.support_tickets"))
    with begin() as connection:
        rebuild(connection)
    assert places_with(told, "Zebulon") == []


def test_a_rebuild_afterwards_makes_no_summary_of_what_abparts_still_holds(told: Connection) -> None:
    told.execute(
        text("""
        INSERT INTO public.ai_messages (id, session_id, sender, content, message_type, language, timestamp)
        VALUES ('m1', 's1', 'user', 'Zebulon wrote this', 'text', 'en', now())""")
    )
    with begin() as connection:
        erase(connection, "zq-1")
    told.execute(text("ALTER TABLE public.support_tickets DROP COLUMN session_summary"))
    with begin() as connection:
        assert rebuild(connection).refused == []
    summaries = {row.session_id: row.session_summary for row in told.execute(SUMMARIES)}
    assert summaries["s1"] == "erased"
    assert "i smell smoke here too" in summaries["s2"]


def test_a_notice_to_the_customer_is_found_when_abparts_has_the_address_no_more(told: Connection) -> None:
    told.execute(text("UPDATE escalation.mails SET template = 'customer_notice' WHERE session_id = 's1'"))
    with begin() as connection:
        erase(connection, "zq-1")
    addresses = told.execute(ADDRESSES).all()
    assert {address == "erased" for session, address in addresses if session == "s1"} == {True}
    assert {address == "erased" for session, address in addresses if session == "s2"} == {False}


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
    assert result.stdout.splitlines()[0] == "1 session, 1 ticket."


def test_the_words_that_we_wrote_into_abparts_tickets_go_and_what_others_wrote_stays(told: Connection) -> None:
    number = told.execute(NUMBER).scalar_one()
    with begin() as connection:
        resolve(connection, number, "Zebulon closed the valve", "ana")
    with begin() as connection:
        erase(connection, "zq-1")
    kept = told.execute(text("SELECT session_id, session_summary, resolution_notes FROM support_tickets ORDER BY 1"))
    (mine, other) = kept.all()
    assert mine == ("s1", "erased", "erased")
    assert "smoke here too" in other.session_summary


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
