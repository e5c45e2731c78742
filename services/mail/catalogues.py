"""Translations, compiled from the catalogues when they are first needed; English is the text itself."""

import gettext
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

TEMPLATES: Final = Path(__file__).parent.parent.parent / "templates"
SOURCE_LANGUAGE: Final = "en"
LANGUAGES: Final = (SOURCE_LANGUAGE, "el", "ar", "es", "tr", "no")


def known_language(language: str | None) -> str:
    """The language itself where there is a catalogue for it, else English; of `nb-NO` or `pt_BR` the root counts."""
    root = (language or "").replace("_", "-").partition("-")[0].lower()
    root = {"nb": "no", "nn": "no"}.get(root, root)
    return root if root in LANGUAGES else SOURCE_LANGUAGE


@lru_cache(maxsize=len(LANGUAGES))
def translations(language: str) -> gettext.NullTranslations:
    """The catalogue of one of LANGUAGES."""
    if language == SOURCE_LANGUAGE:
        return gettext.NullTranslations()
    compiled = BytesIO()
    with catalogue_path(language).open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def catalogue_path(language: str) -> Path:
    return TEMPLATES / "locale" / language / "LC_MESSAGES" / "mail.po"
