"""Nobody's name, subject or address can add a header field or hide behind direction marks."""

import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.directory import Person
from services.mail.headers import LONGEST_VALUE, address_of, field, letterhead, mailbox, thread_root, visible
from services.mail.outbox_row import MailRow
from services.mail.sanitize import cut, one_line
from services.ticket_details import TicketDetails
from tests.services.mail.letters import settings_for
from worker.preview.example import example_story
from worker.preview.mail_rows import mail_of

HOSTILE = "Nikos\r\nBcc: thief@example.com\r\n\r\n<script>\u202e\u2028X-Injected: 1\x00\x85"


def headers_of(details: TicketDetails, mail: MailRow) -> list[str]:
    return letterhead(mail, details, "Smoke", settings_for())


def parsed(headers: list[str]) -> dict[str, str]:
    message = message_from_bytes("\r\n".join([*headers, "", ""]).encode(), policy=policy.SMTP)
    assert message.defects == []
    assert len(message.keys()) == len(headers)
    return {name: str(value) for name, value in message.items()}


def mail_for(details: TicketDetails, **changes: object) -> MailRow:
    return replace(mail_of("ticket_opened", details, "en"), **changes)  # type: ignore[arg-type]


@given(st.text(max_size=600))
@example(HOSTILE)
@example("=?utf-8?q?Bcc?=")
@example("λ" * 300)
def test_any_subject_comes_back_as_one_line(text: str) -> None:
    line = field("Subject", text)
    assert all(part.startswith(" ") for part in line.split("\r\n")[1:])
    assert all(len(part) <= 76 for part in line.split("\r\n"))
    assert "\n" not in line.replace("\r\n", "")
    assert line.isascii()
    assert parsed([line])["Subject"] == cut(one_line(text), LONGEST_VALUE)


@given(st.text(max_size=80))
@example(HOSTILE)
def test_any_name_stays_beside_its_address(text: str) -> None:
    line = mailbox("From", text, "support@example.com")
    message = message_from_bytes(f"{line}\r\n\r\n".encode(), policy=policy.SMTP)
    [address] = message["From"].addresses
    assert address.addr_spec == "support@example.com"
    assert message.keys() == ["From"]
    encoded = line.partition("=?utf-8?")[1]
    assert not encoded or all(len(part) <= 76 for part in line.split("\r\n"))


@pytest.mark.parametrize("name", ["Υποστήριξη " * 12, "خدمة دعم الصيانة والطوارئ " * 8, "支援" * 60, "Zoë"])
def test_a_long_name_is_made_of_words_of_at_most_75_characters(name: str) -> None:
    line = mailbox("From", name, "support@example.com")
    assert all(len(word) <= 75 for word in re.findall(r"=\?\S+\?=", line))
    assert all(len(part) <= 76 for part in line.split("\r\n"))
    # Not by the policies of `email`: in a phrase they keep the space between words, which RFC 2047, 6.2 takes away.
    shown, address = parseaddr(line.removeprefix("From: "))
    assert (str(make_header(decode_header(shown))), address) == (name.strip(), "support@example.com")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("user@example.com", "user@example.com"),
        ("user@bücher.example", "user@xn--bcher-kva.example"),
        ("خالد@مثال.example", "خالد@xn--mgbh0fb.example"),
        ("user@example.com\r\nBcc: x@example.com", None),
        ("<user@example.com>", None),
        ("a@b@example.com", None),
        ("not an address", None),
        (None, None),
    ],
)
def test_an_address_is_bare_or_nothing(text: str | None, expected: str | None) -> None:
    assert address_of(text) == expected


def test_one_reader_s_foreign_letters_do_not_cut_off_the_others() -> None:
    assert visible(["support@example.com", "خالد@example.com"]) == ["support@example.com"]
    assert visible(["خالد@example.com"]) == ["خالد@example.com"]


def test_every_field_that_a_mail_program_and_an_answering_machine_need_is_there() -> None:
    details = example_story("en")
    found = parsed(headers_of(details, mail_for(details)))
    assert found["Message-ID"] == "<6f0f7c0e2f575a3e9d1c0a5a3f2b7c11@example.com>"
    assert found["Date"] == "Tue, 24 Nov 2026 01:25:06 +0000"
    assert found["From"] == "AutoBoss Support <abparts_support@example.com>"
    assert found["To"] == "support@example.com, emergency@example.com"
    assert found["Reply-To"] == "user@sea-farm.example.com"
    assert found["References"] == found["In-Reply-To"]
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["X-Auto-Response-Suppress"] == "OOF, AutoReply, DR, RN, NRN"
    assert (found["Importance"], found["X-Priority"]) == ("high", "1")
    assert found["X-Ticket-ID"] == "AB-20261124-0007"
    assert found["X-Notification-ID"] == "6f0f7c0e-2f57-5a3e-9d1c-0a5a3f2b7c11"


def test_only_urgent_mail_says_that_it_is_important() -> None:
    details = example_story("en")
    assert {"Importance", "X-Priority"}.isdisjoint(parsed(headers_of(details, mail_for(details, rank=2))))


def test_answers_to_a_notice_go_to_the_team() -> None:
    details = example_story("en")
    found = parsed(headers_of(details, mail_for(details, template="customer_notice")))
    assert found["Reply-To"] == "support@example.com"


@pytest.mark.parametrize("address", ["خالد@example.com", "no address", "a@example.com\nBcc: b@example.com", None])
def test_an_address_that_cannot_be_answered_is_left_out(address: str | None) -> None:
    details = example_story("en")
    assert details.user is not None
    person: Person = replace(details.user, email=address)
    headers = headers_of(replace(details, user=person), mail_for(details))
    assert "Reply-To" not in parsed(headers)
    assert all(header.isascii() for header in headers)


@given(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,60}[a-z0-9])?(\.[a-z]{2,60}){1,4}", fullmatch=True))
def test_the_thread_s_root_is_the_same_for_a_ticket_and_short_enough_for_every_mail_program(domain: str) -> None:
    root = thread_root("ticket-1", f"<0123456789abcdef@{domain}>")
    assert len(root) < 70
    assert root == thread_root("ticket-1", f"<another@{domain}>")
    assert root != thread_root("ticket-2", f"<another@{domain}>")
