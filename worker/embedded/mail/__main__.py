"""`python -m worker.embedded.mail FOLDER SMTP_PORT PAGE_PORT`, the login in the environment: runs until stopped."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from worker.embedded.mail.page import web_application
from worker.embedded.mail.receiver import Login, receive
from worker.embedded.mail.server import CERTIFICATE, MAILS, PASSWORD, USER
from worker.embedded.mail.store import MailStore
from worker.embedded.ports import HOST


def serve(folder: Path, smtp_port: int, page_port: int, login: Login) -> None:
    """Receive and show mails until a signal ends it."""
    store = MailStore(folder / MAILS)

    @asynccontextmanager
    async def receiving(_: Starlette) -> AsyncIterator[None]:
        server = await receive(store, login, str(folder / CERTIFICATE), HOST, smtp_port)
        try:
            yield
        finally:
            # Without waiting: clients keep their connections for the next mail.
            server.close()

    uvicorn.run(web_application(store, receiving), host=HOST, port=page_port, log_level="warning", server_header=False,
                timeout_graceful_shutdown=1)  # fmt: skip


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Login(os.environ[USER], os.environ[PASSWORD]))
