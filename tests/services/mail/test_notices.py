"""What the notice to a customer says, and what it does not claim."""

from dataclasses import replace

from services.ticket_details import TicketReason
from tests.services.mail.letters import both, letter, read
from worker.preview.example import example_story


def test_a_notice_claims_nothing_before_a_server_accepted_the_support_mail() -> None:
    details = example_story("en")
    waiting = replace(details, recipients=tuple(replace(one, state="sending") for one in details.recipients))
    for told in both(letter(waiting, "customer_notice")):
        assert "support team" not in told
        assert "Emergency line" not in told
        assert "keep everyone away from it" in told
        assert "AB-20261124-0007" in told
    for told in both(letter(details, "customer_notice")):
        assert "Your ticket was sent to our support team." in told
        assert "Who will contact you: Emergency line" in told
        assert "+44 20 7946 0142" in told


def test_a_notice_s_telephone_number_can_be_touched() -> None:
    made = letter(template="customer_notice")
    links = [attributes.get("href") for tag, attributes in read(made.html).tags if tag == "a"]
    assert links == ["tel:+442079460199"]


def test_a_notice_without_danger_warns_of_none() -> None:
    details = example_story("en")
    calm = replace(details.ticket, reasons=(TicketReason(name="user_request"),), priority="medium")
    for told in both(letter(replace(details, ticket=calm), "customer_notice")):
        assert "stop the machine" not in told
