"""Every page of this program that shows words from outside, all of them saying the same, as HTML for a browser."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import httpx
from starlette.applications import Starlette

from demo.player import Played
from demo.recording import load_recordings
from demo.report import SentMail, SessionPage, report_html
from demo.results import SessionResult
from demo.timeline import list_moments
from tests.fuzz.hostile import full_story, spoilt
from tests.fuzz.letters import TEMPLATES, desk_pages_saying, letter_saying, message_saying
from worker.embedded.mail.page import web_application
from worker.embedded.mail.store import MailStore

PAGES: Final = (*TEMPLATES, "desk open", "desk solved", "inbox", "inbox mail", "inbox foreign mail", "demo report")


def page_saying(name: str, words: str, folder: Path) -> str:
    """The page of this name."""
    if name in TEMPLATES:
        return str(letter_saying(name, words).html)
    if name.startswith("desk"):
        return desk_pages_saying(words)[name == "desk solved"]
    if name.startswith("inbox"):
        # In a thread of its own: Playwright's loop runs in this one.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, inbox_page(name, words, folder)).result()
    # What the page says of itself would keep the browser from running anything; here the page itself has to.
    return report_saying(words).replace("Content-Security-Policy", "x-none")


@asynccontextmanager
async def no_lifespan(_: Starlette) -> AsyncIterator[None]:
    yield


async def inbox_page(name: str, words: str, folder: Path) -> str:
    store = MailStore(Path(mkdtemp(dir=folder)))
    content = foreign_mail(words) if name == "inbox foreign mail" else message_saying("ticket_opened", words)
    number = store.save("sender@example.com", [" ".join(words.split()), "support@example.com"], content)
    transport = httpx.ASGITransport(web_application(store, no_lifespan))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.get("/" if name == "inbox" else f"/mails/{number}")
    assert answer.status_code == 200, answer.text
    return answer.text.replace('http-equiv="refresh"', 'http-equiv="x-none"')


def foreign_mail(words: str) -> bytes:
    """A mail that somebody else sent to the local server, with bytes in its headers that do not belong there."""
    mail = EmailMessage()
    mail.set_content(words.encode("utf-8", "replace").decode())
    mail.add_attachment(b"x", maintype="text", subtype="html", filename=" ".join(words.split()))
    line = " ".join(words.split()).encode()
    return (
        b"Subject: " + line + b"\r\nFrom: " + line + b" <x@example.com>\r\nX-" + b"Odd: " + line + b"\r\n" + bytes(mail)
    )


def report_saying(words: str) -> str:
    details = spoilt(full_story(), words)
    recording = load_recordings()[0]
    played = Played(replace(recording, name=words, about=words, source=words), words, SessionResult())
    letter = letter_saying("ticket_opened", words)
    mail = SentMail(letter.subject, str(letter.html), letter.text)
    moments = list_moments(replace(details, recipients=()))
    page = SessionPage(played, details, details.conversation, (mail,), tuple(moments))
    quiet = SessionPage(played, None, details.conversation)
    return report_html([page, quiet], f"demo {words} at {datetime(2026, 11, 24, tzinfo=UTC):%H:%M}")
