"""Whether a drain may send a few mails itself: a turn in Redis, left by a sender whose server was fast."""

from functools import lru_cache
from typing import Any, Final

from config.settings import Settings, get_settings
from services.delivery.settings_probe import keyed_mark
from services.events.stream import redis_client

# How long a sender's word holds that the server is fast.
_LASTS_SECONDS: Final = 60


def leave_turn() -> None:
    """The server was fast just now: the next drain with the same mail settings may send."""
    redis_client().set(_name(get_settings()), 1, ex=_LASTS_SECONDS)


def take_turn() -> bool:
    """Whether this process may send now; nobody else may until it, or another sender, was fast again.

    So one child at a time waits for a server that became slow, and one that is killed leaves no turn behind.
    """
    taken: Any = redis_client().delete(_name(get_settings()))
    return bool(taken)


@lru_cache(maxsize=1)
def _name(settings: Settings) -> str:
    """A process that has other settings of the mail account, or none of its secrets, never finds it.

    The key lies in no Redis, so that whoever reads there can try no password.
    """
    return f"escalation:direct:{keyed_mark(settings, settings.database_url.get_secret_value().encode())}"
