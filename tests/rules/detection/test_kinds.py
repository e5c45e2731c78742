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
# Denials of injury, in more words than "nobody is hurt".
DENIED = {
    "en": ("nobody hit, still smells", "none of the lads are injured", "it didn't touch anyone", "no harm done"),
    "el": ("κανείς δεν χτύπησε, αλλά ακόμα μυρίζει", "δεν έπαθα τίποτα", "είμαστε όλοι εντάξει, μυρίζει όμως"),
    "ar": ("محد انصاب بس الريحة باقية", "حتى واحد ما تجرح", "ما صار فينا شي", "ma7ad ta3awwar"),
    "es": ("nadie salió golpeado pero sigue el olor", "no le pegó a nadie", "a nadie le dio la corriente"),
    "tr": ("kimseye çarpmadı ama hala kokuyor", "kimsenin canı yanmadı", "bir şeyim yok"),
    "no": ("ingen ble truffet, men det lukter ennå", "folka er hele", "ingen vart råka"),
}
# People and bots that are only spoken of.
IN_PASSING = {
    "en": ("am I speaking with a robot or a person?", "is this a bot", "can I wire money to somebody abroad?"),
    "el": ("είσαι άνθρωπος ή πρόγραμμα", "μπορώ να στείλω λεφτά σε κάποιον;", "δεν θέλω κλήση"),
    "ar": ("هل أتكلم مع روبوت؟", "انت بشر ولا بوت", "ابغى احول فلوس لشخص"),
    "es": ("¿estoy chateando con una máquina?", "¿eres humano o robot?", "quiero mandar plata a alguien"),
    "tr": ("bir insanla mı yazışıyorum", "sen gerçek misin", "chatbot yapmak istiyorum"),
    "no": ("skriver jeg med en robot?", "er du ekte", "vil overføre penger til noen"),
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


@pytest.mark.parametrize(("language", "text"), cases(DENIED))
def test_that_nobody_is_hurt_is_understood(language: str, text: str) -> None:
    found = hear(text, language)
    assert found.hurt == "denied"
    assert not any(finding.hurt == "said" for finding in found)


@pytest.mark.parametrize(("language", "text"), cases(IN_PASSING))
def test_who_only_speaks_of_people_or_bots_wishes_for_nobody(language: str, text: str) -> None:
    assert hear(text, language).no_wish


@pytest.mark.parametrize(("language", "text"), cases(FETCHED))
def test_who_wants_somebody_fetched_does_not_only_speak_of_people(language: str, text: str) -> None:
    assert not hear(text, language).no_wish


def test_a_question_who_answers_hides_no_wish_beside_it() -> None:
    text = "am I talking to a bot? hand me over to the night shift, he knows this pump"
    assert not hear(text, "en").no_wish
