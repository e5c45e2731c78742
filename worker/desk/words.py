"""The page's own words in the support team's language; what it shares with the mail is in the mail's catalogue."""

import gettext
from functools import lru_cache
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from services.mail.catalogues import SOURCE_LANGUAGE, TEMPLATES, translations


@lru_cache(maxsize=6)
def words_in(language: str) -> gettext.NullTranslations:
    """The page's catalogue and, behind it, the mail's."""
    if language == SOURCE_LANGUAGE:
        return translations(language)
    compiled = BytesIO()
    with (TEMPLATES / "locale" / language / "LC_MESSAGES" / "desk.po").open("rb") as source:
        write_mo(compiled, read_po(source, locale=language))
    compiled.seek(0)
    words = gettext.GNUTranslations(compiled)
    words.add_fallback(translations(language))
    return words
