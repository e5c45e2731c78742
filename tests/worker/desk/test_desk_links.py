"""Links and answers of the ticket's page: who gets in, and what is kept of it anywhere."""

import re
from base64 import b64encode
from hashlib import sha256

import httpx
from itsdangerous import TimestampSigner
from sqlalchemy import Connection

from services.installation import Installation
from services.tickets.signed_links import form_token, link, signer
from tests.services.tickets.conftest import by_sql


def test_old_wrong_and_dead_links_are_told_apart(
    browser: httpx.Client, ticket: dict[str, str], public: Installation, connection: Connection
) -> None:
    assert browser.get("/t/nonsense").status_code == 404
    assert browser.get(f"{ticket['path']}x").status_code == 404
    assert browser.get(f"/t/{form_token(ticket['id'], public.settings)}").status_code == 404
    assert browser.get("/elsewhere").status_code == 404
    by_sql(connection, "DELETE FROM public.support_tickets")
    deleted = browser.get(ticket["path"])
    assert (deleted.status_code, "has been deleted" in deleted.text) == (410, True)


def test_a_link_expires(browser: httpx.Client, ticket: dict[str, str], public: Installation) -> None:
    days = public.settings.link_days
    for age, status in ((days * 86_400 - 60, 200), (days * 86_400 + 60, 410)):
        assert browser.get(f"/t/{aged(ticket['id'], age, public)}").status_code == status


def aged(ticket_id: str, seconds: int, public: Installation) -> str:
    """A token as it was signed some time ago."""

    class Earlier(TimestampSigner):
        def get_timestamp(self) -> int:
            return super().get_timestamp() - seconds

    made = signer(public.settings, "link")
    made.signer = Earlier
    return str(made.dumps(ticket_id))


def test_every_answer_is_safe_and_kept_nowhere(browser: httpx.Client, ticket: dict[str, str]) -> None:
    for path in (ticket["path"], "/t/nonsense", "/health", "/elsewhere"):
        headers = browser.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert "noindex" in headers["x-robots-tag"]
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in headers
        assert "server" not in headers
    page = browser.get(ticket["path"])
    assert "style=" not in page.text
    assert page.text.count("<script>") == 1
    for tag in ("style", "script"):
        content = page.text.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]
        digest = b64encode(sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in page.headers["content-security-policy"]
    assert len(page.content) < 60_000
    assert not re.search(r'<(?:link(?! rel="icon" href="data:,")|img|script src)', page.text)
    assert browser.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"
    assert browser.put(ticket["path"]).status_code == 405


def test_too_many_are_turned_away(browser: httpx.Client, ticket: dict[str, str], public: Installation) -> None:
    limit = public.settings.desk_actions_per_minute
    answers = [browser.post(ticket["path"], data={"action": "acknowledge"}) for _ in range(limit + 1)]
    assert [one.status_code for one in answers] == [403] * limit + [429]
    assert answers[-1].headers["retry-after"] == "60"


def test_the_link_needs_a_public_address(installation: Installation, public: Installation) -> None:
    assert link("t", installation.settings) is None
    assert str(link("t", public.settings)).startswith("https://tickets.example.com/desk/t/")


def test_whoever_only_looks_at_a_link_changes_nothing(
    browser: httpx.Client, ticket: dict[str, str], connection: Connection
) -> None:
    """As the scanners of mail providers do with every link, also before the reader has seen the mail."""
    before = connection.exec_driver_sql(WHAT_PEOPLE_DID).one()
    for method in ("GET", "HEAD", "OPTIONS"):
        for query in ("", "?action=acknowledge", "?action=resolve&name=Maria"):
            browser.request(method, f"{ticket['path']}{query}", headers={"User-Agent": "Mozilla/5.0 SafeLinks"})
    assert connection.exec_driver_sql(WHAT_PEOPLE_DID).one() == before


WHAT_PEOPLE_DID = """
    SELECT acknowledged_at, acknowledged_by, status, (SELECT count(*) FROM escalation.mails)
    FROM escalation.tickets JOIN public.support_tickets ON id = ticket_id
"""


def test_an_unchanged_page_is_not_sent_again(browser: httpx.Client, ticket: dict[str, str]) -> None:
    version = re.search(r'data-version="([^"]+)"', browser.get(ticket["path"]).text)
    assert version
    again = browser.get(ticket["path"], headers={"if-none-match": f'"{version[1]}"'})
    assert (again.status_code, again.content) == (304, b"")
