"""Whole kinds of sentences that the lists once missed: somebody else as subject, and injuries told by what happened."""

from collections.abc import Mapping, Sequence

import pytest

from config.lexicon import load_lexicon
from rules.detection import Findings, detect

FETCHED = {
    "en": ("can you contact a human?", "put my skipper through to your people", "can we get someone out here"),
    "el": ("μπορείς να επικοινωνήσεις με έναν άνθρωπο;", "φέρτε κάποιον στο τηλέφωνο", "στείλτε μας συνεργείο"),
    "ar": ("ممكن تتواصل مع شخص؟", "خلي حد يجي هنا", "سلمني لزميلك"),
    "es": ("¿puedes contactar a un humano?", "que alguien venga al centro", "pásame a tu compañero"),
    "tr": ("birini hatta ver", "ustanızı platforma gönderin", "bir mühendis devreye girsin"),
    "no": ("kan du kontakte et menneske?", "sett noen på tråden", "send mannen deres ut til merden"),
}
STRUCK = {
    "en": ("the door slammed on his fingers", "hot water splashed over her arm", "finger between flange and pipe"),
    "el": ("του έπεσε ο γάντζος στο πόδι", "έκλεισε η πόρτα στα δάχτυλά του", "γλίστρησε και χτύπησε το γόνατο"),
    "ar": ("وقع الخطاف على رجله", "انغلق الباب على أصابعه", "دخل الديزل في عينه"),
    "es": ("la puerta le pilló los dedos", "se pegó en la cabeza con la baranda", "se cortó la palma con el cable"),
    "tr": ("kapı parmaklarına kapandı", "ayağına kanca düştü", "gözüme asit sıçradı"),
    "no": ("døra smalt igjen på fingrene hans", "kroken falt på foten hans", "fikk sprut i øyet"),
}
# The same verbs and parts of the body where nobody is wanted and nobody is hurt.
ORDINARY = {
    "en": ("contact the connector with contact cleaner", "he hit the button with his hand", "splash guard is missing"),
    "el": ("το χέρι της βαλβίδας έσπασε", "στείλτε μου το εγχειρίδιο", "έκλεισε η πόρτα του πίνακα"),
    "ar": ("يد الصمام مكسورة", "ارسل لي الكتالوج", "ضغطت على الزر بيدي"),
    "es": ("el sensor avisa al operador", "el brazo de la grúa está golpeado", "presioné el botón con la mano"),
    "tr": ("teknisyen raporu gönderdi", "vananın kolu kırıldı", "kapak kapandı"),
    "no": ("luka smalt igjen", "armen på krana er bøyd", "teknikeren sendte rapporten"),
}


def hear(text: str, language: str | None) -> Findings:
    return detect(text, language, load_lexicon())


def cases(texts: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    return [(language, text) for language, several in texts.items() for text in several]


@pytest.mark.parametrize(("language", "text"), cases(FETCHED))
def test_whoever_is_to_be_fetched_a_human_is_wanted(language: str, text: str) -> None:
    assert hear(text, language).handoff


@pytest.mark.parametrize(("language", "text"), cases(STRUCK))
def test_what_happened_to_a_part_of_the_body_tells_that_somebody_is_hurt(language: str, text: str) -> None:
    found = hear(text, language)
    assert found.danger
    assert found.hurt == "said"


@pytest.mark.parametrize(("language", "text"), cases(ORDINARY))
def test_the_same_words_of_machines_and_papers_mean_neither(language: str, text: str) -> None:
    found = hear(text, language)
    assert not found.danger
    assert not found.handoff


@pytest.mark.parametrize("language", ["es", "en", None])
def test_an_everyday_word_of_one_language_is_no_finding_of_another(language: str | None) -> None:
    # In Norwegian "os" is smoke, in Spanish "you".
    assert not hear("os mando fotos del equipo", language).danger
    assert hear("os mando fotos del fuego", language).danger


@pytest.mark.parametrize("text", ["os!", "det kommer os fra motoren"])
@pytest.mark.parametrize("language", ["no", "en", None])
def test_it_is_one_in_its_own_language(text: str, language: str | None) -> None:
    assert hear(text, language).danger
