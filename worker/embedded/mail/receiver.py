"""Takes mails by SMTP: STARTTLS and a login are required, as mail providers do (RFC 3207, RFC 4954)."""

import asyncio
import errno
import secrets
import ssl
from dataclasses import dataclass
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from worker.embedded.mail.store import MailStore

_LARGEST_MAIL_BYTES = 35_000_000


@dataclass(frozen=True)
class Login:
    """The one login that may send."""

    user: str
    password: str

    def __call__(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        """Is it this login? Takes equally long for every wrong one."""
        right = (
            isinstance(data, LoginPassword)
            and secrets.compare_digest(data.login, self.user.encode())
            and secrets.compare_digest(data.password, self.password.encode())
        )
        # handled=False: the server itself then answers with 535.
        return AuthResult(success=right, handled=False)


@dataclass(frozen=True)
class _Receiver:
    """Keeps what arrives."""

    store: MailStore

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        try:
            number = self.store.save(envelope.mail_from or "", envelope.rcpt_tos, envelope.original_content or b"")
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            return "452 4.3.1 No space left where mails are kept"
        return f"250 2.0.0 Kept as {number}"


async def receive(store: MailStore, login: Login, certificate: str, host: str, port: int) -> asyncio.Server:
    """Listen for mails; asyncio sets TCP_NODELAY on each connection."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    loop = asyncio.get_running_loop()
    receiver = _Receiver(store)

    def connection() -> SMTP:
        return SMTP(
            receiver,
            loop=loop,
            hostname="localhost",
            ident="Local mail server",
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=login,
            enable_SMTPUTF8=True,
            data_size_limit=_LARGEST_MAIL_BYTES,
        )

    return await loop.create_server(connection, host, port)
