"""The HTML is sound, needs nothing from outside, and cannot be broken out of."""

import re
from dataclasses import replace

import pytest

from config.settings import TEMPLATES_FOLDER as FOLDER
from services.mail.jinja import InliningLoader, environment
from services.mail.render import letter_of
from services.ticket_details import ContactCard, RelatedTicket, TicketDetails, TicketReason
from tests.services.mail.letters import (
    LANGUAGES,
    TEMPLATES,
    attempts,
    letter,
    read,
    settings_for,
    talk,
    with_conversation,
)
from worker.preview.example import example_story
from worker.preview.mail_rows import mail_of

HOSTILE = (
    "</td></table><script>alert(1)</script><img src=x onerror=alert(2)>\"'><style>*{display:none}</style>{{ 7*7 }}"
)


def hostile_story() -> TicketDetails:
    """The same words wherever a user, a machine or another writer can put some."""
    details = example_story("en")
    assert details.user is not None
    assert details.user.organisation is not None
    assert details.machine is not None
    farm = replace(details.user.organisation, name=HOSTILE, address=HOSTILE, contact_info=HOSTILE, country="UK")
    user = replace(details.user, name=HOSTILE, email=f"a@example.com{HOSTILE}", role=HOSTILE, organisation=farm)
    machine = replace(
        details.machine, name=HOSTILE, model=HOSTILE, serial_number=HOSTILE, location=HOSTILE, status=HOSTILE,
        notes=HOSTILE,
    )  # fmt: skip
    card = ContactCard(name=HOSTILE, email=HOSTILE, phone=HOSTILE, hours=HOSTILE, specialization=HOSTILE)
    advice = replace(details.advice, primary=card, alternatives=(card,), why=HOSTILE) if details.advice else None
    cause = replace(details.ticket.reasons[0].evidence[0], phrase=HOSTILE, gloss=HOSTILE)
    ticket = replace(
        details.ticket, reasons=(TicketReason(name="safety_concern", evidence=(cause,)), TicketReason(name=HOSTILE))
    )
    diagnosis = replace(details.conversation.diagnoses[0], category=HOSTILE, likely_causes=(HOSTILE,))
    requests = tuple(replace(one, notes=HOSTILE, callback_phone=HOSTILE) for one in details.requests)
    told = with_conversation(
        details, messages=talk([HOSTILE] * 6), steps=attempts([HOSTILE] * 3), diagnoses=(diagnosis,), requests=requests,
        evidence=(cause, *details.conversation.evidence[1:]),
    )  # fmt: skip
    related = RelatedTicket(
        ticket_id="1", number=HOSTILE, priority=HOSTILE, status=HOSTILE, reason=HOSTILE, opened_at=ticket.opened_at
    )
    return replace(
        told, user=user, machine=machine, advice=advice, ticket=ticket, requests=requests, machine_tickets=(related,)
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_elements_are_closed_in_their_order(template: str, language: str) -> None:
    for details in (example_story(language), hostile_story()):
        found = read(letter(details, template, language).html)
        assert (found.wrong, found.open) == ([], [])


@pytest.mark.parametrize("template", TEMPLATES)
def test_hostile_words_are_shown_and_do_nothing(template: str) -> None:
    made = letter(hostile_story(), template)
    found = read(made.html)
    tags = {tag for tag, _ in found.tags}
    assert not tags & {"script", "img", "iframe", "object", "link", "form", "base", "svg"}
    assert [attributes for _, attributes in found.tags if any(name.startswith("on") for name in attributes)] == []
    if template != "customer_notice":
        assert "<script>alert(1)</script>" in found.text
        assert "{{ 7*7 }}" in found.text
    assert len([tag for tag, _ in found.tags if tag == "style"]) == 1


def test_an_update_shows_hostile_news_as_words() -> None:
    told = read(letter(hostile_story(), "ticket_updated").html).text
    new, _, others = told[told.index(" New ") :].partition(" Also new ")
    for part in (new, others[: others.index("Why a person is needed")]):
        assert "<script>alert(1)</script>" in part


def test_a_mail_about_no_ticket_shows_hostile_words_too() -> None:
    details = example_story("en")
    mail = replace(mail_of("test", details, "en"), content={"subject": HOSTILE, "text": HOSTILE})
    found = read(letter_of(mail, None, settings_for()).html)
    assert not {tag for tag, _ in found.tags} & {"script", "img"}
    assert (found.wrong, found.open, found.text.count("<script>alert(1)</script>")) == ([], [], 3)


@pytest.mark.parametrize("template", TEMPLATES)
def test_nothing_is_fetched_from_elsewhere(template: str) -> None:
    for details in (example_story("en"), hostile_story()):
        html = re.sub(r"&lt;.*?&gt;", "", str(letter(details, template, link="https://desk.example.com/t/1").html))
        found = read(html)
        links = [attributes["href"] for tag, attributes in found.tags if "href" in attributes]
        assert all(str(link).startswith(("tel:", "mailto:", "https://desk.example.com/")) for link in links)
        assert [attributes for _, attributes in found.tags if {"src", "background", "srcset"} & set(attributes)] == []
        assert "url(" not in html
        assert "@import" not in html


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_document_says_its_language_and_direction(language: str) -> None:
    found = read(letter(language=language).html)
    direction = "rtl" if language == "ar" else "ltr"
    documents = [attributes for tag, attributes in found.tags if tag in {"html", "table"} and "lang" in attributes]
    assert len(documents) == 3
    assert all((one["lang"], one["dir"]) == (language, direction) for one in documents)


def test_layout_tables_say_that_they_are_no_data() -> None:
    tables = [attributes for tag, attributes in read(letter().html).tags if tag == "table"]
    data = [attributes for attributes in tables if attributes.get("role") != "presentation"]
    assert {attributes.get("class") for attributes in data} == {"facts"}


def test_ids_phones_and_addresses_keep_their_order_in_arabic() -> None:
    made = letter(language="ar")
    html = str(made.html).replace("<wbr>", "")
    for code in ("AB-20261124-0007", "+44 20 7946 0142", "user@sea-farm.example.com"):
        assert re.search(f'<bdi [^>]*dir="ltr">{re.escape(code)}</bdi>', html)
        assert f"\u2066{code}\u2069" in made.text


def test_an_address_that_is_escaped_may_break_as_well() -> None:
    story = example_story("en")
    assert story.user
    made = letter(replace(story, user=replace(story.user, email="morag.o'neill@example.com")))
    assert "morag.<wbr>o&#39;neill@<wbr>example.<wbr>com" in str(made.html)


def test_every_message_has_the_direction_of_its_own_words() -> None:
    made = letter(with_conversation(example_story("en"), messages=talk(["smoke", "دخان من KEF-5"])))
    cells = [attributes for tag, attributes in read(made.html).tags if "said" in (attributes.get("class") or "")]
    assert [cell["dir"] for cell in cells] == ["ltr", "rtl"]


def test_styles_are_in_the_elements_and_what_depends_on_the_screen_stays() -> None:
    html = str(letter().html)
    assert "@media (prefers-color-scheme: dark)" in html
    assert "@media (max-width: 400px)" in html
    assert re.search(r'<td class="cell" style="[^"]*padding: 6px 20px', html)
    assert html.index('<meta charset="utf-8">') < 200


def test_styles_are_inlined_when_a_template_is_loaded_and_its_own_tags_survive() -> None:
    loader = InliningLoader(FOLDER)
    source = '{% for one in many %}<p class="small">{{ one if one > 2 else "x" }}</p>{# no #}{% endfor %}'
    styled = loader.inlined(source.replace(" > ", " is gt "))
    assert styled.startswith("{% for one in many %}<p")
    assert 'style="' in styled
    assert "{{ one if one is gt 2" in styled
    assert "<!--" not in styled


def test_what_is_not_known_to_a_template_is_an_error() -> None:
    with pytest.raises(Exception, match="priority"):
        environment("en").get_template("ticket_opened/body.html").render({"title": "x", "preheader": ""})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_no_line_begins_with_the_point_between_two_parts(template: str, language: str) -> None:
    html = str(letter(template=template, language=language).html)
    shown = re.sub(r'<title>.*?</title>|<div class="hidden".*?</div>', "", html, flags=re.DOTALL)
    assert re.findall(r".{20}\s·", re.sub(r"&nbsp;|\xa0", "~", shown)) == []
