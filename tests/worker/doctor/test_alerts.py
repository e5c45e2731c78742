"""Who is told when something breaks: the webhook and the heartbeat's address, as the doctor finds them."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from config.settings import get_settings
from services.installation import Installation
from tests.https_server import HttpsServer
from tests.observe.webhook import Webhook, listening
from tests.tasks.conftest import connection, installation
from worker.doctor.alerts import check, try_alert
from worker.doctor.finding import CheckResult
from worker.embedded.certificates import make_certificates

__all__ = ["connection", "installation"]

NOWHERE = "http://127.0.0.1:1/hidden-secret"


@pytest.fixture
def webhook(installation: Installation) -> Iterator[Webhook]:
    with listening() as server:
        yield server


def told(monkeypatch: pytest.MonkeyPatch, **settings: str) -> list[CheckResult]:
    """What the doctor says with these settings."""
    for name, value in settings.items():
        monkeypatch.setenv(name.upper(), value)
    get_settings.cache_clear()
    found = list(check(get_settings()))
    assert "secret" not in str(found)
    return found


def test_a_webhook_that_was_never_used_is_no_proof(webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    reached, posts = told(monkeypatch, alert_webhook_url=webhook.url)
    assert (reached.level, reached.found) == ("ok", "it answers")
    assert (posts.level, posts.found) == ("note", "nothing was posted yet")
    assert "doctor --test-alert" in posts.remedy
    assert webhook.posts == []


def test_an_address_where_nothing_listens_is_broken(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = told(monkeypatch, alert_webhook_url=NOWHERE, heartbeat_url=NOWHERE.replace("http:", "https:"))
    broken = [one for one in found if one.level == "broken"]
    assert [one.remedy.split(",")[0] for one in broken] == ["Check ALERT_WEBHOOK_URL", "Check HEARTBEAT_URL"]
    assert all("Connection refused" in one.found for one in broken)


def test_a_certificate_that_nobody_vouches_for_is_broken(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_certificates(tmp_path / "ca.pem", tmp_path / "certificate.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem")
    with HttpsServer(context) as server:
        url = f"{server.url}/hidden-secret"
        [found] = told(monkeypatch, heartbeat_url=url)
        assert (found.level, "CERTIFICATE_VERIFY_FAILED" in found.found) == ("broken", True)
        [found] = told(monkeypatch, heartbeat_url=url, ssl_cert_file=str(tmp_path / "ca.pem"))
        assert (found.level, found.found) == ("ok", "it answers and its certificate is good")
    assert server.requests == []


def test_a_proxy_is_what_has_to_be_reached(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://user:secret@127.0.0.1:1")
    [found] = told(monkeypatch, heartbeat_url="https://monitor.invalid/hidden-secret")
    assert (found.level, found.tried) == ("broken", "connect to 127.0.0.1:1, the proxy for HEARTBEAT_URL's host")


@pytest.mark.parametrize(
    ("tried_at", "posted_at", "level", "words"),
    [
        ("now() - interval '1 minute'", "NULL", "broken", "1 open alert could not be posted"),
        ("NULL", "NULL", "broken", "nobody tried to post 1 open alert"),
        ("now()", "'2026-11-26 01:02:03+00'", "ok", "it took all of them, the last at 2026-11-26 01:02 UTC"),
    ],
)
def test_what_became_of_alerts_is_told(
    webhook: Webhook, connection: Connection, monkeypatch: pytest.MonkeyPatch,
    tried_at: str, posted_at: str, level: str, words: str,
) -> None:  # fmt: skip
    connection.execute(
        text(f"""INSERT INTO escalation.alerts (key, summary, raised_at, tried_at, posted_at)
                 VALUES ('x', 'y', now() - interval '5 minutes', {tried_at}, {posted_at})""")
    )
    _, posts = told(monkeypatch, alert_webhook_url=webhook.url)
    assert (posts.level, posts.found) == (level, words)


def test_a_test_alert_says_what_it_is_and_what_came_back(webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, alert_webhook_url=webhook.url)
    [taken] = try_alert(get_settings())
    assert (taken.level, taken.found) == ("ok", "HTTP 200; look whether it has arrived in the channel")
    assert "TEST" in webhook.texts()[0]
    webhook.status = 404
    [refused] = try_alert(get_settings())
    assert (refused.level, refused.found) == ("broken", "HTTP 404")
    told(monkeypatch, alert_webhook_url=NOWHERE)
    [away] = try_alert(get_settings())
    assert (away.level, away.found) == ("broken", "ConnectionRefusedError: [Errno 111] Connection refused")


def test_a_test_alert_needs_a_webhook(installation: Installation) -> None:
    [missing] = try_alert(get_settings())
    assert (missing.level, missing.found) == ("broken", "it is not set")
