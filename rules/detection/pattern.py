"""The small language in which the entries of a word list are written.

`word` the word; `=word` the word in no other spelling; `stem*` a word that begins so; `<class>` a word or phrase of a
class; `a|b` either; `a_b` two words as one of these; `x?` may be absent; `x{3}` up to three of them; `~3` up to three
other words; `~~3` the same, also past a comma; `^` and `$` the beginning and the end of a clause; `?` a question mark;
`@` (in scopes) the finding.
"""

import re
from dataclasses import dataclass

_ATOM = re.compile(r"<(?:[a-z]{2,3}:)?[a-z_]+>|=?[^\W_]+\*?(?:_[^\W_]+\*?)*|[\u2600-\u27bf\U0001f000-\U0001faff]")
_ELEMENT = re.compile(r"(?P<atoms>[^\s?{}~^$@]+)(?:\{(?P<most>[1-9])\}|(?P<optional>\?))?")
_GAP = re.compile(r"(?P<far>~~?)(?P<most>[1-9])")


@dataclass(frozen=True, slots=True)
class Element:
    """One place in a pattern: `atoms` are the words and classes that may stand there, none for a gap or an edge."""

    atoms: tuple[str, ...] = ()
    least: int = 1
    most: int = 1
    mark: str = ""


def parse(pattern: str) -> tuple[Element, ...]:
    """The elements of a pattern; ValueError names the one that cannot be read."""
    elements = tuple(_parse_element(part) for part in pattern.split())
    if not elements:
        raise ValueError("the pattern is empty; it should have at least one word")
    return elements


def _parse_element(part: str) -> Element:
    if part in ("^", "$", "?", "@"):
        return Element(mark=part)
    if gap := _GAP.fullmatch(part):
        return Element(mark=gap["far"], least=0, most=int(gap["most"]))
    if (match := _ELEMENT.fullmatch(part)) and all(_ATOM.fullmatch(atom) for atom in match["atoms"].split("|")):
        loose = bool(match["most"] or match["optional"])
        return Element(tuple(match["atoms"].split("|")), least=0 if loose else 1, most=int(match["most"] or 1))
    raise ValueError(f"{part!r} cannot be read; it should be like word, stem*, <class>, a|b, x?, x{{3}}, ~3, ^, $ or ?")
