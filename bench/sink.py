"""`python -m bench.sink`: an SMTP server that takes everything at once and keeps nothing; it prints its port.

It is to be faster than whatever is measured with it, so it looks at the first letters of a command only.
"""

import asyncio
import sys

REPLIES = {
    b"DATA": b"354 go\r\n",
    b"QUIT": b"221 bye\r\n",
    b"EHLO": b"250-sink\r\n250-8BITMIME\r\n250 SIZE 50000000\r\n",
}
END = b"\r\n.\r\n"


class Sink(asyncio.Protocol):
    """One conversation."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.held = b""
        self.in_body = False
        transport.write(b"220 sink ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self.held += data
        while self.took_one():
            pass

    def took_one(self) -> bool:
        """Take one command or one message from what was held; False when it is not whole yet."""
        taken, end, rest = self.held.partition(END if self.in_body else b"\r\n")
        if not end:
            return False
        self.held = rest
        command = b"" if self.in_body else taken[:4].upper()
        self.in_body = command == b"DATA"
        self.transport.write(REPLIES.get(command, b"250 ok\r\n"))
        if command == b"QUIT":
            self.transport.close()
        return True


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    sys.exit(asyncio.run(serve()))
