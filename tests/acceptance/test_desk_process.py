"""`python -m worker desk` from the checkout, as the engineer on call starts it."""

import socket

import httpx

from tests.processes import Processes, wait_for


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def is_up(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health").text == "ok\n"
    except httpx.TransportError:
        return False


def test_it_serves_ends_at_once_and_logs_no_link(family: Processes) -> None:
    port = free_port()
    public = {"PUBLIC_URL": "https://tickets.example.com", "LINK_SECRET": "a secret of thirty-two characters"}
    desk = family.start("worker", "desk", "--port", str(port), **public)
    address = f"http://127.0.0.1:{port}"
    wait_for(lambda: is_up(address), "the page")
    assert httpx.get(f"{address}/t/very-secret-link").status_code == 404
    desk.stop()
    assert desk.popen.returncode in {0, -15}
    assert "very-secret-link" not in desk.output


def test_it_says_what_is_missing(family: Processes) -> None:
    desk = family.start("worker", "desk")
    assert desk.popen.wait(30) == 2
    assert "PUBLIC_URL: is missing, so no mail has a link to the page" in desk.output
