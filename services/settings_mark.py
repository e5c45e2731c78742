"""A mark of the settings of mail: the same for the same settings, and nobody can read a secret out of it."""

import hashlib
import hmac
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from redis import Redis

from config.settings import Settings

# Kept apart from the marks, which lie in PostgreSQL: whoever has one of both can try no password.
KEY = "escalation:settings_key"
NAMES = {"mail_transport", "from_email", "https_ca_file"}
PREFIXES = ("smtp_", "oauth_", "graph_")


def settings_mark(settings: Settings, redis: Redis) -> str:
    """All that decides whether a login works, as a keyed hash."""
    names = sorted(name for name in Settings.model_fields if name in NAMES or name.startswith(PREFIXES))
    words = "\0".join(f"{name}={plain(getattr(settings, name))}" for name in names)
    return hmac.new(key(redis), words.encode(), hashlib.sha256).hexdigest()


def key(redis: Redis) -> bytes:
    """Made by whoever needs it first. Should it be lost, each account is probed once more than needed."""
    redis.set(KEY, secrets.token_hex(32), nx=True)
    found: Any = redis.get(KEY)
    return bytes(found)


def plain(value: object) -> str:
    """A file counts by what is in it."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Path):
        with suppress(OSError):
            return value.read_bytes().hex()
    return str(value)
