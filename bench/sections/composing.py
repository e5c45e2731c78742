"""How many mails a second one process renders and builds, with no server and no database."""

import time
from collections.abc import Callable
from functools import partial

from bench.results import Section
from bench.sections.effort import Effort
from bench.stand import Stand
from config.settings import Settings
from services.mail.headers import letterhead
from services.mail.jinja import prepare
from services.mail.mime import build
from services.mail.render import letter_of
from worker.preview.example import example_story
from worker.preview.mail_rows import mail_of

WORDS = {
    "rendered": "subject, text and HTML rendered from what is known of a ticket",
    "built": "headers and MIME built from those",
}
UNUSED = {"DATABASE_URL": "postgresql://unused", "REDIS_URL": "redis://unused"}
TEAM = {"SUPPORT_EMAIL": "support@example.com", "FROM_EMAIL": "desk@example.com"}


def run(_stand: Stand, effort: Effort) -> Section:
    """A usual English mail about a new ticket."""
    section = Section(words=WORDS)
    settings = Settings.model_validate({key.lower(): value for key, value in {**UNUSED, **TEAM}.items()})
    prepare(settings.support_language)
    details = example_story("en")
    mail = mail_of("ticket_opened", details, "en")
    letter = letter_of(mail, details, settings)
    steps: dict[str, Callable[[], object]] = {
        "rendered": partial(letter_of, mail, details, settings),
        "built": lambda: build(letterhead(mail, details, letter.subject, settings), letter, "b"),
    }
    for turn in effort.turns():
        for key, step in steps.items():
            section.add(key, times_a_second(step, effort.count(2_000)))
        figures = ", ".join(f"{key} {found[-1]:,.0f}" for key, found in section.speeds.items())
        effort.say(f"round {turn}: mails a second in one process: {figures}")
    return section


def times_a_second(step: Callable[[], object], count: int) -> float:
    began = time.perf_counter()
    for _ in range(count):
        step()
    return count / (time.perf_counter() - began)
