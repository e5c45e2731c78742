"""Switched on beside ABParts on Monday: first in shadow, then active, while ABParts goes on; then the accident."""

import email
import email.policy
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest
from celery import Celery
from redis import Redis
from sqlalchemy import Connection, create_engine, text

from config.settings import Settings
from escalation_client.events import Event, encode
from services.database.engine import driver_url
from services.events.stream import EVENTS, GROUP
from tests.acceptance.abparts import AbParts, as_today
from tests.events import confidence, message
from tests.processes import Process, Processes, processes, wait_for
from worker.embedded import LocalMailServer
from worker.embedded.ports import HOST, Port

pytestmark = pytest.mark.long

TICKETS = (
    "SELECT id, session_id, ticket_number, priority, status, resolution_notes FROM public.support_tickets ORDER BY id"
)


@pytest.fixture
def connection(empty_database_url: str) -> Iterator[Connection]:
    """ABParts' database as it is today: its tables, and a thousand sessions with a message each."""
    engine = create_engine(driver_url(empty_database_url), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        as_today(connection)
        yield connection
    engine.dispose()


@pytest.fixture
def abparts(connection: Connection, empty_database_url: str) -> Iterator[AbParts]:
    thread = AbParts(empty_database_url)
    thread.start()
    yield thread
    thread.ended.set()
    thread.join()


@pytest.fixture
def family(
    empty_database_url: str,
    redis_url: str,
    mail_server: LocalMailServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Processes]:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    reserved = Port(None, "desk")
    environment = {
        "DATABASE_URL": empty_database_url,
        "REDIS_URL": redis_url,
        "SUPPORT_EMAIL": "support@example.com",
        "FROM_EMAIL": "worker@example.com",
        "SMTP_SERVER": mail_server.host,
        "SMTP_PORT": str(mail_server.port),
        "SMTP_USERNAME": mail_server.username,
        "SMTP_PASSWORD": mail_server.password,
        "SMTP_CA_FILE": str(mail_server.ca_file),
        "ESCALATION_EMBEDDED": "true",
        "PUBLIC_URL": f"http://{HOST}:{reserved.number}",
        "LINK_SECRET": "a secret of thirty-two characters",
        "DESK_PORT": str(reserved.number),
    }
    with processes(environment, tmp_path) as family:
        yield family


def run(family: Processes, *arguments: str) -> Process:
    """A command of ours, to its good end."""
    process = family.start("worker", *arguments)
    assert process.popen.wait(60) == 0, process.output
    return process


def publish(redis: Redis, events: list[Event]) -> None:
    with redis.pipeline(transaction=False) as pipeline:
        for event in events:
            pipeline.xadd(EVENTS, {"event": encode(event)})
        pipeline.execute()


def count(connection: Connection, what: str) -> int:
    return int(connection.execute(text(f"SELECT count(*) FROM {what}")).scalar_one())


def all_read(connection: Connection, redis: Redis, events: int) -> bool:
    return count(connection, "escalation.event_inbox") == events and redis.xpending(EVENTS, GROUP)["pending"] == 0


def link_in_mail(mail_server: LocalMailServer, number: str) -> str:
    """The link to the ticket's page, from the support mail."""
    for path in sorted(mail_server.mail_dir.glob("*.eml")):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        body = mail.get_body(("plain",))
        if mail["X-Ticket-ID"] == number and body and (found := re.search(r"http://\S+/t/\S+", body.get_content())):
            return found[0]
    pytest.fail(f"no mail of {number} with a link")


def take_on_page(link: str) -> None:
    page = httpx.get(link).raise_for_status().text
    form = re.search(r'name="form" value="([^"]+)"', page)
    assert form
    answer = httpx.post(
        link, data={"form": unescape(form[1]), "action": "acknowledge", "name": "Kari"}, follow_redirects=True
    )
    assert "Kari" in answer.raise_for_status().text


def test_from_shadow_over_active_to_the_accident_and_back(
    family: Processes,
    connection: Connection,
    abparts: AbParts,
    redis: Redis,
    redis_url: str,
    mail_server: LocalMailServer,
) -> None:
    run(family, "db", "migrate")
    beat = family.beat()

    shadow = family.worker(MODE="shadow")
    publish(redis, [confidence(f"old-{number}", 0.1) for number in range(50)])
    wait_for(lambda: all_read(connection, redis, 50), "the events of the time in shadow")
    assert count(connection, "public.support_tickets") == count(connection, "escalation.mails") == 0
    assert "50" in run(family, "shadow", "report").output
    shadow.stop()

    family.worker()
    wait_for(lambda: len(abparts.sessions) > 60, "new sessions of ABParts")
    sessions = [f"old-{number}" for number in range(100, 120)] + [f"new-{number}" for number in range(20)]
    publish(redis, [message(session, "i want to talk to a human", seconds=7) for session in sessions])
    wait_for(lambda: count(connection, "public.support_tickets") == 40, "forty tickets")
    accepted = "escalation.mail_recipients WHERE state = 'accepted'"
    wait_for(lambda: count(connection, accepted) >= 40, "forty accepted mails")
    escalated = (
        "public.ai_sessions WHERE status = 'escalated' AND id = ANY(SELECT session_id FROM public.support_tickets)"
    )
    assert count(connection, escalated) == 40

    by_sql, by_page = connection.execute(text(TICKETS)).all()[:2]
    connection.execute(
        text("UPDATE public.support_tickets SET status = 'in_progress' WHERE id = :id"), {"id": by_sql.id}
    )
    family.start("worker", "desk").said("Uvicorn running")
    take_on_page(link_in_mail(mail_server, by_page.ticket_number))
    let_days_pass(connection)
    ask_for(redis_url, "escalation.notice_tickets", "escalation.chase_tickets")
    chased = "escalation.mails WHERE template = 'ticket_unacknowledged'"
    wait_for(lambda: count(connection, chased) == 38, "the ladder's mails of all but the two that were taken")
    taken = f"{chased} AND ticket_id IN ('{by_sql.id}', '{by_page.id}')"
    assert count(connection, taken) == 0

    abparts.ended.set()
    abparts.join()
    assert abparts.errors == []
    beat.stop()
    before = connection.execute(text(TICKETS)).all()
    for table in ("support_tickets", "escalation_triggers", "ai_sessions"):
        connection.execute(text(f"DROP TABLE public.{table} CASCADE"))
    run(family, "db", "rebuild", "--apply")
    assert connection.execute(text(TICKETS)).all() == before
    assert count(connection, "public.escalation_triggers") == 40
    publish(redis, [message("old-500", "i want to talk to a human", seconds=8)])
    wait_for(lambda: count(connection, "public.support_tickets") == 41, "the next ticket")


def let_days_pass(connection: Connection) -> None:
    """As if everything since the adoption had been three working days ago and more."""
    connection.execute(text("UPDATE escalation.tickets SET waiting_since = waiting_since - interval '6 days'"))
    connection.execute(
        text("""UPDATE escalation.settings SET updated_at = updated_at - interval '7 days',
                value = jsonb_set(value, '{at}', to_jsonb((value ->> 'at')::timestamptz - interval '7 days'))
                WHERE key = 'adoption'""")
    )


def ask_for(redis_url: str, *tasks: str) -> None:
    sender = Celery("operator", broker=redis_url, set_as_current=False)
    sender.conf.broker_transport_options = {"global_keyprefix": "escalation:celery:"}
    for task in tasks:
        sender.send_task(task, queue="sweeps")
    sender.close()
