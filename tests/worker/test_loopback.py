"""A program of this machine is asked where it listens."""

import socket

import pytest

from worker.local_http import reached_at, why_nothing_can_listen


@pytest.mark.parametrize(
    ("listens_at", "reached"),
    [
        ("127.0.0.1", "http://127.0.0.1:8090"),
        ("0.0.0.0", "http://127.0.0.1:8090"),
        ("10.0.0.7", "http://10.0.0.7:8090"),
        ("desk.internal", "http://desk.internal:8090"),
        ("::", "http://[::1]:8090"),
        ("fd00::7", "http://[fd00::7]:8090"),
    ],
)
def test_the_address_of_the_settings_is_asked_and_loopback_for_all_addresses(listens_at: str, reached: str) -> None:
    assert reached_at(listens_at, 8090) == reached


def test_a_port_is_free_until_somebody_listens_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert why_nothing_can_listen("127.0.0.1", port) == "Address already in use"
    assert why_nothing_can_listen("127.0.0.1", port) is None
    assert why_nothing_can_listen("192.0.2.1", port)
