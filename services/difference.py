"""A difference between the database and what the code needs, in words."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How grave a difference is."""

    SHAPE = "shape"  # the code would fail on it: nothing is migrated
    LOST = "lost"  # a column, its key, or that it is always filled: the code would fail, and a rebuild mends it
    STATE = "state"  # something is missing that was there, or is not there yet
    RIGHTS = "rights"  # the role may not do what it has to
    NOTE = "note"  # good to know


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as the code needs it: where, what is there, what is needed, and what to do."""

    kind: Kind
    place: str
    found: str
    needed: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place} {self.found}; {self.needed}. {self.remedy}"
