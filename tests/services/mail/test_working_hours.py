"""Working hours of contacts in the language of who reads the mail."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from services.mail.i18n.locale import LocaleFormatter
from tests.services.mail.letters import both, letter
from worker.preview.example import example_story


@pytest.mark.parametrize(
    ("language", "hours"),
    [
        ("en", "Mon–Fri 08:00–18:00 (Athens)"),
        ("el", "Δευ–Παρ 08:00–18:00 (Αθήνα)"),
        ("ar", "\u2068الاثنين–الجمعة 08:00–18:00 (أثينا)\u2069"),
        ("es", "lun–vie 08:00–18:00 (Atenas)"),
        ("tr", "Pzt–Cum 08:00–18:00 (Atina)"),
        ("no", "man.–fre. 08:00–18:00 (Athen)"),
    ],
)
def test_hours_are_told_in_the_reader_s_language(language: str, hours: str) -> None:
    details = example_story(language)
    assert details.advice
    helper = replace(details.advice.primary, hours="Mon–Fri 08:00–18:00 (Europe/Athens)")
    advised = replace(details, advice=replace(details.advice, primary=helper))
    for template in ("ticket_opened", "customer_notice"):
        for told in both(letter(advised, template=template, language=language)):
            assert hours in told


def test_hours_in_another_writer_s_words_are_left() -> None:
    formatter = LocaleFormatter("el", ZoneInfo("UTC"))
    assert formatter.working_hours("Monday to Friday (Foo/Bar)") == "Monday to Friday (Foo/Bar)"
    assert formatter.working_hours("") == ""
