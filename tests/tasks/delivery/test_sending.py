"""A mail from the outbox to the server, and what is on record afterwards."""

from pathlib import Path

from services.database.engine import begin
from services.outbox.queries import cancel
from tasks.delivery.slots import CONNECTIONS
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office
from tests.smtp_session import Session

GOOD, BAD = "good@example.com", "bad@example.com"


def test_a_mail_is_accepted_and_its_reply_recorded(office: Office) -> None:
    mail_id = office.queue("hello")

    assert office.send() == {"accepted": 1}

    assert office.subjects() == ["hello"]
    recipient = office.recipient(mail_id)
    assert (recipient["state"], recipient["attempts"], recipient["reply_phase"]) == ("accepted", 1, "dot")
    assert recipient["accepted_at"] is not None
    [attempt] = office.attempts(mail_id)
    assert (attempt["phase"], attempt["code"], attempt["enhanced_code"], attempt["reply"]) == (
        "dot", 250, "2.0.0", "2.0.0 taken",
    )  # fmt: skip
    assert attempt["started_at"] < attempt["body_started_at"] < attempt["finished_at"]


def test_one_mail_is_one_conversation_for_all_its_recipients(office: Office) -> None:
    office.queue("hello", "a@example.com", "b@example.com", "c@example.com")

    assert office.send() == {"accepted": 3}

    [message] = office.server.messages
    assert set(message.recipients) == {"a@example.com", "b@example.com", "c@example.com"}


def test_a_refused_recipient_does_not_stop_the_others(office: Office) -> None:
    mail_id = office.queue("hello", GOOD, BAD)
    office.server.on_every("rcpt", lambda session: "550 5.1.1 no such user" if session.argument == BAD else None)

    assert office.send() == {"accepted": 1, "refused": 1}

    assert office.recipient(mail_id, GOOD)["state"] == "accepted"
    refused = office.recipient(mail_id, BAD)
    assert (refused["state"], refused["reply_class"], refused["reply"]) == (
        "refused", "permanent", "5.1.1 no such user",
    )  # fmt: skip
    assert refused["body_started_at"] is None
    assert [attempt["body_started_at"] is None for attempt in office.attempts(mail_id)] == [True, False]


def test_more_recipients_than_the_server_takes_at_once_get_it_in_parts(office: Office) -> None:
    recipients = [f"r{number}@example.com" for number in range(25)]
    office.queue("hello", *recipients)
    taken: list[str] = []

    def at_most_ten(session: Session) -> str | None:
        if len(office.server.messages) * 10 + 10 <= len(taken):
            return "452 4.5.3 Too many recipients"
        taken.append(session.argument)
        return None

    office.server.on_every("rcpt", at_most_ten)

    assert office.send()["accepted"] == 25

    assert [len(message.recipients) for message in office.server.messages] == [10, 10, 5]
    assert sorted(taken) == sorted(recipients)


def test_a_refused_message_goes_short_once(office: Office) -> None:
    mail_id = office.queue("hello")
    office.server.on("dot", "554 5.6.0 I do not like HTML")

    assert office.send()["accepted"] == 1

    assert len(office.server.messages) == 1
    assert "multipart" not in office.server.messages[0].data.decode()
    assert [attempt["reply_class"] for attempt in office.attempts(mail_id)] == ["permanent", "accepted"]


def test_a_message_that_is_refused_short_too_stops(office: Office) -> None:
    office.queue("hello")
    office.server.on("dot", "554 5.6.0 no", "554 5.6.0 no")
    assert office.send() == {"queued": 1, "refused": 1}


def test_a_message_above_the_server_s_size_is_not_even_offered(office: Office) -> None:
    office.queue("hello")
    office.server.features = ("SIZE 1200",)
    tally = office.send()
    assert tally["accepted"] + tally["refused"] == 1
    assert office.server.count("data") == tally["accepted"]
    assert office.rows("SELECT reply FROM escalation.delivery_attempts ORDER BY started_at")[0]["reply"].startswith(
        "5.3.4 the message has"
    )


def test_a_mail_that_was_cancelled_is_not_sent(office: Office) -> None:
    mail_id = office.queue("hello")
    with begin() as connection:
        assert cancel(connection, [mail_id]) == 1
    assert office.send() == {}
    assert office.states() == {"cancelled": 1}


def test_a_mail_without_its_ticket_stops_no_other(office: Office) -> None:
    office.queue("lost", ticket_id="no-such-ticket", rank=2)
    office.queue("hello")

    tally = office.send()

    assert (tally["refused"], tally["accepted"]) == (1, 1)
    assert office.subjects() == ["hello"]


def test_connections_are_used_for_many_mails(office: Office) -> None:
    for number in range(25):
        office.queue(f"mail {number}")
    assert office.send()["accepted"] == 25
    assert office.send() == {}
    office.queue("one more")
    assert office.send()["accepted"] == 1
    connections = office.server.connections
    assert 1 <= connections <= CONNECTIONS
    assert office.server.count("auth") == connections


def test_one_reset_precedes_each_mail_but_a_connections_first(office: Office, setting: Setting) -> None:
    setting(mail_connections=2)  # one of them for safety mail alone
    for number in range(6):
        office.queue(f"mail {number}")
    assert office.send()["accepted"] == 6
    assert (office.server.connections, office.server.count("rset")) == (1, 5)


def test_mail_as_files_goes_the_same_way(office: Office, setting: Setting, tmp_path: Path) -> None:
    setting(mail_transport="file", mail_file_dir=tmp_path / "mail")
    for name in ("one", "two", "three"):
        office.queue(name)
    assert office.send() == {"accepted": 3}
    assert len(list((tmp_path / "mail").glob("*.eml"))) == 3


def test_mail_leaves_by_gravity_then_age(office: Office, setting: Setting) -> None:
    setting(mail_connections=1)  # on two, the second safety mail and the first ordinary one travel at the same time
    for number, rank in enumerate([4, 3, 0, 2, 1, 3, 0]):
        office.queue(f"{rank} {number}", rank=rank)
    assert office.send()["accepted"] == 7
    assert office.subjects() == ["0 2", "0 6", "1 4", "2 3", "3 1", "3 5", "4 0"]


def test_a_grave_mail_that_comes_meanwhile_waits_for_a_few_sends_only(office: Office, setting: Setting) -> None:
    setting(mail_claim_size=3, mail_connections=2)  # one of them for safety mail alone
    for number in range(12):
        office.queue(f"{number}")

    def while_the_first_is_sent(_: Session) -> None:
        office.queue("grave", rank=1)

    office.server.on("dot", while_the_first_is_sent)

    assert office.send()["accepted"] == 13

    assert office.subjects().index("grave") == 3
