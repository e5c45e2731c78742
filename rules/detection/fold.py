"""Folds a text to plain small letters, so that accents, capitals and look-alike letters make no difference."""

import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import accumulate, chain

_BLOCKS = (
    range(0x0000, 0x0530),  # Latin, combining marks, Greek, Cyrillic
    range(0x0600, 0x0700),  # Arabic
    range(0x1E00, 0x2070),  # Latin and Greek with marks, spaces and invisible characters
    range(0xFB00, 0xFDC0),  # ligatures, Arabic shapes
    range(0xFE00, 0xFF66),  # Arabic shapes, full width
    range(0x1D400, 0x1D800),  # mathematical letters
)
_SPECIAL = {
    "ı": "i",
    "ø": "o",
    "æ": "ae",
    "œ": "oe",
    "đ": "d",
    "ł": "l",
    "ى": "ي",
    "ة": "ه",
    "ک": "ك",
    "ی": "ي",
    "گ": "ك",
}
_KEPT = "öÖ"  # in Turkish "öldü" died and "oldu" became; the word lists say where either may be written
_APOSTROPHES = "'’‘‛ʼ`´′"


@lru_cache(maxsize=1)
def table() -> Mapping[int, str]:
    """What each character becomes; a character that is not here stays as it is."""
    folded = {code: _folded_letter(chr(code)) for code in chain.from_iterable(_BLOCKS)}
    return {code: letter for code, letter in folded.items() if letter != chr(code)}


def _folded_letter(letter: str) -> str:
    if letter in _KEPT:
        return letter.lower()
    if letter in _APOSTROPHES:
        return ""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", letter).casefold())
    return "".join(_digit(_SPECIAL.get(part, part)) for part in plain if not _invisible(part))


def _digit(letter: str) -> str:
    return str(unicodedata.decimal(letter)) if letter.isdecimal() else letter


def _invisible(letter: str) -> bool:
    return letter == "ـ" or unicodedata.category(letter) in ("Mn", "Me", "Cf")


def fold(text: str) -> str:
    """The text in plain small letters; each character folds alone, so `offsets` can lead back."""
    return text.lower().replace("'", "").replace("`", "") if text.isascii() else text.translate(table())


def offsets(text: str) -> list[int]:
    """Where in the folded text each character of `text` begins, and where the last one ends."""
    letters = table()
    lengths: Iterable[int] = (len(letters.get(ord(letter), letter)) for letter in text)
    return list(accumulate(lengths, initial=0))
