"""What the mails say, in HTML and in plain text."""

from dataclasses import replace
from itertools import pairwise

import pytest

from services.conversation import Conversation
from services.mail.i18n.locale import translations
from services.ticket_details import TicketDetails, TicketReason
from tests.services.mail.letters import (
    LANGUAGES,
    TEMPLATES,
    both,
    delayed,
    letter,
    read,
    talk,
    with_conversation,
    words,
)
from worker.preview.example import at, example_story


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_the_text_has_every_word_of_the_html(template: str, language: str) -> None:
    made = letter(template=template, language=language)
    of_the_drawing = words(translations(language).gettext("Red and bold: below the limit of %(limit)s."))
    assert words(read(made.html).text) - words(made.text) <= of_the_drawing


@pytest.mark.parametrize(
    "fact",
    [
        "AB-20261124-0007", "URGENT SAFETY", "Safety concern identified", "User requested expert help",
        "AI has low confidence in its solution", "Tue, 24 Nov 2026", "41f6c1d2-0000-4000-8000-0000000000c5",
        "escalated", "We have to clean two more cages before the storm tonight.", "Morag Sinclair",
        "user@sea-farm.example.com", "North Pier Sea Farm", "KEF-5", "V4.0", "AB4-2023-0117", "1,788.5", "Loch Fyne",
        "Wed, 24 Mar 2027", "Sat, 24 Oct 2026", "electrical", "Worn contactor in the cabinet",
        "Danger of electric shock: do not open the cabinet under power", "Check the main fuse in the cabinet",
        "did not help", "filter was dirty, cleaned it", "not answered", "photo of the open cabinet", "voice message",
        "Emergency line", "+44 20 7946 0199", "24/7", "Safety concerns, day and night",
        "takes every safety concern, speaks English, on duty around the clock", "Understood as: smoke",
        "Nobody is hurt, the user says.",
        "+44 20 7946 0142", "speaks English", "support@example.com", "82%", "24%", "repair: Cabinet door seal renewed",
        "Did not help: 2.", "General support",
    ],
)  # fmt: skip
def test_a_ticket_s_mail_tells_everything(fact: str) -> None:
    for told in both(letter()):
        assert fact in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_session_whose_id_was_lost_is_called_unknown(language: str) -> None:
    details = with_conversation(example_story(language), session_unknown=True)
    words_of = translations(language).gettext("unknown, since the assistant lost its id; kept as %(id)s")
    for told in both(letter(details, language=language)):
        assert words_of.partition("%")[0] in told
        assert details.session.session_id in told


def test_the_lock_screen_shows_danger_first() -> None:
    subject = letter(language="el").subject
    assert subject == "ΕΠΕΙΓΟΝ ΑΣΦΑΛΕΙΑ · Βγαίνει καπνός από τον πίνακα και μυρίζει… · KEF-5 V4.0 · AB-20261124-0007"
    english = letter(example_story("el"), language="en").subject
    assert english.startswith("URGENT SAFETY · Smoke · KEF-5 V4.0")


def test_the_list_of_mails_shows_who_where_and_what_time_it_is_there() -> None:
    hidden = read(letter().html).texts
    told = next(text for text in hidden if "Morag" in text)
    assert told == "Morag Sinclair · North Pier Sea Farm · Loch Fyne · 01:21 London"


def test_the_first_screen_has_the_words_and_buttons_before_anything_else() -> None:
    shown = read(letter().html)
    text = shown.text
    assert text.index("Smoke from the cabinet") < text.index("Nobody is hurt") < text.index("Call back")
    assert text.index("Call back") < text.index("This mail went to") < text.index("Tried and unknown")
    links = [attributes.get("href") for tag, attributes in shown.tags if tag == "a"]
    assert links[:2] == ["tel:+442079460142", "mailto:user@sea-farm.example.com?subject=AB-20261124-0007"]


@pytest.mark.parametrize(
    ("phone", "dialled"),
    [
        ("+44 20 7946 0142", "+442079460142"),
        ("+44 (20) 7946-0142 ext. 12", "+442079460142"),
        ("call me: 020 7946 0142, or 07700 900123", "02079460142"),
        ("0711/123456 / 0170 1234567", "0711123456"),
        ("٠٥٠ ١٢٣ ٤٥٦٧", "0501234567"),
        ("+30 2810 123456 (ask for Nikos, 7 to 9)", "+302810123456"),
        ("VHF 8", None),
        ("12345678901234567890", None),
        ("no phone", None),
    ],
)
def test_the_button_dials_the_number_that_was_left_and_nothing_else(phone: str, dialled: str | None) -> None:
    details = example_story("en")
    requests = tuple(replace(one, callback_phone=phone) for one in details.requests)
    tags = read(letter(replace(details, requests=requests)).html).tags
    links = [attributes.get("href") for tag, attributes in tags if tag == "a"]
    assert (f"tel:{dialled}" if dialled else "mailto:user@sea-farm.example.com?subject=AB-20261124-0007") == links[0]


def test_without_a_number_to_call_back_the_organisation_s_is_offered() -> None:
    details = example_story("en")
    made = letter(replace(details, requests=()))
    assert "Call the organisation: +44 20 7946 0143" in made.text
    assert 'href="tel:+442079460143"' in str(made.html)


def test_the_ticket_s_page_is_linked_where_there_is_one() -> None:
    made = letter(link="https://tickets.example.com/t/abc.def")
    assert "https://tickets.example.com/t/abc.def" in made.text
    assert 'href="https://tickets.example.com/t/abc.def"' in str(made.html)
    for told in both(letter()):
        assert "set its status to in_progress" in told


@pytest.mark.parametrize(
    ("hurt", "sentence"),
    [
        ("said", "Somebody is hurt, the user says."),
        ("denied", "Nobody is hurt, the user says."),
        ("unknown", "Unknown: nobody has said whether anyone is hurt."),
    ],
)
def test_whether_anyone_is_hurt_is_always_told_when_there_is_danger(hurt: str, sentence: str) -> None:
    for told in both(letter(with_conversation(example_story("en"), hurt=hurt))):
        assert sentence in told


def test_a_mail_that_leaves_late_says_how_old_its_event_is() -> None:
    details = example_story("en")
    for told in both(delayed(details, "ticket_opened", 42)):
        assert "what it tells happened 46 minutes ago, on Tue, 24 Nov 2026, 03:21 Athens, 01:21 London" in told
    for told in both(delayed(details, "ticket_unacknowledged", 6)):
        assert "This mail is late" in told
    for told in (*both(delayed(details, "ticket_opened", 0.5)), *both(delayed(details, "ticket_unacknowledged", 4))):
        assert "This mail is late" not in told


def test_an_update_begins_with_what_is_new_and_looks_like_no_answer_when_it_is_danger() -> None:
    made = letter(template="ticket_updated")
    assert made.subject.startswith("URGENT SAFETY · ")
    for told in both(made):
        # The buttons stand before what else is new: on a phone the first screen is for acting.
        order = ["New sign of danger", "Nobody is hurt", "Call back", "Also new", "New notes", "Why a person is needed"]
        assert sorted(order, key=told.index) == order
        assert told.count("We have to clean two more cages") == 2


def test_an_ordinary_update_answers_the_first_mail() -> None:
    details = example_story("en")
    calm = tuple(reason for reason in details.ticket.reasons if reason.name != "safety_concern")
    details = replace(details, ticket=replace(details.ticket, reasons=calm, priority="medium"))
    first, update = letter(details), letter(details, "ticket_updated")
    assert update.subject == f"Re: {first.subject}"


def test_a_reminder_says_who_was_asked_and_for_how_long() -> None:
    made = letter(template="ticket_unacknowledged")
    assert "not taken for 10 minutes" in made.subject
    for told in both(made):
        assert "Nobody has taken this ticket for 10 minutes, since 03:25 Athens, 01:25 London." in told
        assert "Emergency line was asked before you" in told


def test_a_ticket_of_which_nothing_is_known_still_makes_a_mail() -> None:
    details = example_story("en")
    empty = TicketDetails(
        ticket=replace(details.ticket, reasons=(), status=None, priority="whatever"),
        session=replace(details.session, language=None, status=None, started_at=None),
        conversation=Conversation(session_id=details.session.session_id),
        unknown=("user", "machine", "language", "conversation", "diagnosis", "steps"),
    )
    for template in TEMPLATES:
        for told in both(letter(empty, template)):
            assert "AB-20261124-0007" in told
    assert letter(empty).subject == "MEDIUM · AB-20261124-0007"
    assert "Nobody knows: who the user is, which machine it is, the language, what was said" in letter(empty).text


def test_codes_that_nobody_knows_are_shown_as_they_are() -> None:
    details = example_story("en")
    diagnosis = replace(details.conversation.diagnoses[0], category="net_drum_gearbox", confidence_level="so_so")
    strange = with_conversation(details, diagnoses=(diagnosis,))
    strange = replace(strange, ticket=replace(details.ticket, reasons=(TicketReason(name="Phoned the office"),)))
    for told in both(letter(strange)):
        for shown in ("net drum gearbox", "so so", "Phoned the office"):
            assert shown in told


def test_messages_of_several_days_name_the_day_each_time_it_changes() -> None:
    days = tuple(replace(one, at=at(place * 1_000)) for place, one in enumerate(talk(["a", "b", "c"])))
    for told in both(letter(with_conversation(example_story("en"), messages=days))):
        assert told.count("Tue, 24 Nov 2026, Athens") == 1
        assert told.count("Wed, 25 Nov 2026, Athens") == 1


def test_notes_stand_first_where_the_reasons_are_not_in_the_user_s_words() -> None:
    details = example_story("en")
    asked = replace(details, ticket=replace(details.ticket, reasons=(TicketReason(name="safety_concern"),)))
    for told in both(letter(asked)):
        assert told.count("We have to clean two more cages before the storm tonight.") == 1
        assert told.index("before the storm tonight") < told.index("Call back")
        assert "The user's last words" not in told


def test_news_leave_the_notes_where_they_were() -> None:
    details = example_story("en")
    asked = replace(details, ticket=replace(details.ticket, reasons=(TicketReason(name="safety_concern"),)))
    for told in both(letter(asked, template="ticket_updated")):
        assert "We have to clean two more cages before the storm tonight." in told


@pytest.mark.parametrize("template", TEMPLATES)
def test_of_the_text_each_part_stands_apart(template: str) -> None:
    for details in (example_story("en"), replace(example_story("en"), user=None, machine=None)):
        lines = letter(details, template=template).text.split("\n")
        assert [line for before, line in pairwise(lines) if line.startswith("== ") and before] == []
        assert all(lines[place : place + 3] != ["", "", ""] for place in range(len(lines)))
