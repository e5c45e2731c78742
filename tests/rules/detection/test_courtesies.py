"""What is nothing but a greeting or thanks, and what says more."""

import pytest

from config.lexicon import load_lexicon
from rules.detection import only_greets


@pytest.mark.parametrize("text", ["hi", "HELLO!!", "hei, takk", "Γεια σας.", "أهلًا وسهلًا", "sağ ol", "ok, gracias"])
def test_a_greeting_is_one(text: str) -> None:
    assert only_greets(text, load_lexicon())


@pytest.mark.parametrize(
    "text",
    ["", "?", "...", "hello?", "hola?", "hello, call me", "hola, hay humo", "takk, noen er skadet", "hi " * 40, "yes"],
)
def test_what_says_more_or_nothing_is_none(text: str) -> None:
    assert not only_greets(text, load_lexicon())
