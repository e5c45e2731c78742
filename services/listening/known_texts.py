"""What the second ear listens for, and the texts that it compares with."""

from dataclasses import dataclass
from typing import Final

from rules.triggers import KIND_REASON

KINDS: Final = tuple(KIND_REASON)


@dataclass(frozen=True, slots=True)
class KnownText:
    """A text of the training set, what it means in English, and whether it tells of people who are hurt."""

    text: str
    language: str
    gloss: str
    hurt: bool
