"""The hand-made MIME is what a parser makes of it, whatever is in it."""

from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from config.settings import TEMPLATES_FOLDER
from services.mail.mime import Attachment, MailContent, build
from services.mail.sanitize import clean
from tests.services.mail.letters import letter

TEXTS = st.text(alphabet=st.characters(codec="utf-8"), max_size=400).map(clean)


def parsed(message: bytes) -> EmailMessage:
    found = message_from_bytes(message, policy=policy.SMTP)
    assert isinstance(found, EmailMessage)
    assert [part.defects for part in found.walk() if part.defects] == []
    return found


def content(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n").removesuffix("\n")


@settings(max_examples=300)
@given(TEXTS, TEXTS, TEXTS)
@example(".\n..\nFrom me\n=\n= =\n trailing  \n\ttab\t", "--=_b_a\n--=_b_a--", "x" * 5_000)
@example("λ" * 5_000, "", "")
def test_every_text_comes_back(text: str, html: str, attached: str) -> None:
    message = build(["Subject: x"], MailContent("x", text, html, Attachment("AB-1.txt", attached)), "b")
    found = parsed(message)
    assert content(found, "plain") == text.removesuffix("\n")
    assert unescape(content(found, "html")) == unescape(html.removesuffix("\n"))
    (attachment,) = found.iter_attachments()
    assert attachment.get_filename() == "AB-1.txt"
    assert attachment.get_content().replace("\r\n", "\n").removesuffix("\n") == attached.removesuffix("\n")


@given(TEXTS)
@example("x" * 2_000)
def test_every_line_ends_with_crlf_and_is_ascii_and_as_short_as_smtp_wants_it(text: str) -> None:
    message = build(["Subject: x"], MailContent("x", text, f"<p>{text}</p>"), "b")
    assert message.isascii()
    assert message.endswith(b"\r\n")
    assert message.count(b"\n") == message.count(b"\r\n") == message.count(b"\r")
    assert max(map(len, message.split(b"\r\n"))) <= 998


@given(TEXTS)
@example("x" * 2_000)
def test_every_line_of_plain_text_is_short(text: str) -> None:
    assert max(map(len, build(["Subject: x"], MailContent("x", text), "b").split(b"\r\n"))) <= 76


@pytest.mark.parametrize(
    ("html", "encoding"),
    [
        ("<p>“Short.”</p>" + "<p>Much that is ASCII.</p>" * 9, "7bit"),
        ("<p>--=_b_a</p>", "quoted-printable"),
        (f"<p>{'x' * 1_000}</p>", "quoted-printable"),
        ("<p>Σύντομο.</p>", "base64"),
    ],
    ids=["ascii", "like a boundary", "a long line", "greek"],
)
def test_html_is_sent_as_it_is_unless_that_is_longer_or_could_be_misread(html: str, encoding: str) -> None:
    part = parsed(build(["Subject: x"], MailContent("x", "x", html), "b")).get_body(("html",))
    assert part is not None
    assert part["Content-Transfer-Encoding"] == encoding


def test_styles_need_no_character_references() -> None:
    """Within `<style>` nobody reads them."""
    assert (TEMPLATES_FOLDER / "mail.css").read_text(encoding="utf-8").isascii()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_text_beyond_ascii_is_sent_in_the_shorter_encoding(language: str) -> None:
    found = parsed(build(["Subject: x"], letter(language=language), "b"))
    part = found.get_body(("plain",))
    assert part is not None
    assert part["Content-Transfer-Encoding"] == {"en": "quoted-printable", "ar": "base64"}[language]


@pytest.mark.parametrize("text", ["Short.", "Σύντομο."])
def test_plain_text_alone_has_no_parts(text: str) -> None:
    message = build(["Subject: x"], MailContent("x", text), "b")
    assert parsed(message).get_content_type() == "text/plain"
    assert content(parsed(message), "plain") == text
    assert message.endswith(b"\r\n")
