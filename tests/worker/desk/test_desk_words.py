"""The page speaks the support team's language: every sentence of it has its translation."""

import ast
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from services.mail.i18n.locale import translations
from worker.desk.actions import ANSWERS
from worker.desk.answers import AWAY, OTHER_TITLE, TITLES
from worker.desk.app import EXPIRED, KEPT_FORM, OLD_FORM, UNKNOWN
from worker.desk.digests import NOTHING_TICKED
from worker.desk.list_page import FOR_TEAM
from worker.desk.login import LOGIN_FAILED

ROOT = Path(__file__).parents[3]
TEMPLATES = ROOT / "templates"
LANGUAGES = ("el", "ar", "es", "tr", "no")


def catalogue(language: str) -> dict[str, str]:
    with (TEMPLATES / "locale" / language / "LC_MESSAGES" / "desk.po").open("rb") as source:
        messages = [one for one in read_po(source, locale=language) if one.id]
    return {one.id if isinstance(one.id, str) else one.id[0]: str(one.string) for one in messages}


def sentences() -> set[str]:
    """Whatever the templates, the actions and the answers of the page say."""
    found = {*ANSWERS.values(), *TITLES.values(), OTHER_TITLE, AWAY, EXPIRED, FOR_TEAM}
    found |= {KEPT_FORM, LOGIN_FAILED, NOTHING_TICKED, OLD_FORM, UNKNOWN}
    for path in (TEMPLATES / "desk").glob("*.html"):
        for _, message, _, _ in extract_from_file("jinja2.ext:babel_extract", str(path), options={"silent": "false"}):
            found.add(message[0] if isinstance(message, tuple) else str(message))
    return found | set(details())


def details() -> list[str]:
    """The texts of HTTP errors."""
    tree = ast.parse((ROOT / "worker" / "desk" / "guards.py").read_text(encoding="utf-8"))
    calls = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "HTTPException"
    ]
    return [call.args[1].value for call in calls if isinstance(call.args[1], ast.Constant)]  # type: ignore[misc]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(language: str) -> None:
    translated = catalogue(language)
    shared = translations(language)
    assert {one for one in sentences() if not translated.get(one) and shared.gettext(one) == one} == set()
    assert len(details()) >= 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_keep_their_places_for_names_and_times(language: str) -> None:
    for original, translation in catalogue(language).items():
        for place in ("%(name)s", "%(moment)s"):
            assert (place in original) == (place in translation), original
