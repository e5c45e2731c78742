"""`python -m bench.sink CERTIFICATE [LEAST MOST]`: an SMTP server that keeps nothing; prints its port.

It takes everything at once, or after the final dot as late as real ones do: so many milliseconds, evenly spread. It is
to be faster than whatever is measured with it, so it looks at the first letters of a command only.
"""

import asyncio
import ssl
import sys
from collections.abc import Iterator
from itertools import count

REPLIES = {
    b"DATA": b"354 go\r\n",
    b"QUIT": b"221 bye\r\n",
    b"EHLO": b"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-STARTTLS\r\n250 SIZE 50000000\r\n",
    b"STAR": b"220 go\r\n",
}
END = b"\r\n.\r\n"
GOLDEN = (5**0.5 - 1) / 2


class SinkProtocol(asyncio.Protocol):
    """One conversation."""

    def __init__(self, context: ssl.SSLContext, waits: Iterator[float]) -> None:
        self.context, self.waits = context, waits
        self.due = 0.0
        self.held = bytearray()
        self.in_body = False
        self.securing = False
        self.upgrading: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self.held += data
        # The first command over TLS may come before `upgrade` has the new transport.
        if not self.securing:
            self.take_all(len(data))

    def take_all(self, fresh: int) -> None:
        while self.took_one(fresh):
            pass

    def took_one(self, fresh: int) -> bool:
        """Take one command or one message from what was held; False when it is not whole yet."""
        mark = END if self.in_body else b"\r\n"
        # A body comes in many pieces: only the fresh one can hold its end.
        at = self.held.find(mark, max(0, len(self.held) - fresh - len(mark)) if self.in_body else 0)
        if at < 0:
            return False
        command = b"" if self.in_body else bytes(self.held[:4]).upper()
        wait = next(self.waits) if self.in_body else 0.0
        del self.held[: at + len(mark)]
        self.in_body = command == b"DATA"
        if command == b"STAR":
            # What comes next belongs to TLS already.
            self.transport.pause_reading()
            self.securing = True
            self.upgrading = asyncio.ensure_future(self.upgrade())
        self.reply(REPLIES.get(command, b"250 ok\r\n"), wait)
        if command == b"QUIT":
            self.transport.close()
        return not self.securing

    def reply(self, line: bytes, wait: float) -> None:
        """Now or later, but never before an earlier reply."""
        loop = asyncio.get_running_loop()
        self.due = max(self.due, loop.time() + wait)
        if self.due <= loop.time():
            self.transport.write(line)
        else:
            loop.call_at(self.due, self.transport.write, line)

    async def upgrade(self) -> None:
        loop = asyncio.get_running_loop()
        secured = await loop.start_tls(self.transport, self, self.context, server_side=True)
        assert secured is not None
        self.transport, self.securing = secured, False
        self.take_all(len(self.held))


def spread(least: float, most: float) -> Iterator[float]:
    """Seconds between so many milliseconds: any stretch of them takes as long as any other, whoever is measured."""
    return ((least + (most - least) * (GOLDEN * number % 1)) / 1000 for number in count())


async def serve(certificate: str, least: float = 0.0, most: float = 0.0) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    waits = spread(least, most)
    server = await asyncio.get_running_loop().create_server(lambda: SinkProtocol(context, waits), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(serve(sys.argv[1], *map(float, sys.argv[2:]))))
