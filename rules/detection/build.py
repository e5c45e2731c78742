"""Makes a lexicon of word lists: gives every word its code and every pattern its regular expression."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from rules.detection.alphabet import Alphabet
from rules.detection.compile import Compiler
from rules.detection.fold import fold
from rules.detection.lexicon import Coder, Index, Lead, Lexicon, Stretches
from rules.detection.spelling import SHORTEST_WITH_SLIPS, slips
from rules.detection.tokens import UNKNOWN
from rules.detection.vocabulary import Vocabulary
from rules.detection.wordlist import WordList, WordListEntry


def build(lists: Sequence[WordList]) -> Lexicon:
    """A lexicon of these languages.

    Raises WordListError for a pattern that cannot be read, a class that does not exist, or a pattern of function words
    alone (it would be tried on every text).
    """
    vocabulary = Vocabulary(lists)
    proclitics = sorted({fold(word) for words in lists for word in words.proclitics}, key=len, reverse=True)
    spelt = ((spec, vocabulary.forms(spec)) for spec in dict.fromkeys(vocabulary.specs()))
    alphabet = Alphabet(spelt, proclitics)
    compiler = Compiler(vocabulary, alphabet)
    exceptions = [entry for words in lists for entry in words.exceptions]
    ordinary = {fold(word) for words in lists for word in words.ordinary}
    coder = Coder(
        words={word: UNKNOWN for word in ordinary} | alphabet.words,
        stems=alphabet.stems,
        slips=slips(_slippery(vocabulary)),
        proclitics=tuple(proclitics),
    )
    code = coder.remembering()
    return Lexicon(
        code=code,
        stretches=Stretches(code),
        rules=_indexed(chain.from_iterable(words.entries for words in lists), compiler),
        exceptions=_indexed(exceptions, compiler),
        passing=_indexed((entry for entry in exceptions if entry.no_wish), compiler),
        scopes={
            words.language: tuple(chain.from_iterable(compiler.scopes(entry) for entry in words.scopes))
            for words in lists
        },
        answers={
            tuple(fold(answer.replace("$", " $")).split()): meaning
            for words in lists
            for meaning, answers in words.answers.items()
            for answer in answers
        },
        plain_replies=frozenset(tuple(fold(phrase).split()) for words in lists for phrase in words.plain_replies),
        everyday=_everyday(vocabulary, alphabet),
    )


def _everyday(vocabulary: Vocabulary, alphabet: Alphabet) -> dict[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for spec in vocabulary.function:
        for code in alphabet.codes[spec]:
            found[code].add(spec.language)
    return {code: frozenset(languages) for code, languages in found.items()}


def _indexed(entries: Iterable[WordListEntry], compiler: Compiler) -> Index:
    found: defaultdict[str, list[Lead]] = defaultdict(list)
    for entry in entries:
        for code, lead in compiler.leads(entry, compiler.rule(entry)).items():
            found[code].append(lead)
    return {code: tuple(leads) for code, leads in found.items()}


def _slippery(vocabulary: Vocabulary) -> Iterator[str]:
    """The folded words that are long enough to be known in spite of a slip."""
    words = (fold(spec.word.strip("=*")) for spec in dict.fromkeys(vocabulary.of_findings()))
    return (word for word in dict.fromkeys(words) if len(word) >= SHORTEST_WITH_SLIPS)
