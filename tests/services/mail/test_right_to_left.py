"""Arabic mails: what is written from left to right keeps together, and no word is left in English."""

import re
from dataclasses import replace

from services.ticket_details.models import RelatedTicket
from tests.services.mail.letters import letter, read
from worker.preview.example import example_story


def test_each_time_keeps_together_with_its_place() -> None:
    made = letter(language="ar")
    for told in (made.text, read(made.html).text):
        assert "\u206803:24 أثينا\u2069، \u206805:24 مسقط\u2069" in told
        assert len(re.findall("\u2068", told)) == len(re.findall("\u2069", told)) - len(re.findall("\u2066", told))


def test_other_languages_need_no_invisible_marks() -> None:
    for language in ("en", "el", "es", "tr", "no"):
        made = letter(language=language)
        assert not re.search("[\u2066-\u2069]", made.text + str(made.html))


def test_lists_have_the_language_s_own_comma() -> None:
    told = letter(language="ar").text
    assert "يتولى كل مسائل السلامة، يتحدث العربية، مناوب على مدار الساعة" in told
    assert "North Pier Sea Farm، عُمان" in told


def test_the_states_of_the_machine_are_translated() -> None:
    told = letter(language="ar").text
    assert "الحالة: نشطة" in told
    assert "إصلاح: \u2068Cabinet door seal renewed" in told


def test_another_ticket_s_line_goes_from_right_to_left_as_its_words_do() -> None:
    story = example_story("ar")
    other = RelatedTicket(
        ticket_id="2",
        number="AB-20260710-0007",
        priority="urgent",
        status="open",
        reason="safety_concern",
        opened_at=story.event_at,
    )
    made = letter(replace(story, machine_tickets=(other,)), language="ar")
    assert "\u2068AB-20260710-0007\u2069 · عاجل · مفتوحة" in read(made.html).text
    assert '<li dir="ltr">\u2068AB-' not in str(made.html)
