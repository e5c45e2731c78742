"""The page's templates and words in the support team's language; what it shares with the mail, the mail's have."""

import gettext
from functools import lru_cache
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.mail.catalogues import LANGUAGES, SOURCE_LANGUAGE, TEMPLATES, translations
from services.mail.cleaning import direction
from services.mail.environment import RIGHT_TO_LEFT_LANGUAGES, broken, isolating


@lru_cache(maxsize=len(LANGUAGES))
def environment(language: str) -> Environment:
    """Jinja with what the mail's parts need; styles stay in their sheet, since CSP would drop inlined ones."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(words_in(language), newstyle=True)  # type: ignore[attr-defined]
    right_to_left = language in RIGHT_TO_LEFT_LANGUAGES
    made.globals.update(language=language, direction="rtl" if right_to_left else "ltr")
    made.globals.update(start="right" if right_to_left else "left")
    made.filters.update(ltr=isolating(right_to_left), direction=direction, broken=broken)
    return made


@lru_cache(maxsize=len(LANGUAGES))
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
