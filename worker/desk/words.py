"""The page's templates and translations; a text that it has in common with the mails is looked up in `mail.po`."""

import gettext
from functools import lru_cache
from typing import Final

from jinja2 import Environment, FileSystemLoader

from config.settings import TEMPLATES_FOLDER
from rules.ticket_states import Refusal, TakenAlready, WrongStatus
from services.mail.i18n.locale import LANGUAGES, SOURCE_LANGUAGE, catalog_path, compile_catalog, translations
from services.mail.jinja import make_environment

# What the page offers can be refused for its status only where the ticket is finished.
REOPEN_FIRST: Final = "This ticket is finished: reopen it first."


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


def say_refusal(error: Refusal, language: str) -> str:
    """Say why something was not done; who has the ticket is named, as far as that is known."""
    words = words_in(language)
    match error:
        case TakenAlready(holder=holder):
            name = holder or words.gettext("Somebody else")
            return words.gettext("%(name)s has taken this ticket already.") % {"name": name}
        case WrongStatus():
            return words.gettext(REOPEN_FIRST)
        case Refusal(sentence=one, plural=more) if more:
            return words.ngettext(one, more, int(str(error.values["num"]))) % error.values
        case _:
            return words.gettext(error.sentence) % error.values
