"""Mail as files: one .eml for each mail and set of recipients, complete or not there at all."""

import hashlib
import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

from rules.delivery import Phase, ServerReply
from services.transports.base import BeginBody, Envelope, Transport, TransportAccount, described
from services.transports.thread_channel import ThreadChannel

_MESSAGE_ID: Final = re.compile(rb"^Message-ID:\s*<([^@>]+)", re.IGNORECASE | re.MULTILINE)
_WRITTEN: Final = 250


class FileTransport:
    """Writes to a folder; a repeat of the same mail to the same people writes the same file."""

    def __init__(self, account: TransportAccount, folder: Path) -> None:
        self.account = account
        self.folder = folder

    def send(self, envelope: Envelope, message: bytes, begin_body: BeginBody) -> dict[str, ServerReply]:
        begin_body(envelope.recipients)
        try:
            path = self.write(self.name_of(envelope, message), message)
        except OSError as error:
            return dict.fromkeys(envelope.recipients, ServerReply(Phase.WRITE, text=described(error)))
        return dict.fromkeys(envelope.recipients, ServerReply(Phase.WRITE, _WRITTEN, f"written to {path.name}"))

    def name_of(self, envelope: Envelope, message: bytes) -> str:
        found = _MESSAGE_ID.search(message)
        words = re.sub(r"[^0-9A-Za-z.-]", "", found[1].decode("ascii", "ignore")) if found else ""
        people = hashlib.sha256("\n".join(sorted(envelope.recipients)).encode()).hexdigest()[:8]
        return f"{words or hashlib.sha256(message).hexdigest()[:32]}-{people}.eml"

    def write(self, name: str, message: bytes) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / name
        unfinished = path.with_suffix(f".{os.getpid()}.part")
        with unfinished.open("wb") as file:
            file.write(message)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        return path

    @property
    def is_open(self) -> bool:
        return self.folder.is_dir()

    def prepare(self) -> ServerReply | None:
        return self.probe()

    def probe(self) -> ServerReply | None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return ServerReply(Phase.WRITE, text=described(error))
        return None

    def close(self) -> None:
        """Nothing is open."""

    def another(self, used: Collection[Transport]) -> Transport:
        return self

    def channel(self) -> ThreadChannel:
        return ThreadChannel(self)
