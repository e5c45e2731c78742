"""Every text is translated into every language, with the same places to fill in."""

import re
from functools import cache, lru_cache

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from services.mail.i18n.locale import catalog_path, choose_language, locale_of
from tests.services.mail.letters import LANGUAGES, TEMPLATES, letter
from worker import translations
from worker.preview.example import example_story

TRANSLATED = [language for language in LANGUAGES if language != "en"]
PLACES = re.compile(r"%\(\w+\)s")
# To find them all takes a third of a second.
messages = cache(translations.messages)


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> Catalog:
    with catalog_path(language).open("rb") as file:
        return read_po(file, locale=locale_of(language))


def forms(text: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [text or ""] if isinstance(text, str | None) else list(text)


def test_there_is_something_to_translate() -> None:
    assert len(messages()) > 150


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_of_templates_and_code_is_in_the_catalogue_and_nothing_else(language: str) -> None:
    known = {one.id if isinstance(one.id, str) else tuple(one.id) for one in catalogue(language) if one.id}
    assert known == messages()


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_in_all_its_forms(language: str) -> None:
    for one in catalogue(language):
        assert not one.fuzzy or not one.id, one.id
        translated = forms(one.string)
        assert all(translated), one.id
        assert len(translated) == (1 if isinstance(one.id, str) else catalogue(language).num_plurals)


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_fills_in_what_the_text_does(language: str) -> None:
    for one in catalogue(language):
        if one.id:
            wanted = {frozenset(PLACES.findall(form)) for form in forms(one.id)}
            assert {frozenset(PLACES.findall(form)) for form in forms(one.string)} == wanted


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_text_looks_like_markup(language: str) -> None:
    """An ampersand or angle bracket in a template's text would be escaped when the styles are inlined."""
    for one in catalogue(language):
        if one.id:
            assert not set("&<>") & set("".join([*forms(one.id), *forms(one.string)]))


@pytest.mark.parametrize("language", TRANSLATED)
def test_bringing_a_catalogue_up_to_date_keeps_its_translations(language: str) -> None:
    assert {one.id: one.string for one in translations.updated(language) if one.id} == {
        one.id: one.string for one in catalogue(language) if one.id
    }


@pytest.mark.parametrize("language", TRANSLATED)
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_mail_in_another_language_has_no_english_sentence(template: str, language: str) -> None:
    english = [text for text in messages() if isinstance(text, str) and len(text) > 12 and "%" not in text]
    told = letter(example_story(language), template, language).text
    assert [text for text in english if text in told] == []


@pytest.mark.parametrize(
    ("code", "expected"),
    [("el", "el"), ("nb-NO", "no"), ("nn", "no"), ("pt_BR", "en"), ("AR", "ar"), ("", "en"), (None, "en")],
)
def test_a_language_without_a_catalogue_is_answered_in_english(code: str | None, expected: str) -> None:
    assert choose_language(code) == expected
