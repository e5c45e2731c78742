"""Settings of the ticket's page: a link is signed or not made, and addresses are checked."""

import pytest

from config.errors import ConfigurationError
from config.settings import Settings, get_settings

SECRET = "a secret of thirty-two characters"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://localhost/x")
    monkeypatch.setenv("REDIS_URL", "redis://localhost")
    get_settings.cache_clear()
    return monkeypatch


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"PUBLIC_URL": "https://tickets.example.com"}, "PUBLIC_URL needs LINK_SECRET"),
        ({"PUBLIC_URL": "tickets.example.com", "LINK_SECRET": SECRET}, "PUBLIC_URL: should be an address such as"),
        ({"PUBLIC_URL": "https://a/?b", "LINK_SECRET": SECRET}, "PUBLIC_URL: should be an address such as"),
        ({"LINK_SECRET": "short"}, "LINK_SECRET: should have at least 32 characters: openssl rand -hex 32"),
        ({"LINK_DAYS": "0"}, "LINK_DAYS"),
        ({"HEARTBEAT_URL": "hc.example.com/abc"}, "HEARTBEAT_URL: should start with https://"),
    ],
)
def test_wrong_ones_are_named(given: dict[str, str], said: str, environment: pytest.MonkeyPatch) -> None:
    for name, value in given.items():
        environment.setenv(name, value)
    with pytest.raises(ConfigurationError, match=said.replace("?", r"\?")) as error:
        get_settings()
    assert "short" not in str(error.value)


def test_the_address_has_no_slash_at_its_end(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PUBLIC_URL", "https://tickets.example.com/desk/")
    environment.setenv("LINK_SECRET", SECRET)
    assert get_settings().public_url == "https://tickets.example.com/desk"
