"""What the assistant may truthfully tell the user, in the user's language (`templates/say.toml`)."""

import tomllib
from functools import lru_cache
from pathlib import Path

SENTENCES = Path(__file__).parent.parent / "templates" / "say.toml"
FALLBACK = "en"


@lru_cache(maxsize=1)
def sentences() -> dict[str, dict[str, str]]:
    return tomllib.loads(SENTENCES.read_text(encoding="utf-8"))


def say(kind: str, language: str | None, *, number: str | None = None, safety: bool = False) -> str | None:
    """The sentence for an outcome; nothing is claimed about a human before a mail server accepted the mail."""
    known = sentences()
    by_language = known.get(f"{kind}.safety" if safety else kind) or known.get(kind)
    if by_language is None:
        return None
    return by_language.get(language or FALLBACK, by_language[FALLBACK]).format(number=number or "")
