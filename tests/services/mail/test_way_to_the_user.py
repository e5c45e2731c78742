"""Nobody is told to call a user of whom no telephone number is known, but whom to ask for it."""

from dataclasses import replace

import pytest

from services.mail.i18n.locale import translations
from services.ticket_details import TicketDetails, TicketReason
from tests.services.mail.letters import LANGUAGES, letter
from worker.preview.example import example_story

CALL = "Call the user and make sure that nobody is in danger and that the machine is off."
MAKE_SURE = "Make sure that nobody is in danger and that the machine is off."
ASK = "No telephone number of the user is known: ask %(name)s."
ASK_AT_MACHINE = "No telephone number of the user is known: ask who works with the machine %(name)s."
LOOK = "No telephone number of the user is known: look for the session %(session)s in ABParts."


def without_phone(language: str = "en") -> TicketDetails:
    """The user left no number, and the organisation has none either."""
    details = example_story(language)
    assert details.user
    assert details.user.organisation
    farm = replace(details.user.organisation, contact_info="VHF 8")
    return replace(details, requests=(), user=replace(details.user, organisation=farm))


def told(details: TicketDetails, language: str = "en") -> str:
    """The letter's text in one line, without the marks that keep names together."""
    plain = letter(details, language=language).text.translate({0x2068: None, 0x2069: None})
    return " ".join(plain.split())


def in_words(text: str, language: str, **values: str) -> str:
    return translations(language).gettext(text) % values


@pytest.mark.parametrize("language", LANGUAGES)
def test_with_a_number_the_user_is_to_be_called(language: str) -> None:
    shown = told(example_story(language), language)
    assert in_words(CALL, language) in shown
    assert in_words(ASK, language, name="North Pier Sea Farm") not in shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_without_a_number_the_organisation_can_be_asked(language: str) -> None:
    shown = told(without_phone(language), language)
    asked = in_words(ASK, language, name="North Pier Sea Farm")
    assert f"{in_words(MAKE_SURE, language)} {asked}" in shown
    assert in_words(CALL, language) not in shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_of_an_unknown_user_s_machine_those_who_work_with_it_can_be_asked(language: str) -> None:
    shown = told(replace(without_phone(language), user=None), language)
    assert in_words(ASK_AT_MACHINE, language, name="KEF-5") in shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_nothing_is_known_the_session_can_be_looked_for(language: str) -> None:
    details = replace(without_phone(language), user=None, machine=None)
    shown = told(details, language)
    assert in_words(LOOK, language, session=details.session.session_id) in shown
    assert "Write to the user" not in shown


def test_the_organisation_that_has_the_machine_is_called_for_an_unknown_user() -> None:
    details = example_story("en")
    assert details.user
    assert details.machine
    machine = replace(details.machine, organisation=details.user.organisation)
    shown = told(replace(details, requests=(), user=None, machine=machine))
    assert "Call the organisation: +44 20 7946 0143" in shown
    assert CALL in shown


def test_without_danger_a_mail_address_is_enough() -> None:
    details = without_phone()
    details = replace(details, ticket=replace(details.ticket, reasons=(TicketReason(name="user_request"),)))
    assert "No telephone number" not in told(details)
    assert details.user
    nobody = replace(details, user=replace(details.user, email=None))
    assert "Contact the user, who asked for a person. No telephone number of the user is known: ask " in told(nobody)
