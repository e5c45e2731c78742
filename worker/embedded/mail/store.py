"""Mails as `.eml` files, named by the order in which they arrived."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.utils import format_datetime
from pathlib import Path

from worker.embedded.paths import write_atomically

ENVELOPE = "X-Envelope-To"


class MailStore:
    """A folder of mails; a number is given once and never again while the server runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.counter = itertools.count(max(self.numbers(), default=0) + 1)

    def numbers(self) -> list[int]:
        """All mails, the newest first."""
        return sorted((int(path.stem) for path in self.folder.glob("[0-9]*.eml")), reverse=True)

    def save(self, sender: str, recipients: Sequence[str], content: bytes) -> int:
        """Keep a mail behind the lines that a mailbox adds on delivery; whole or not at all."""
        number = next(self.counter)
        now = format_datetime(datetime.now(UTC))
        lines = [
            f"Return-Path: <{sender}>",
            *(f"{ENVELOPE}: {recipient}" for recipient in recipients),
            f"Received: by localhost (local mail server); {now}",
        ]
        write_atomically(self.path(number), "\r\n".join([*lines, ""]).encode() + content)
        return number

    def path(self, number: int) -> Path:
        return self.folder / f"{number:08}.eml"

    def raw(self, number: int) -> bytes:
        """:raises FileNotFoundError: there is no such mail"""
        return self.path(number).read_bytes()

    def message(self, number: int) -> EmailMessage:
        """:raises FileNotFoundError: there is no such mail"""
        return message_from_bytes(self.raw(number), policy=policy.default)

    def headers(self, number: int) -> EmailMessage:
        """The mail without its body.

        :raises FileNotFoundError: there is no such mail
        """
        with self.path(number).open("rb") as file:
            return BytesHeaderParser(policy=policy.default).parse(file)
