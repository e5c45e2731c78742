"""A mail from the outbox to the server, and what is on record afterwards."""

from tests.services.delivery.office import Office


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
