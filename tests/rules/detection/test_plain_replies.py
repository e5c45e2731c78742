"""What is nothing but a greeting, thanks or a usual answer, and what says more."""

import pytest

from config.lexicon import FOLDER, load_lexicon
from config.lexicon import read as read_list
from rules.detection import detect, is_plain_reply


@pytest.mark.parametrize(
    "text", ["hi", "HELLO!!", "hei, takk", "Γεια σας.", "أهلًا وسهلًا", "sağ ol", "ok, gracias", "sí, rojo"]
)
def test_a_plain_reply_is_one(text: str) -> None:
    assert is_plain_reply(text, load_lexicon())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        "...",
        "hello?",
        "hola?",
        "hello, call me",
        "hola, hay humo",
        "takk, noen er skadet",
        "hi " * 40,
        "stuck",
        "sangre",
    ],
)
def test_what_says_more_or_nothing_is_none(text: str) -> None:
    assert not is_plain_reply(text, load_lexicon())


def test_the_word_lists_hear_nothing_in_a_plain_reply() -> None:
    lexicon = load_lexicon()
    replies = [(path.stem, reply) for path in FOLDER.glob("*.toml") for reply in read_list(path).plain_replies]
    assert [reply for language, reply in replies if detect(reply, language, lexicon)] == []
