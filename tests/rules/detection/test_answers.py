"""What counts as yes or no, in the six languages, and what only begins like it."""

import pytest

from config.lexicon import load_lexicon
from rules.detection import read_answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("yes", "yes"), ("YES!!!", "yes"), ("yesss please", "yes"), ("ok", "yes"), ("👍", "yes"), ("please do", "yes"),
        ("ναι, παρακαλώ", "yes"), ("nai", "yes"), ("نعم", "yes"), ("أيوه لو سمحت", "yes"), ("aywa", "yes"),
        ("¡Sí!", "yes"), ("sí, por favor, rápido", "yes"), ("evet lütfen birini çağırın", "yes"), ("Ja takk", "yes"),
        ("no", "no"), ("nope", "no"), ("No thanks.", "no"), ("nobody is hurt", "no"), ("all good now", "no"),
        ("όχι", "no"), ("κανείς δεν χτύπησε", "no"), ("لا، شكراً", "no"), ("محدش", "no"), ("no, gracias", "no"),
        ("estamos bien", "no"), ("hayır", "no"), ("kimse yaralanmadı", "no"), ("nei, alt bra", "no"),
    ],
)  # fmt: skip
def test_an_answer_is_understood(text: str, answer: str) -> None:
    assert read_answer(text, None, load_lexicon()) == answer


@pytest.mark.parametrize(
    "text",
    [
        "", "?", "the pressure is 160 bar", "no flow at all", "no pressure on the left side", "no estamos bien",
        "ok the pump is on and it turns the wrong way", "now it works", "ya lo hice", "ingen røyk", "yok basınç",
        "yes the pressure is 160 bar but the flow is still very low on that side", "he is trapped", "لا يعمل المحرك",
    ],
)  # fmt: skip
def test_what_only_begins_like_an_answer_is_none(text: str) -> None:
    assert read_answer(text, None, load_lexicon()) == ""
