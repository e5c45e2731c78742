"""Several connections in one sending process: safety mail overtakes, and a kill leaves one mail of each in doubt."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.delivery.slots import CONNECTIONS
from tests.processes import Processes, processes, wait_for
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office, queue_many
from tests.smtp_session import Reply, Session, hang, take_and_hang
from tests.tasks.delivery.killing import reaped

DANGER = "danger@example.com"


@pytest.fixture
def senders(office: Office, setting: Setting, tmp_path: Path) -> Iterator[Processes]:
    setting(smtp_command_seconds=60, smtp_reply_seconds=60)
    with processes({}, tmp_path) as family:
        yield family


@pytest.mark.parametrize("most", [1, CONNECTIONS])
def test_safety_mail_begins_within_one_reply_of_a_slow_server(office: Office, setting: Setting, most: int) -> None:
    setting(mail_run_seconds=4, smtp_reply_seconds=30, **({"mail_connections": 2} if most == 1 else {}))
    queue_many(500)
    begun: list[str] = []
    begun_before: list[int] = []

    def body_begins(session: Session) -> str | None:
        begun.append(session.recipients[0])
        return None

    def slow(_: Session) -> str | None:
        if not begun_before:
            office.queue("danger", DANGER, rank=0)
            begun_before.append(len(begun))
        time.sleep(0.7)
        return None

    office.server.on_every("body", body_begins)
    office.server.on_every("dot", slow)

    office.send()

    # Each connection ends what it has in hand at most.
    assert begun.index(DANGER) - begun_before[0] < most


@pytest.mark.parametrize("features", [("PIPELINING", "SIZE 50000000"), ("SIZE 50000000",)])
def test_several_connections_send_at_the_same_time(office: Office, features: tuple[str, ...]) -> None:
    office.server.features = features
    queue_many(40)
    office.server.on_every("dot", lambda _: time.sleep(0.2))

    assert office.send() == {"accepted": 40}

    assert 1 < office.server.connections <= CONNECTIONS
    assert len({message.header("Message-ID") for message in office.server.messages}) == 40


def test_a_fast_server_leaves_connections_for_another_sender(office: Office, setting: Setting) -> None:
    def leaves_some() -> bool:
        # The connections of the last run end.
        setting()
        before = office.server.connections
        for number in range(90):
            office.queue(f"{before} {number}")
        assert office.send() == {"accepted": 90}
        return office.server.connections - before < CONNECTIONS

    # On a busy machine it is slow now and then.
    wait_for(leaves_some, "a run in which the server was fast")


def test_ordinary_mail_keeps_off_the_connection_that_safety_mail_has_opened(office: Office, setting: Setting) -> None:
    setting(smtp_reply_seconds=30, mail_connections=2)  # one of them for safety mail alone
    for name in ("danger", "more danger"):
        office.queue(name, DANGER, rank=0)
    queue_many(6)
    ordinary: set[Session] = set()

    def slow(session: Session) -> None:
        if DANGER in session.recipients:
            # The other safety mail opens a connection meanwhile.
            time.sleep(1)
        else:
            ordinary.add(session)

    office.server.on_every("dot", slow)

    assert office.send() == {"accepted": 8}

    assert (office.server.connections, len(ordinary)) == (2, 1)


@pytest.mark.parametrize(("step", "act"), [("data", hang), ("body", hang), ("dot", hang), ("dot", take_and_hang)])
def test_a_kill_leaves_at_most_one_mail_of_each_connection_in_doubt(
    senders: Processes, office: Office, step: str, act: Reply
) -> None:
    queue_many(30)
    office.server.on_every(step, act)
    sender = senders.start("tests.tasks.delivery.sender")
    wait_for(lambda: office.server.count(step) >= 3, f"three connections at {step}")
    sender.kill()
    connections = office.server.connections

    found = Counter(reaped())

    assert found["unknown"] <= (connections if step != "data" else 0)
    assert found["unknown"] + office.states()["queued"] == 30
    office.server.as_usual()
    office.all_due()
    assert office.send() == {"accepted": 30}
    repeated = Counter(message.header("Message-ID") for message in office.server.messages)
    assert len(repeated) == 30
    in_doubt = {
        row["message_id"]
        for row in office.rows("""
            SELECT m.message_id FROM escalation.mails AS m JOIN escalation.mail_recipients AS r USING (mail_id)
            JOIN escalation.delivery_attempts AS a USING (recipient_id) WHERE a.reply_class = 'unknown'
        """)
    }
    assert {message_id for message_id, times in repeated.items() if times > 1} <= in_doubt
