"""Speaks TLS in front of a server that does not, as stunnel would; runs in a thread of the test."""

import asyncio
import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

# What a client of PostgreSQL asks before anything else (its manual, "SSL Session Encryption").
SSL_REQUEST = (80877103).to_bytes(4, "big")


class TlsProxy:
    """Hands every byte on to a port, or to the Unix socket of a PostgreSQL, of this machine."""

    def __init__(self, certificate: Path, target: int | Path, host: str = "127.0.0.1") -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.target = target
        self.host = host
        self.port = 0
        self.ready = threading.Event()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        self.loop.run_until_complete(self.serve())
        self.loop.close()

    async def serve(self) -> None:
        self.ended = asyncio.Event()
        at_once = self.context if isinstance(self.target, int) else None
        server = await asyncio.start_server(self.hand_on, self.host, 0, ssl=at_once)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        await self.ended.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if isinstance(self.target, int):
                back, forth = await asyncio.open_connection("127.0.0.1", self.target)
            elif await self.secured(reader, writer):
                back, forth = await asyncio.open_unix_connection(self.target)
            else:
                return
            try:
                await asyncio.gather(copy(reader, forth), copy(back, writer))
            finally:
                forth.close()
        except (OSError, asyncio.CancelledError):
            return
        finally:
            # Both sides have ended by now, or the test has: no time for farewells.
            writer.transport.abort()

    async def secured(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the client went on after it saw the certificate; another way to encrypt is not offered."""
        try:
            while not (await reader.readexactly(8)).endswith(SSL_REQUEST):
                writer.write(b"N")
            writer.write(b"S")
            await writer.drain()
            await writer.start_tls(self.context)
        except (OSError, asyncio.IncompleteReadError):
            return False
        return True

    def __enter__(self) -> Self:
        self.thread.start()
        assert self.ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.loop.call_soon_threadsafe(self.ended.set)
        self.thread.join()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()
