"""Mails of tickets that the worker itself opened, with settings as an installation has them."""

from collections.abc import Iterator

import pytest

from config.settings import Settings, get_settings


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The process's settings: a team in Athens that reads English."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DATABASE_URL", "postgresql://unused")
    monkeypatch.setenv("REDIS_URL", "redis://unused")
    monkeypatch.setenv("FROM_EMAIL", "abparts_support@example.com")
    monkeypatch.setenv("SUPPORT_EMAIL", "support@example.com")
    monkeypatch.setenv("SUPPORT_TIME_ZONE", "Europe/Athens")
    get_settings.cache_clear()
    yield get_settings()
    get_settings.cache_clear()
