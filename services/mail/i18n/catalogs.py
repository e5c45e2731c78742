"""Translations, compiled from the catalogues when they are first needed; English is the text itself."""

import gettext
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from config.settings import TEMPLATES_FOLDER

SOURCE_LANGUAGE: Final = "en"
LANGUAGES: Final = (SOURCE_LANGUAGE, "el", "ar", "es", "tr", "no")


def choose_language(language: str | None) -> str:
    """The language itself where there is a catalogue for it, else English; of `nb-NO` or `pt_BR` the root counts."""
    root = (language or "").replace("_", "-").partition("-")[0].lower()
    root = {"nb": "no", "nn": "no"}.get(root, root)
    return root if root in LANGUAGES else SOURCE_LANGUAGE


@lru_cache(maxsize=len(LANGUAGES))
def translations(language: str) -> gettext.NullTranslations:
    """The catalogue of one of LANGUAGES."""
    return (
        gettext.NullTranslations() if language == SOURCE_LANGUAGE else compile_catalog(catalog_path(language), language)
    )


def catalog_path(language: str, domain: str = "mail") -> Path:
    return TEMPLATES_FOLDER / "locale" / language / "LC_MESSAGES" / f"{domain}.po"


def compile_catalog(path: Path, language: str) -> gettext.GNUTranslations:
    """The translations of a catalogue."""
    binary = BytesIO()
    with path.open("rb") as source:
        write_mo(binary, read_po(source, locale=language))
    binary.seek(0)
    return gettext.GNUTranslations(binary)
