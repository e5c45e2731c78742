"""What the second ear has heard, as a mail tells it in each language."""

import json
from dataclasses import replace

import numpy as np
import pytest

from config.lexicon import FOLDER
from config.lexicon import read as read_list
from services.listening.classifier import WEIGHTS
from services.listening.known_texts import KINDS
from services.mail.i18n.labels import MEANINGS
from services.mail.i18n.locale import translations
from services.ticket_details import TicketDetails
from tests.services.mail.letters import LANGUAGES, both, letter
from worker.preview.example import example_story


def judged(language: str, gloss: str) -> TicketDetails:
    """The example ticket, whose smoke only the second ear has heard."""
    details = example_story(language)
    (safety, *others) = details.ticket.reasons
    heard = replace(safety, evidence=tuple(replace(one, gloss=gloss, heard="m") for one in safety.evidence))
    return replace(details, ticket=replace(details.ticket, reasons=(heard, *others)))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("gloss", "told"),
    [("says that somebody cannot breathe", "somebody cannot breathe"), ("a meaning of another model", None)],
    ids=["known", "not known"],
)
def test_what_the_second_ear_heard_is_told_in_the_language_of_the_mail(
    language: str, gloss: str, told: str | None
) -> None:
    catalogue = translations(language)
    meaning = catalogue.gettext(told or (gloss if language == "en" else "danger reported"))
    words_of = catalogue.gettext("Sounds like: %(meaning)s") % {"meaning": meaning}
    for text in both(letter(judged(language, gloss), language=language)):
        assert words_of in " ".join(text.split())
        assert language == "en" or gloss not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_headline_does_not_tell_as_a_fact_what_only_sounds_like_it(language: str) -> None:
    spoken = "el" if language != "el" else "en"
    catalogue = translations(language)
    meaning = catalogue.gettext("somebody is hurt")
    told = letter(judged(spoken, "says that somebody is hurt or dead"), language=language)
    words_of = catalogue.gettext("Sounds like: %(meaning)s") % {"meaning": meaning}
    assert words_of[:20].casefold() in told.subject.casefold()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("answer", "told"),
    [("yes", "The user was asked and said yes."), ("none", "The user was asked and has not answered.")],
)
def test_what_came_of_the_question_is_told(language: str, answer: str, told: str) -> None:
    details = judged(language, "says that somebody is hurt or dead")
    (safety, *others) = details.ticket.reasons
    asked = replace(safety, evidence=tuple(replace(one, answer=answer) for one in safety.evidence))
    details = replace(details, ticket=replace(details.ticket, reasons=(asked, *others)))
    for text in both(letter(details, language=language)):
        assert translations(language).gettext(told) in " ".join(text.split())


def test_every_meaning_that_either_ear_has_is_in_the_catalogues() -> None:
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        about = json.loads(str(stored["about"]))
    of_the_ear = {gloss for kind in KINDS for _, _, gloss, _ in about[kind]["known"]}
    of_the_lists = {entry.gloss for path in FOLDER.glob("*.toml") for entry in read_list(path).entries}
    assert (of_the_ear | of_the_lists) - MEANINGS.keys() <= {"says that nobody is hurt"}
