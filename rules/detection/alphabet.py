"""Gives each word a code: one letter for all words that mean the same to every list."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from rules.detection.lexicon import STEM_KEY
from rules.detection.tokens import MARKS
from rules.detection.vocabulary import Spec

FIRST_CODE, LAST_CODE = 0x3400, 0xD7FF

_Meanings = dict[str, set[Spec]]


class Alphabet:
    """`words` and `stems` lead from folded words to codes, `codes` from a word of a list to all codes that hold it."""

    def __init__(self, spelt: Iterable[tuple[Spec, frozenset[str]]], proclitics: Sequence[str]) -> None:
        exact, stems = _sorted_out(spelt)
        self.codes: defaultdict[Spec, set[str]] = defaultdict(set)
        self._code_of: dict[frozenset[Spec], str] = {}
        meanings = {form: _find_meaning(form, exact, stems, proclitics) for form in exact.keys() | stems.keys()}
        self.words = {form: self.code(specs) for form, specs in sorted(meanings.items())} | MARKS
        self.stems = _group_stems({stem: self.words[stem] for stem in stems})

    def code(self, specs: frozenset[Spec]) -> str:
        if specs not in self._code_of:
            if FIRST_CODE + len(self._code_of) > LAST_CODE:
                raise ValueError(f"more than {LAST_CODE - FIRST_CODE} different meanings; the lists should be shorter")
            self._code_of[specs] = chr(FIRST_CODE + len(self._code_of))
            for spec in specs:
                self.codes[spec].add(self._code_of[specs])
        return self._code_of[specs]


def _sorted_out(spelt: Iterable[tuple[Spec, frozenset[str]]]) -> tuple[_Meanings, _Meanings]:
    """The whole words and the stems, each with what it may stand for."""
    exact: _Meanings = defaultdict(set)
    stems: _Meanings = defaultdict(set)
    for spec, forms in spelt:
        for form in forms:
            (stems if spec.stem else exact)[form].add(spec)
    return exact, stems


def _find_meaning(form: str, exact: _Meanings, stems: _Meanings, proclitics: Sequence[str]) -> frozenset[Spec]:
    """What a word may stand for, as it is and without an article or a short word in front."""
    rests = (form.removeprefix(proclitic) for proclitic in proclitics if form.startswith(proclitic))
    return _plain_meaning(form, exact, stems).union(
        *(_plain_meaning(rest, exact, stems) for rest in rests if len(rest) >= STEM_KEY)
    )


def _plain_meaning(form: str, exact: _Meanings, stems: _Meanings) -> frozenset[Spec]:
    beginnings = (form[:size] for size in range(STEM_KEY, len(form) + 1))
    return frozenset(exact.get(form, ())).union(*(stems.get(beginning, ()) for beginning in beginnings))


def _group_stems(stems: Mapping[str, str]) -> dict[str, tuple[tuple[str, str], ...]]:
    """By their first letters, the longest first."""
    groups: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for stem in sorted(stems, key=lambda stem: (-len(stem), stem)):
        groups[stem[:STEM_KEY]].append((stem, stems[stem]))
    return {key: tuple(group) for key, group in groups.items()}
