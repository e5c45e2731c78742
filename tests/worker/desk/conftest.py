"""The page as it is served: a real uvicorn, a real database, tickets opened by events."""

import re
import threading
from collections.abc import Callable, Iterator
from html import unescape

import httpx
import pytest
import uvicorn
from sqlalchemy import Connection

from config.settings import get_settings
from escalation_client.events import Event
from services.installation import Installation, get_installation
from services.tickets.signed_links import token
from tasks.evaluation.batch import write
from tests.events import confidence, message, started
from tests.services.tickets.conftest import connection, entries, installation, publish, redis
from tests.tasks.conftest import rows
from tests.tasks.evaluation.batches import Entries, wait_for
from worker.commands.desk import server_settings

__all__ = ["connection", "entries", "installation", "publish", "redis"]

SECRET = "a secret of thirty-two characters"


@pytest.fixture
def public(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """The same installation with links to the page."""
    monkeypatch.setenv("PUBLIC_URL", "https://tickets.example.com/desk")
    monkeypatch.setenv("LINK_SECRET", SECRET)
    monkeypatch.setenv("DESK_ANSWER_SECONDS", "30")
    monkeypatch.setenv("DESK_ACTIONS_PER_MINUTE", "5")
    get_settings.cache_clear()
    get_installation.cache_clear()
    return get_installation()


@pytest.fixture
def desk(public: Installation) -> Iterator[str]:
    """The address of a running page."""
    server = uvicorn.Server(server_settings(get_installation().settings, "127.0.0.1", 0))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_for(lambda: server.started)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def browser(desk: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=desk) as client:
        yield client


@pytest.fixture
def ticket(public: Installation, entries: Entries, connection: Connection) -> dict[str, str]:
    """An urgent ticket with two reasons: its id, number and path."""
    events: list[Event] = [started("s"), message("s", "there is smoke from the <b>cabinet</b>"), confidence("s", 0.1)]
    write(entries(events), public)
    (row,) = rows(connection, "SELECT ticket_id, ticket_number FROM escalation.tickets")
    return {
        "id": row["ticket_id"],
        "number": row["ticket_number"],
        "path": f"/t/{token(row['ticket_id'], public.settings)}",
    }


Send = Callable[..., httpx.Response]


@pytest.fixture
def send(browser: httpx.Client, ticket: dict[str, str]) -> Send:
    """Load the page, then send one of its forms as a browser does."""

    def sent(**fields: str) -> httpx.Response:
        page = browser.get(ticket["path"]).text
        form = re.search(r'name="form" value="([^"]+)"', page)
        assert form
        return browser.post(ticket["path"], data={"form": unescape(form[1]), **fields}, follow_redirects=True)

    return sent
