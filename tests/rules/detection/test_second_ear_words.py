"""What the second ear makes of a text where the word lists know better."""

from collections.abc import Mapping, Sequence

import pytest

from config.lexicon import load_lexicon
from rules.detection import detect
from services.listening.classifier import Embedder, Vectors
from services.listening.ear import HeardText, Judgement, SecondEar, second_ear
from tests.rules.detection.test_kinds import DENIED, IN_PASSING, cases


def judge(language: str, text: str) -> Mapping[str, Judgement]:
    ear = second_ear()
    assert ear is not None
    return ear.judge([HeardText(text, detect(text, language, load_lexicon()))])[0]


@pytest.mark.parametrize(("language", "text"), cases(DENIED))
def test_no_injury_explains_a_text_that_denies_injuries(language: str, text: str) -> None:
    nearest = judge(language, text)["danger"].nearest
    assert len(nearest) == 2
    assert not any(known.hurt for known, _ in nearest)


def test_an_injury_explains_one() -> None:
    assert all(known.hurt for known, _ in judge("en", "his fingers got caught in the winch")["danger"].nearest)


PLAIN = {
    "en": ("hello", "Hello!", "hi there, good morning", "ok thanks", "blue", "it stopped", "yes, red light"),
    "el": ("γεια", "Καλημέρα", "ευχαριστώ πολύ!", "έγινε", "περίμενε"),
    "ar": ("السلام عليكم", "مرحبا", "شكرا", "احمر", "لحظة"),
    "es": ("hola", "¡Hola, buenos días!", "muchas gracias", "rojo", "sí, está encendido"),
    "tr": ("merhaba", "iyi günler", "teşekkürler", "kırmızı", "kapalı"),
    "no": ("hei", "takk", "Hei hei, god morgen", "på", "rødt lys"),
}


@pytest.mark.parametrize(("language", "text"), cases(PLAIN))
def test_it_hears_nothing_in_a_plain_reply(language: str, text: str) -> None:
    assert {kind: judgement.score for kind, judgement in judge(language, text).items()} == {"handoff": 0, "danger": 0}


class Counting(Embedder):
    """Also keeps the texts that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[str] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.given += texts
        return super().embed(texts)


def test_it_takes_no_time_for_a_plain_reply() -> None:
    ear = SecondEar()
    ear.embedder = counting = Counting()
    texts = ["hello", "his fingers got caught in the winch", "thanks"]
    judged = ear.judge([HeardText(text, detect(text, "en", load_lexicon())) for text in texts])
    assert counting.given == ["his fingers got caught in the winch"]
    assert [by_kind["danger"].score > 0 for by_kind in judged] == [False, True, False]
    assert [len(by_kind["danger"].nearest) for by_kind in judged] == [0, 2, 0]


@pytest.mark.parametrize(("language", "text"), cases(IN_PASSING))
def test_it_hears_no_wish_where_people_are_only_spoken_of(language: str, text: str) -> None:
    assert judge(language, text)["handoff"].score == 0
