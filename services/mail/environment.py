"""Jinja for mails: nothing undefined passes, HTML is escaped and plain text is not."""

from functools import lru_cache
from gettext import NullTranslations
from typing import Final

from jinja2 import BaseLoader, Environment, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from services.mail.catalogues import TEMPLATES
from services.mail.cleaning import direction
from services.mail.inlining import InliningLoader

LEFT_TO_RIGHT, ISOLATE_END = "\u2066", "\u2069"
RIGHT_TO_LEFT_LANGUAGES: Final = frozenset({"ar"})


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The one environment of this process; a render's language comes with its variable `translations`."""
    return environment_with(InliningLoader(TEMPLATES))


def environment_with(loader: BaseLoader) -> Environment:
    """The same for templates from elsewhere, such as a web page's, whose styles are not inlined."""
    made = Environment(
        loader=loader,
        autoescape=lambda name: bool(name and name.endswith(".html")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_callables(translate, translate_number, newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(ltr=left_to_right, direction=direction, broken=broken)
    return made


@pass_context
def translate(context: Context, text: str) -> str:
    return catalogue(context).gettext(text)


@pass_context
def translate_number(context: Context, one: str, many: str, number: int) -> str:
    return catalogue(context).ngettext(one, many, number)


def catalogue(context: Context) -> NullTranslations:
    found: NullTranslations = context["translations"]
    return found


@pass_context
def left_to_right(context: Context, value: object) -> str:
    """A number, phone or address that keeps its order inside a right-to-left sentence (UAX #9, isolates)."""
    if context.eval_ctx.autoescape:
        return Markup('<bdi dir="ltr">{}</bdi>').format(value)
    return f"{LEFT_TO_RIGHT}{value}{ISOLATE_END}" if context["language"] in RIGHT_TO_LEFT_LANGUAGES else str(value)


def broken(text: str) -> Markup:
    """Escaped text whose lines stay lines in HTML, also where style sheets are ignored."""
    return Markup("<br>").join(text.split("\n"))
