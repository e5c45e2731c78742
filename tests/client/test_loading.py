"""A Redis that still loads its data says LOADING: the event is sent once more, or waits on disk."""

import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from escalation_client import Publisher, PublishError
from tests.client.stream import report, sessions_in

LOADING = b"-LOADING Redis is loading the dataset in memory\r\n"


class Loading(socketserver.ThreadingTCPServer):
    """Says LOADING to whatever is asked on its first connections."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.connections = 0


class Answers(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Loading)
        self.server.connections += 1
        while data := self.request.recv(65_536):
            # One answer for each command: each is an array, and only arrays begin a line with an asterisk here.
            self.request.sendall(LOADING * data.count(b"*"))


@pytest.fixture
def loading() -> Iterator[Loading]:
    with Loading() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_it_is_tried_once_more_on_a_new_connection(loading: Loading) -> None:
    with Publisher(f"redis://127.0.0.1:{loading.server_address[1]}/0") as publisher:
        with pytest.raises(PublishError, match="loading"):
            publisher.publish(report("s1"))
        assert loading.connections >= 2


def test_the_event_waits_on_disk_meanwhile(loading: Loading, spool: Path, url: str, redis: Redis) -> None:
    with Publisher(f"redis://127.0.0.1:{loading.server_address[1]}/0", spool=spool) as publisher:
        assert publisher.publish(report("s1")) is None
    with Publisher(url, spool=spool) as publisher:
        assert publisher.flush(20)
    assert sessions_in(redis) == ["s1"]
