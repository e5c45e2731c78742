"""What the benchmarks are measured with: the mix, the mail server, the peer."""

import json
import smtplib
from collections import Counter

import pytest
from sqlalchemy import create_engine, text

from bench.mix import escalating, mixed
from bench.original import escalate
from bench.stand import sink_process
from services.database import driver_url


def test_the_mix_is_the_one_that_the_page_states() -> None:
    events = [json.loads(line) for line in mixed(20_000)]
    share = {kind: count / len(events) for kind, count in Counter(event["type"] for event in events).items()}
    assert share == {
        "message.added": pytest.approx(0.40, abs=0.02),
        "step.recorded": pytest.approx(0.30, abs=0.02),
        "confidence.reported": pytest.approx(0.25, abs=0.02),
        "diagnosis.made": pytest.approx(0.05, abs=0.02),
    }
    low = [event for event in events if event["data"].get("confidence", 1) < 0.3]
    assert len(low) == 0.05 * len({event["session_id"] for event in events})


def test_the_sink_takes_mail_of_several_on_one_connection() -> None:
    with sink_process() as port, smtplib.SMTP("127.0.0.1", port) as server:
        for _ in range(3):
            assert server.sendmail("a@example.com", ["b@example.com"], "Subject: x\r\n\r\nDATA\r\n.\r\nQUIT\r\n") == {}


def test_the_peer_opens_as_many_tickets_as_it_is_asked_to(database_url: str) -> None:
    engine = create_engine(driver_url(database_url), isolation_level="AUTOCOMMIT")
    with sink_process() as port, engine.connect() as connection:
        for number in range(3):
            escalate(connection, f"session-{number}", port)
        numbers = connection.execute(text("SELECT count(*) FROM public.support_tickets")).scalar_one()
    engine.dispose()
    assert numbers == 3


def test_every_escalating_event_is_a_session_of_its_own() -> None:
    assert len({json.loads(line)["session_id"] for line in escalating(50, "x")}) == 50
