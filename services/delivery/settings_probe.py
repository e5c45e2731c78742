"""A probe before its time: once somebody has changed the settings of an account whose mail is held."""

import hashlib
import hmac
import json
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from redis import Redis
from sqlalchemy import Connection, text

from config.settings import Settings

# Settings that are looked at in an hour, those that failed among them: workers with different ones must not log in over
# and over, as a provider might lock the account.
MOST_PER_HOUR = 8
_STATE = text("""
    SELECT phase, extract(epoch FROM opened_at)::float AS opened, extract(epoch FROM clock_timestamp())::float AS now
    FROM escalation.mail_accounts WHERE account = :account AND state = 'open' FOR UPDATE
""")
_TRIED = text("SELECT value -> 'tried' FROM escalation.settings WHERE key = :key")
_NOTE = text("""
    INSERT INTO escalation.settings (key, value) VALUES (:key, jsonb_build_object('tried', CAST(:tried AS jsonb)))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = clock_timestamp()
""")


def take_early_probe(connection: Connection, account: str, mark: str) -> str | None:
    """Take a probe when the account is held and was not tried with these settings since; the phase that had failed.

    The first process to look after a failure is assumed to use the failing settings, so it only notes them: a worker
    that restarts again and again with wrong settings never logs in.
    """
    state = connection.execute(_STATE, {"account": account}).one_or_none()
    if state is None:
        return None
    key = {"key": f"mail_settings:{account}"}
    earlier = connection.execute(_TRIED, key).scalar() or []
    tried = [(settings, at) for settings, at in earlier if at > state.now - 3600 or at >= state.opened]
    since = {settings for settings, at in tried if at >= state.opened}
    if mark in since or len(tried) >= MOST_PER_HOUR:
        return None
    connection.execute(_NOTE, {**key, "tried": json.dumps([*tried, (mark, state.now)])})
    return str(state.phase) if since else None


# Kept apart from the marks, which lie in PostgreSQL: whoever has one of both can try no password.
_KEY = "escalation:settings_key"
_NAMES = {"mail_transport", "from_email", "https_ca_file"}
_PREFIXES = ("smtp_", "oauth_", "graph_")


def settings_mark(settings: Settings, redis: Redis) -> str:
    """All that decides whether a login works, as a hash with a key that lies in Redis."""
    return keyed_mark(settings, key(redis))


def keyed_mark(settings: Settings, secret: bytes) -> str:
    """All that decides whether a login works, as a keyed hash."""
    names = sorted(name for name in Settings.model_fields if name in _NAMES or name.startswith(_PREFIXES))
    words = "\0".join(f"{name}={_plain(getattr(settings, name))}" for name in names)
    return hmac.new(secret, words.encode(), hashlib.sha256).hexdigest()


def key(redis: Redis) -> bytes:
    """Made by whoever needs it first. Should it be lost, each account is probed once more than needed."""
    redis.set(_KEY, secrets.token_hex(32), nx=True)
    found: Any = redis.get(_KEY)
    return bytes(found)


def _plain(value: object) -> str:
    """A file counts by what is in it."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Path):
        with suppress(OSError):
            return value.read_bytes().hex()
    return str(value)
