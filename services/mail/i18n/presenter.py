"""Renders texts for one reader: translated, formatted, cleaned and shortened."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from gettext import NullTranslations
from typing import Final, Generic, TypeVar

from services.mail.i18n.labels import Words, find_words
from services.mail.i18n.locale import LocaleFormatter, translations
from services.mail.sanitize import clean, cut, one_line

_Entry = TypeVar("_Entry")


@dataclass(frozen=True, slots=True)
class TextLimits:
    """How much is shown: characters of a long and of a short text, entries of a list, messages at either end."""

    long: int
    short: int
    entries: int
    head: int
    tail: int


# The first that makes the HTML small enough is used; the last is small whatever is in the session.
TEXT_LIMITS: Final = (
    TextLimits(long=2_000, short=500, entries=30, head=4, tail=26),
    TextLimits(long=800, short=300, entries=16, head=4, tail=16),
    TextLimits(long=400, short=150, entries=8, head=2, tail=8),
    TextLimits(long=100, short=60, entries=4, head=1, tail=3),
)
LONGEST_NAME: Final = 120


@dataclass(frozen=True, slots=True)
class TruncatedList(Generic[_Entry]):
    """The beginning and the end of a list, and how many entries between them are left out."""

    head: Sequence[_Entry]
    omitted: int = 0
    tail: Sequence[_Entry] = ()


@dataclass
class Presenter:
    """Translates, cleans and shortens; `shortened` becomes true when anything was left out."""

    formatter: LocaleFormatter
    limits: TextLimits = TEXT_LIMITS[0]
    shortened: bool = field(default=False, init=False)
    _words: NullTranslations = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._words = translations(self.language)

    @property
    def language(self) -> str:
        return self.formatter.language

    def say(self, text: str, **values: object) -> str:
        """A sentence in the reader's language."""
        translated = self._words.gettext(text)
        return translated % values if values else translated

    def count(self, singular: str, plural: str, number: int) -> str:
        """A sentence with a number, in the right plural form."""
        translated = self._words.ngettext(singular, plural, number)
        return translated % {"number": self.formatter.number(number)}

    def word(self, code: str | None, known: Words) -> str:
        """A code in the reader's words."""
        return self.say(find_words(one_line(code), known)) if code in known else self.name(find_words(code, known))

    def name(self, text: str | None) -> str:
        """One line that is a name, a number or a place."""
        return self._keep(one_line(text), LONGEST_NAME)

    def short(self, text: str | None) -> str:
        """A text of some sentences."""
        return self._clean(text or "", self.limits.short)

    def long(self, text: str | None) -> str:
        """A text of any length."""
        return self._clean(text or "", self.limits.long)

    def shorts(self, texts: Iterable[str]) -> list[str]:
        """The first of some short texts."""
        every = list(texts)
        self.shortened |= len(every) > self.limits.entries
        return [self.short(text) for text in every[: self.limits.entries]]

    def _clean(self, text: str, limit: int) -> str:
        """Of a long text only what may be shown is cleaned, since some are very long."""
        self.shortened |= len(text) > 2 * limit
        return self._keep(clean(text[: 2 * limit]), limit)

    def _keep(self, text: str, limit: int) -> str:
        self.shortened |= len(text) > limit
        return cut(text, limit)

    def excerpt(self, entries: Sequence[_Entry], head: int, tail: int) -> TruncatedList[_Entry]:
        """The list itself when it is short, else its two ends."""
        omitted = len(entries) - head - tail
        if omitted <= 1:
            return TruncatedList(entries)
        self.shortened = True
        return TruncatedList(entries[:head], omitted, entries[len(entries) - tail :])
