"""The list of open tickets: for a team's link until it is revoked, and through a proxy that authenticates."""

import httpx
import pytest
from sqlalchemy import Connection

from config.settings import get_settings
from services.installation import Installation, get_installation
from worker.desk.access import add_team_link, revoke_team_links


@pytest.fixture
def team(public: Installation, connection: Connection) -> str:
    """The path of a team's link."""
    link = add_team_link(connection, "North", public.settings)
    connection.commit()
    return link.removeprefix(str(public.settings.public_url))


def test_a_team_link_opens_the_list_until_it_is_revoked(
    browser: httpx.Client, ticket: dict[str, str], team: str, connection: Connection
) -> None:
    assert browser.get("/").status_code == 403
    opened = browser.get(team)
    assert (opened.status_code, opened.headers["location"]) == (303, "../")
    cookie = {"cookie": opened.headers["set-cookie"].partition(";")[0]}
    listed = browser.get("/", headers=cookie)
    assert (listed.status_code, ticket["number"] in listed.text, "North" in listed.text) == (200, True, True)
    path = listed.text.partition('href="t/')[2].partition('"')[0]
    assert ticket["number"] in browser.get(f"/t/{path}").text
    assert revoke_team_links(connection, "North") == 1
    connection.commit()
    assert browser.get("/", headers=cookie).status_code == 403
    assert browser.get(team).status_code == 404


def test_the_list_is_filtered(browser: httpx.Client, ticket: dict[str, str], team: str) -> None:
    cookie = {"cookie": browser.get(team).headers["set-cookie"].partition(";")[0]}
    shown = {
        query: ticket["number"] in browser.get(f"/?{query}", headers=cookie).text
        for query in ("state=open", "state=finished", "priority=urgent", "priority=low", "age=1", "organisation=None")
    }
    assert [query for query, is_shown in shown.items() if is_shown] == ["state=open", "priority=urgent", "age=1"]


@pytest.mark.parametrize(("networks", "status"), [("127.0.0.0/8", 200), ("10.0.0.0/8", 403), ("", 403)])
def test_a_user_header_counts_from_the_proxy_alone(
    networks: str, status: int, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue("public")
    monkeypatch.setenv("DESK_USER_PROXIES", networks)
    get_settings.cache_clear()
    get_installation.cache_clear()
    browser = request.getfixturevalue("browser")
    headers = {"x-forwarded-user": "maria", "x-forwarded-for": "192.0.2.7"}
    assert browser.get("/", headers=headers).status_code == status
