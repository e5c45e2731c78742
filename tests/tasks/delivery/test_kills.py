"""A sender killed at any moment: what was safe is sent, what is not is known to be unknown."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from config.settings import get_settings
from services.database.engine import begin
from services.delivery.lease import reap
from tests.processes import Processes, processes, wait_for
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office
from tests.smtp_server import SmtpServer
from tests.smtp_session import Reply, hang, take_and_hang
from tests.tasks.delivery.killing import killed_at, reaped
from worker.embedded.certificates import make_certificates

pytestmark = pytest.mark.long


@pytest.fixture
def senders(office: Office, setting: Setting, tmp_path: Path) -> Iterator[Processes]:
    setting(smtp_command_seconds=60, smtp_reply_seconds=60)
    with processes({}, tmp_path) as family:
        yield family


@pytest.mark.parametrize("step", ["connect", "ehlo", "auth", "mail", "rcpt", "data"])
def test_a_sender_killed_before_the_body_is_replaced_at_once(senders: Processes, office: Office, step: str) -> None:
    mail_id = office.queue("hello")

    killed_at(senders, office, step, hang)

    assert office.recipient(mail_id)["state"] == "sending"
    assert reaped() == {"queued": 1}
    assert office.send() == {"accepted": 1}
    assert office.subjects() == ["hello"]


def test_a_sender_killed_while_tls_begins_is_replaced_at_once(
    senders: Processes, office: Office, setting: Setting, tmp_path: Path
) -> None:
    make_certificates(tmp_path / "ca.pem", tmp_path / "server.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with SmtpServer(tls="starttls", context=context, users={"sender": "sesame"}) as server:
        setting(smtp_port=server.port, smtp_use_tls="true", smtp_ca_file=tmp_path / "ca.pem")
        secure = replace(office, server=server)
        secure.queue("hello")
        killed_at(senders, secure, "tls", hang)
        assert reaped() == {"queued": 1}
        assert secure.send() == {"accepted": 1}
        assert secure.subjects() == ["hello"]


def test_a_sender_killed_at_the_goodbye_leaves_an_accepted_mail(
    senders: Processes, office: Office, setting: Setting
) -> None:
    setting(mail_connections=2)  # so that the connection ends with the run
    mail_id = office.queue("hello")
    killed_at(senders, office, "quit", hang)
    assert office.recipient(mail_id)["state"] == "accepted"
    assert office.send() == {}
    assert office.subjects() == ["hello"]


@pytest.mark.parametrize("rank", [0, 3])
@pytest.mark.parametrize(("step", "act", "copies"), [("body", hang, 1), ("dot", hang, 1), ("dot", take_and_hang, 2)])
def test_a_sender_killed_after_the_body_began_leaves_the_fate_unknown(
    senders: Processes, office: Office, step: str, act: Reply, copies: int, rank: int
) -> None:
    mail_id = office.queue("hello", rank=rank)

    killed_at(senders, office, step, act)

    assert reaped() == {"unknown": 1}
    recipient = office.recipient(mail_id)
    assert recipient["delay"] == pytest.approx(60 if rank == 0 else 900, abs=5)
    assert office.attempts(mail_id)[0]["reply_class"] == "unknown"
    assert office.send() == {}
    office.all_due()
    assert office.send() == {"accepted": 1}
    assert len(office.server.messages) == copies
    assert len({message.header("Message-ID") for message in office.server.messages}) == 1


def test_a_second_death_in_the_body_is_a_person_s_matter(senders: Processes, office: Office) -> None:
    office.queue("hello")
    killed_at(senders, office, "dot", hang)
    reaped()
    office.all_due()
    killed_at(senders, office, "dot", hang)

    assert reaped() == {"held": 1}

    office.all_due()
    assert office.send() == {}
    assert office.server.messages == []


def test_a_mail_whose_senders_keep_dying_is_tried_with_pauses(senders: Processes, office: Office) -> None:
    mail_id = office.queue("hello")
    for _ in range(3):
        killed_at(senders, office, "rcpt", hang)
        assert reaped() == {"queued": 1}
    killed_at(senders, office, "rcpt", hang)
    assert reaped() == {"deferred": 1}
    assert office.recipient(mail_id)["delay"] == pytest.approx(30, abs=5)


def test_a_living_sender_is_never_taken_over(senders: Processes, office: Office) -> None:
    office.queue("hello")
    office.server.on("mail", hang)
    sender = senders.start("tests.tasks.delivery.sender")
    wait_for(lambda: office.server.count("mail"), "the sender at MAIL")

    with begin() as connection:
        assert reap(connection, get_settings().mail_times) == {}

    sender.kill()
    assert reaped() == {"queued": 1}
