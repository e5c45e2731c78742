"""What the rules and the writing of tickets need to know of this installation, gathered once a process."""

from dataclasses import dataclass
from functools import lru_cache

from config.contacts import load_contacts
from config.lexicon import load_lexicon
from config.policy import load_policy
from config.settings import Settings, get_settings
from rules.contacts import ContactBook
from rules.detection import Lexicon
from rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Knowledge:
    """Policy, word lists, contacts and settings, as one value to hand on."""

    policy: Policy
    lexicon: Lexicon
    contacts: ContactBook
    settings: Settings

    @property
    def message_id_domain(self) -> str:
        """The right side of our Message-IDs: the sender's domain."""
        return self.settings.sender.rpartition("@")[2].encode("idna").decode()


@lru_cache(maxsize=1)
def knowledge() -> Knowledge:
    """This process's knowledge.

    :raises config.errors.ConfigurationError: a file or setting is wrong; the text names it
    """
    settings = get_settings()
    return Knowledge(load_policy(settings.policy_file), load_lexicon(), load_contacts(settings.contacts_file), settings)
