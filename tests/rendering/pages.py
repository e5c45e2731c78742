"""Mails as a browser shows them, measured."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from services.mail.mime import MailContent
from services.mail.render import letter_of
from services.ticket_details import TicketDetails
from tests.services.mail.letters import settings_for
from worker.preview.browser import Browser
from worker.preview.mail_rows import mail_of

PROBE = (Path(__file__).parent / "probe.js").read_text(encoding="utf-8")


def letter_for(template: str, language: str, details: TicketDetails) -> MailContent:
    mail = mail_of(template, details, language)
    return letter_of(mail, None if template == "test" else details, settings_for(language))


def measured(chromium: Browser, html: str, folder: Path, *, width: int, dark: bool = False) -> dict[str, Any]:
    """What the probe sees of a page of this width."""
    page = folder / "mail.html"
    page.write_text(html, encoding="utf-8")
    chromium.show(page, width=width, dark=dark)
    found: dict[str, Any] = chromium.evaluate(PROBE)
    return found


def crowded(details: TicketDetails) -> TicketDetails:
    """The same with words that have no place to break."""
    long = "x" * 300
    messages = tuple(replace(one, content=f"{one.content} {long} https://example.com/{long}") for one in
                     details.conversation.messages)  # fmt: skip
    steps = tuple(replace(one, instruction=long, feedback=long) for one in details.conversation.steps)
    machine = replace(details.machine, location=long, serial_number=long) if details.machine else None
    user = replace(details.user, name=long, email=f"{'y' * 60}@{'z' * 60}.example.com") if details.user else None
    return replace(
        details, conversation=replace(details.conversation, messages=messages, steps=steps), machine=machine, user=user
    )
