"""The page's templates and translations; a text that it has in common with the mails is looked up in `mail.po`."""

import gettext
from functools import lru_cache

from jinja2 import Environment, FileSystemLoader

from config.settings import TEMPLATES_FOLDER
from rules.ticket_states import TakenAlready
from services.mail.i18n.locale import LANGUAGES, SOURCE_LANGUAGE, catalog_path, compile_catalog, translations
from services.mail.jinja import make_environment


@lru_cache(maxsize=len(LANGUAGES))
def environment(language: str) -> Environment:
    """Jinja with what the mail's parts need; styles stay in their sheet, since CSP would drop inlined ones."""
    return make_environment(language, FileSystemLoader(TEMPLATES_FOLDER), words_in(language))


@lru_cache(maxsize=len(LANGUAGES))
def words_in(language: str) -> gettext.NullTranslations:
    """The page's catalogue and, behind it, the mail's."""
    if language == SOURCE_LANGUAGE:
        return translations(language)
    words = compile_catalog(catalog_path(language, "desk"), language)
    words.add_fallback(translations(language))
    return words


def say_taken(error: TakenAlready, language: str) -> str:
    """Name who has the ticket, as far as that is known."""
    say = words_in(language).gettext
    return say("%(name)s has taken this ticket already.") % {"name": error.holder or say("Somebody else")}
