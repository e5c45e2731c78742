"""Login to the list by an OpenID provider: a real one over TLS, which may also be a wrong or a hostile one."""

import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
import uvicorn
from joserfc.jwk import RSAKey
from pydantic import ValidationError

from config.desk_settings import DeskSettings
from config.settings import get_settings
from services.installation import Installation, get_installation
from services.tickets.signed_links import signer
from tests.openid_provider import CLIENT_ID, CLIENT_SECRET, OpenIdProvider, openid_provider
from tests.tasks.evaluation.batches import wait_for
from tests.worker.desk.conftest import SECRET
from worker.commands.desk import server_settings
from worker.desk.oidc import PERSON_COOKIE, find_person
from worker.embedded.ports import HOST, Port


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def provider(authority: trustme.CA) -> Iterator[OpenIdProvider]:
    with openid_provider(authority) as running:
        yield running


@pytest.fixture
def public(
    request: pytest.FixtureRequest,
    installation: Installation,
    provider: OpenIdProvider,
    authority: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Installation:
    """With a login; the page's address is where it listens, since the provider sends people back there.

    A parameter (indirect) has further settings.
    """
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    for name, value in {
        "PUBLIC_URL": f"http://{HOST}:{Port(None, 'desk').number}",
        "LINK_SECRET": SECRET,
        "DESK_ANSWER_SECONDS": "30",
        "HTTPS_CA_FILE": str(tmp_path / "authority.pem"),
        "OIDC_ISSUER": provider.issuer,
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "OIDC_USERS": "john@example.org, @example.com",
        **getattr(request, "param", {}),
    }.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    get_installation.cache_clear()
    return get_installation()


@pytest.fixture
def desk(public: Installation) -> Iterator[str]:
    address = str(public.settings.public_url)
    server = uvicorn.Server(server_settings(public.settings, HOST, int(address.rpartition(":")[2])))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_for(lambda: server.started)
    yield address
    server.should_exit = True
    thread.join()


@pytest.fixture
def browser(desk: str, authority: trustme.CA) -> Iterator[httpx.Client]:
    """Trusts the provider's certificate, and follows from place to place as browsers do."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with httpx.Client(base_url=desk, verify=context, follow_redirects=True, timeout=30) as client:
        yield client


def test_a_person_logs_in_once_and_sees_the_list(
    browser: httpx.Client, ticket: dict[str, str], provider: OpenIdProvider
) -> None:
    shown = browser.get("/")
    assert shown.status_code == 200
    assert ticket["number"] in shown.text
    assert "maria@example.com" in shown.text
    asked = provider.asked[0]
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert "openid" in asked["scope"]
    [cookie] = [line for line in shown.history[-1].headers.get_list("set-cookie") if PERSON_COOKIE in line]
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"} <= set(cookie.split("; "))
    assert browser.get("/").status_code == 200
    assert len(provider.asked) == 1
    assert 'href="../"' in browser.get(ticket["path"]).text


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://login.example.com"},
        {"aud": "another client"},
        {"azp": "another client"},
        {"nonce": "of another login"},
        {"exp": int(time.time()) - 3_600},
        {"email": "mallory@example.net"},
        {"email": "mallory@notexample.com"},
        {"email": None},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "false"},
    ],
    ids=lambda claims: "-".join(claims),
)
def test_a_token_that_does_not_count_opens_nothing(
    browser: httpx.Client, provider: OpenIdProvider, claims: dict[str, object]
) -> None:
    provider.claims = claims
    assert_refused(browser.get("/"))


def test_an_address_that_is_not_said_to_be_verified_opens_nothing(
    browser: httpx.Client, provider: OpenIdProvider
) -> None:
    provider.omits = {"email_verified"}
    assert_refused(browser.get("/"))


@pytest.mark.parametrize("public", [{}, {"OIDC_EMAIL_IS_VERIFIED": "true"}], indirect=True, ids=["asked", "believed"])
def test_a_provider_may_say_that_an_address_is_verified_in_a_string(
    browser: httpx.Client, provider: OpenIdProvider
) -> None:
    provider.claims = {"email_verified": "false"}
    assert_refused(browser.get("/"))
    provider.claims = {"email_verified": "true"}
    assert browser.get("/").status_code == 200


@pytest.mark.parametrize("public", [{"OIDC_EMAIL_IS_VERIFIED": "true"}], indirect=True)
def test_a_provider_whose_addresses_are_all_verified_need_not_say_so(
    browser: httpx.Client, provider: OpenIdProvider
) -> None:
    provider.claims = {"email_verified": False}
    assert_refused(browser.get("/"))
    provider.omits = {"email_verified"}
    assert browser.get("/").status_code == 200


def test_a_token_that_somebody_else_has_signed_opens_nothing(browser: httpx.Client, provider: OpenIdProvider) -> None:
    provider.signs_with = RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})
    assert_refused(browser.get("/"))


def test_an_answer_counts_only_for_the_login_that_this_browser_began(
    browser: httpx.Client, provider: OpenIdProvider
) -> None:
    assert_refused(browser.get("/callback", params={"code": "0", "state": "x"}))
    browser.get("/login", follow_redirects=False)
    for state in ("x", "κατάσταση"):
        assert_refused(browser.get("/callback", params={"code": "0", "state": state}))
    assert_refused(browser.get("/callback", params={"error": "access_denied"}))
    assert provider.asked == []


def test_a_cookie_that_was_changed_opens_nothing(browser: httpx.Client, provider: OpenIdProvider) -> None:
    assert browser.get("/").status_code == 200
    kept = browser.cookies[PERSON_COOKIE]
    browser.cookies.clear()
    browser.cookies.set(PERSON_COOKIE, f"{kept[:-3]}xyz", domain=HOST)
    provider.claims = {"email": "mallory@example.net"}
    assert_refused(browser.get("/"))


def test_whom_the_setting_names_no_more_sees_nothing_more(public: Installation) -> None:
    kept = signer(public.settings, "oidc-person").dumps("maria@example.com")
    assert find_person(public.settings, kept) == "maria@example.com"
    changed = public.settings.model_copy(update={"oidc_users": "john@example.org"})
    assert find_person(changed, kept) is None
    assert find_person(public.settings.model_copy(update={"oidc_issuer": None}), kept) is None


def test_a_provider_that_is_away_is_said(browser: httpx.Client, provider: OpenIdProvider) -> None:
    provider.shutdown()
    provider.server_close()
    assert_refused(browser.get("/"))


@pytest.mark.parametrize("description", [["a list"], {"issuer": "https://elsewhere.example"}, {}])
def test_what_does_not_describe_itself_as_the_provider_is_said(
    browser: httpx.Client, provider: OpenIdProvider, description: Any
) -> None:
    provider.description = description or {"issuer": provider.issuer, "token_endpoint": provider.issuer}
    assert_refused(browser.get("/"))


def assert_refused(answer: httpx.Response) -> None:
    assert answer.status_code == 403
    assert "The login did not work." in answer.text
    assert PERSON_COOKIE not in answer.headers.get("set-cookie", "")


def test_an_incomplete_login_is_no_setting() -> None:
    with pytest.raises(ValidationError, match="OIDC_ISSUER needs PUBLIC_URL, OIDC_CLIENT_ID and OIDC_USERS"):
        DeskSettings(oidc_issuer="https://login.example.com")  # type: ignore[call-arg]
    with pytest.raises(ValidationError, match="should start with https://"):
        DeskSettings(oidc_issuer="http://login.example.com")  # type: ignore[call-arg]
