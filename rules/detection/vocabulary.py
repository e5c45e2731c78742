"""All words and phrases that the word lists name, looked up by language and class."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from typing import NamedTuple

from rules.detection.pattern import Element, parse
from rules.detection.spelling import spellings
from rules.detection.wordlist import WordList, WordListEntry, WordListError

_SHORTEST_STEM = 3


class Spec(NamedTuple):
    """A word as a list names it; with a star at its end it stands for all words that begin so."""

    language: str
    word: str

    @property
    def stem(self) -> bool:
        return self.word.endswith("*")


Phrase = tuple[Spec, ...]


class Vocabulary:
    """The classes of all lists, with references from one to another followed."""

    def __init__(self, lists: Sequence[WordList]) -> None:
        self.lists: Mapping[str, WordList] = {words.language: words for words in lists}
        # A pattern, word or class is asked for several times until all is made, and never again.
        self.phrases = cache(self._phrases)
        self.phrases_of_class = cache(self._phrases_of_class)
        self.parse = cache(parse)
        self.function = frozenset(
            spec
            for language, words in self.lists.items()
            for name in words.function
            for phrase in self.phrases_of_class(language, name)
            for spec in phrase
        )

    def _phrases(self, language: str, atom: str) -> tuple[Phrase, ...]:
        """What an atom of a pattern, or a member of a class, stands for."""
        if not atom.startswith("<"):
            return (self.phrase(language, atom),)
        owner, _, name = atom.strip("<>").rpartition(":")
        return self.phrases_of_class(owner or language, name)

    def _phrases_of_class(self, language: str, name: str) -> tuple[Phrase, ...]:
        words = self.lists.get(language)
        members = (words.classes.get(name) or words.function.get(name)) if words else None
        if not members:
            raise WordListError(language, f"<{name}>", "there is no such class, or it is empty")
        try:
            return tuple(dict.fromkeys(chain.from_iterable(self.phrases(language, member) for member in members)))
        except RecursionError:
            raise WordListError(language, f"<{name}>", "the class refers to itself") from None

    def phrase(self, language: str, text: str) -> Phrase:
        specs = tuple(Spec(language, word) for word in text.replace("_", " ").split())
        for spec in specs:
            if spec.stem and len(spec.word) <= _SHORTEST_STEM:
                raise WordListError(language, spec.word, f"should have at least {_SHORTEST_STEM} letters before the *")
        return specs

    def forms(self, spec: Spec) -> frozenset[str]:
        """The folded spellings of a word, or of its stem."""
        renderings = {} if spec.word.startswith("=") else self.lists[spec.language].spelling
        return spellings(spec.word.strip("=*"), renderings)

    def specs(self) -> Iterator[Spec]:
        """Every word of every class and pattern."""
        for language, words in self.lists.items():
            names = chain(words.classes, words.function)
            yield from _flat(chain.from_iterable(self.phrases_of_class(language, name) for name in names))
            for entry in chain(words.entries, words.scopes, words.exceptions):
                yield from _flat(self.of_entry(entry))

    def of_findings(self) -> Iterator[Spec]:
        """The words that lead to findings; a slip in a word that only weakens one must not silence it."""
        for words in self.lists.values():
            yield from _flat(chain.from_iterable(map(self.of_entry, words.entries)))

    def of_entry(self, entry: WordListEntry) -> Iterator[Phrase]:
        for pattern in entry.patterns:
            for element in self.parsed(entry, pattern):
                for atom in element.atoms:
                    yield from self.phrases(entry.language, atom)

    def parsed(self, entry: WordListEntry, pattern: str) -> tuple[Element, ...]:
        """The elements of a pattern of this entry."""
        try:
            return self.parse(pattern)
        except ValueError as error:
            raise WordListError(entry.language, entry.id, f"{pattern!r}: {error}") from None


def _flat(phrases: Iterable[Phrase]) -> Iterator[Spec]:
    return chain.from_iterable(phrases)
