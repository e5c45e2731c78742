"""A TCP proxy that can leave its connections half-open: both ends believe in them and nothing passes any more."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Self

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[], Awaitable[Streams]]
CHUNK = 65_536


class Link:
    """One connection through the proxy."""

    def __init__(self, near: Streams, far: Streams) -> None:
        self.near, self.far = near, far
        self.passes = asyncio.Event()
        self.passes.set()

    async def run(self) -> None:
        """Until either end hangs up."""
        ways = {
            asyncio.create_task(self.pump(self.near[0], self.far[1])),
            asyncio.create_task(self.pump(self.far[0], self.near[1])),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.cut()
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(CHUNK):
                await self.passes.wait()
                target.write(data)
                await target.drain()

    def cut(self) -> None:
        """End it with a reset, also when nothing passes at the moment."""
        self.near[1].transport.abort()
        self.far[1].transport.abort()
        self.passes.set()


class Proxy:
    """Listens on a loopback port and dials the real server for each connection."""

    def __init__(self, dial: Dial) -> None:
        self.dial = dial
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.links: set[Link] = set()
        self.frozen: set[Link] = set()
        self.port = 0

    def __enter__(self) -> Self:
        self.thread.start()
        self.server = self.call(asyncio.start_server(self.accept, "127.0.0.1", 0))
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self.call(self.end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far = await self.dial()
        except OSError:
            writer.transport.abort()
            return
        link = Link((reader, writer), far)
        self.links.add(link)
        try:
            await link.run()
        finally:
            self.links.discard(link)

    def freeze(self) -> int:
        """Let nothing pass any more on the connections of this moment; new ones work. How many these are."""
        held: int = self.call(self.hold())
        return held

    def thaw(self) -> None:
        """End the connections that were frozen, with a reset."""
        self.call(self.drop())

    async def hold(self) -> int:
        open_links = self.links - self.frozen
        for link in open_links:
            link.passes.clear()
        self.frozen |= open_links
        return len(open_links)

    async def drop(self) -> None:
        for link in self.frozen:
            link.cut()
        self.frozen.clear()

    async def end(self) -> None:
        self.server.close()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for link in self.links:
                link.cut()
            await asyncio.wait(others, timeout=0.1)


def to_port(port: int) -> Dial:
    return lambda: asyncio.open_connection("127.0.0.1", port)


def to_socket(path: str) -> Dial:
    return lambda: asyncio.open_unix_connection(path)
