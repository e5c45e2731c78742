"""Letters of the example ticket, and of what a test changes about it."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

from config.settings import Settings
from services.conversation import Message, Step
from services.mail.mime import MailContent
from services.mail.render import letter_of
from services.ticket_details import TicketDetails
from worker.preview.example import at, example_story
from worker.preview.mail_rows import mail_of

TEMPLATES = ("ticket_opened", "ticket_updated", "ticket_unacknowledged", "customer_notice")
LANGUAGES = ("en", "el", "ar", "es", "tr", "no")


def settings_for(language: str = "en", **given: Any) -> Settings:
    needed = {"database_url": "postgresql://unused", "redis_url": "redis://unused"}
    team = {"support_email": ["support@example.com"], "from_email": "abparts_support@example.com"}
    place = {"support_language": language, "support_time_zone": "Europe/Athens"}
    return Settings.model_validate({**needed, **team, **place, **given})


def letter(
    details: TicketDetails | None = None, template: str = "ticket_opened", language: str = "en", link: str | None = None
) -> MailContent:
    details = details or example_story(language)
    return letter_of(mail_of(template, details, language), details, settings_for(language), link)


def with_conversation(details: TicketDetails, **changes: Any) -> TicketDetails:
    return replace(details, conversation=replace(details.conversation, **changes))


def talk(contents: Sequence[str]) -> tuple[Message, ...]:
    """Messages of a user and an assistant in turn, a minute apart."""
    return tuple(
        Message(message_id=f"m{place:05}", sender=("user", "assistant")[place % 2], content=content, at=at(place))
        for place, content in enumerate(contents)
    )


def attempts(instructions: Sequence[str]) -> tuple[Step, ...]:
    return tuple(
        Step(number=number, instruction=text, at=at(number), feedback=text, completed=True, success=False)
        for number, text in enumerate(instructions, start=1)
    )


def delayed(details: TicketDetails, template: str, minutes: float) -> MailContent:
    """The letter as it leaves so many minutes after it was queued."""
    mail = mail_of(template, details, "en")
    return letter_of(replace(mail, now=mail.queued_at + timedelta(minutes=minutes)), details, settings_for())


class Words(HTMLParser):
    """What a reader of the HTML sees, and whether its elements are closed in their order."""

    VOID = frozenset({"br", "meta", "img", "hr", "link", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.texts))


def read(html: str | None) -> Words:
    words = Words()
    # A place where a word may go on in the next line is no space in it.
    words.feed((html or "").replace("<wbr>", ""))
    words.close()
    return words


def words(text: str) -> set[str]:
    """The words of a text: no marks, no layout."""
    return set(re.findall(r"\w+", text))


def both(made: MailContent) -> tuple[str, str]:
    """What it says in plain text and in HTML."""
    return made.text, read(made.html).text
