"""What a word list says, as it was read from its file; `build` makes a lexicon of all of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

STANDS = "stands"
KINDS = ("safety_concern", "user_request", "unhurt")
EFFECTS = {
    STANDS: "and nothing weakens it",
    "denied": "but it is denied",
    "asked": "but it is a question about a possibility or a procedure",
    "supposed": "but it is only supposed, warned of or avoided",
    "over": "but it is past and settled",
    "quoted": "but it is quoted from somebody else",
}


class WordListError(ValueError):
    """An entry of a word list cannot be used; `entry` is its id, or the name of the class."""

    def __init__(self, language: str, entry: str, problem: str) -> None:
        super().__init__(f"{entry}: {problem}")
        self.language, self.entry, self.problem = language, entry, problem


@dataclass(frozen=True, slots=True)
class WordListEntry:
    """Patterns that mean something: a finding (`kind`), what weakens one (`effect`), or nothing (an exception)."""

    id: str
    language: str
    gloss: str
    patterns: tuple[str, ...]
    match: tuple[str, ...]
    no_match: tuple[str, ...]
    kind: str = ""
    effect: str = ""
    hurt: bool = False
    whole: bool = False
    no_wish: bool = False
    gravity: int = 1
    kinds: tuple[str, ...] = KINDS


@dataclass(frozen=True, slots=True)
class WordList:
    """One language: its classes of words, and what their combinations mean."""

    language: str
    classes: Mapping[str, tuple[str, ...]]
    function: Mapping[str, tuple[str, ...]]
    entries: tuple[WordListEntry, ...]
    scopes: tuple[WordListEntry, ...] = ()
    exceptions: tuple[WordListEntry, ...] = ()
    ordinary: tuple[str, ...] = ()
    plain_replies: tuple[str, ...] = ()
    proclitics: tuple[str, ...] = ()
    spelling: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
