"""Templates say the same when they are made flat, whatever is in them; what cannot be made flat still works."""

import re
from collections.abc import Mapping
from gettext import NullTranslations
from typing import Any

import pytest
from jinja2 import DictLoader, Environment, StrictUndefined, UndefinedError
from markupsafe import Markup, escape

from services.mail.jinja import environment, escaped, make_environment
from tests.services.mail.letters import LANGUAGES, letter


class Shouting(NullTranslations):
    """A language of its own, with signs that HTML has a meaning for."""

    def gettext(self, message: str) -> str:
        return f"<{message.upper().replace('%(NAME)S', '%(name)s').replace('%(OTHER)S', '%(other)s')}>"


PAGE: Mapping[str, Any] = {
    "name": "<b>",
    "safe": Markup("<i>"),
    "title": "T & U",
    "many": ["a", "<b>"],
    "nothing": "",
    "pair": {"one": "<1>", "keys": 2},
}
FILES = {
    "macros.html": """
{% macro box(title="") %}
[{% if title %}{{ title }}: {% endif %}{{ caller() }}]
{% endmacro %}
{% macro item(text, mark="*") %}
{{ mark }} {{ text }} {{ text | length }}
{% endmacro %}
{% macro items(texts) %}
{% for text in texts %}{{ loop.index }}{{ item(text) }}{% endfor %}
{% endmacro %}
{% macro endless(depth) %}{{ depth }}{% if depth %}{{ endless(depth - 1) }}{% endif %}{% endmacro %}
{% macro twice() %}{% for _ in [1, 2] %}{{ caller() }}{% endfor %}{% endmacro %}
""",
    "part.html": '{% from "macros.html" import box %}{% call box(title) %}{{ name }}{% endcall %}',
    "setting.html": "{% set name = 7 %}{{ name }}",
    "base.html": "<{% block a %}base{% endblock %}{% block b %}{{ name }}{% endblock %}>",
}
TEXTS = {
    "a constant": '{{ _("One & two") }}',
    "values": '{{ _("Dear %(name)s and %(other)s: 100%%", name=name, other=safe) }}',
    "in an expression": '{{ [_("One"), name, _("%(name)s!", name=name)] | join(", ") }}',
    "an include": '{% for title in many %}{% include "part.html" %}{% endfor %}',
    "an include that sets": '{% include "setting.html" %}{{ name }}',
    "a caller's own names": '{% from "macros.html" import box %}{% call box("x") %}{{ title }}{% endcall %}',
    "a call without arguments": '{% from "macros.html" import box %}{% call box() %}{{ _("One") }}{% endcall %}',
    "calls in a call": (
        '{% from "macros.html" import box, item %}'
        '{% call box(_("One")) %}{% call box(name ~ "!") %}{{ item(title) }}{% endcall %}{% endcall %}'
    ),
    "a macro within a loop": '{% from "macros.html" import items %}{% for text in many %}{{ items(many) }}{% endfor %}',
    "by keyword": '{% from "macros.html" import item as entry %}{{ entry(mark="-", text=name) -}} x',
    "a macro as a value": '{% from "macros.html" import item %}{{ item(name) | upper }}',
    "a macro that calls itself": '{% from "macros.html" import endless %}{{ endless(3) }}',
    "a caller in a loop": '{% from "macros.html" import twice %}{% call twice() %}{{ name }}{% endcall %}',
    "inheritance": (
        '{% extends "base.html" %}{% from "macros.html" import box %}'
        "{% block a %}{% call box(name) %}{{ super() }}{% endcall %}{% endblock %}"
    ),
    "members": (
        "{{ pair.one }}{{ pair['keys'] }}{{ pair.keys() | list }}{{ pair.two is defined }}"
        "{{ name.upper() }}{{ many.0 }}"
        "{% for text in many %}{{ loop.last }}{{ loop.cycle(1, 2) }}{% endfor %}"
    ),
    "lists as one text": '{{ many | select | join("<") }}{{ ["", name, safe] | select | join(nothing) }}',
    "an include by name": '{% include ["absent.html", "part.html"] %}',
}


def plain_environment(files: dict[str, str]) -> Environment:
    """Jinja's own, with nothing of ours."""
    made = Environment(
        loader=DictLoader(files),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(Shouting(), newstyle=True)  # type: ignore[attr-defined]
    return made


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_flat_template_says_what_jinja_says(text: str) -> None:
    files = {**FILES, "whole.html": text}
    expected = plain_environment(files).get_template("whole.html").render(PAGE)
    assert make_environment("en", DictLoader(files), Shouting()).get_template("whole.html").render(PAGE) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{{ unknown }}",
        "{{ unknown.part }}",
        "{{ pair.two }}",
        "{{ pair.one.part }}",
        '{{ _("%(name)s", name=unknown) }}',
        "{{ item() }}",
    ],
)
def test_what_nobody_defined_is_still_refused(text: str) -> None:
    files = {**FILES, "whole.html": '{% from "macros.html" import item %}' + text}
    with pytest.raises((UndefinedError, TypeError)):
        make_environment("en", DictLoader(files), Shouting()).get_template("whole.html").render(PAGE)


@pytest.mark.parametrize("value", ["plain", "a & b", "it's", '"', "<b>", "", Markup("<i>"), 7, None, "ä\u2028\n"])
def test_the_quick_way_escapes_as_the_usual_one(value: object) -> None:
    assert escaped(value) == escape(value)


@pytest.mark.parametrize("name", ["ticket_updated/body.html", "ticket.html", "ticket.txt", "short.txt"])
def test_a_mails_template_includes_and_imports_nothing_any_more(name: str) -> None:
    made = environment("en")
    assert made.loader is not None
    source, filename, _ = made.loader.get_source(made, name)
    code = made.compile(source, name, filename, raw=True)
    assert not re.search(r"make_module|_get_default_module|'parts/", code)


def test_every_language_keeps_its_own_words() -> None:
    """One process writes mails in all of them, in any order."""
    first = {language: letter(language=language).text for language in LANGUAGES}
    again = {language: letter(language=language).text for language in reversed(LANGUAGES)}
    assert first == again
    assert len(set(first.values())) == len(LANGUAGES)
