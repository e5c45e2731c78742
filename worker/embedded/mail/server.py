"""The local mail server as a part of the stack."""

import os
import secrets
import smtplib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from worker.embedded.certificates import is_fresh, make_certificates
from worker.embedded.ports import HOST, Port
from worker.embedded.process import ManagedProcess

USER, PASSWORD = "LOCAL_MAIL_USER", "LOCAL_MAIL_PASSWORD"
CERTIFICATE, AUTHORITY, MAILS = "server.pem", "authority.pem", "mails"


class LocalMailServer(ManagedProcess):
    """SMTP with STARTTLS and a login on loopback; mails are kept in `mail_dir` and shown at `inbox_url`."""

    def __init__(
        self, folder: Path, *, port: int | None = None, page_port: int | None = None, password: str | None = None
    ) -> None:
        name = "mail"
        super().__init__(name, folder)
        self.host = HOST
        self.reserved = Port(port, f"{name} (SMTP)"), Port(page_port, f"{name} (page)")
        self.port, self.page_port = (port.number for port in self.reserved)
        self.username = "escalation"
        self.password = password or secrets.token_urlsafe(24)
        self.mail_dir = self.folder / MAILS
        self.ca_file = self.folder / AUTHORITY
        self.url = f"smtp://{self.username}:{self.password}@{HOST}:{self.port}"
        self.inbox_url = f"http://{HOST}:{self.page_port}/"

    def command(self) -> Sequence[str]:
        module = "worker.embedded.mail"
        return [sys.executable, "-m", module, str(self.folder), str(self.port), str(self.page_port)]

    def environment(self) -> Mapping[str, str]:
        return {**os.environ, USER: self.username, PASSWORD: self.password}

    def prepare(self) -> None:
        super().prepare()
        self.mail_dir.mkdir(exist_ok=True)
        # A client that trusts the authority already must still do so after a restart.
        if not is_fresh(self.folder / CERTIFICATE):
            make_certificates(self.ca_file, self.folder / CERTIFICATE)

    def answers(self) -> bool:
        try:
            with smtplib.SMTP(HOST, self.port, timeout=5), urlopen(self.inbox_url, timeout=5) as page:
                return bool(page.status == 200)
        except (OSError, smtplib.SMTPException, URLError):
            return False
