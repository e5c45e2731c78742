"""Nothing that anybody types raises an error or takes long."""

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.lexicon import FOLDER, load_lexicon
from rules.detection import detect

LONGEST_SECONDS = 0.05
ALPHABET = st.characters(codec=None, exclude_categories=())
KNOWN_WORDS = sorted({word.strip('",') for path in FOLDER.glob("*.toml") for word in path.read_text().split()})
WORDS = st.sampled_from(KNOWN_WORDS)


def seconds(text: str, language: str | None = None) -> float:
    """Of this process alone, the least of three after a first that may learn the words: a busy machine is fair."""
    lexicon = load_lexicon()
    detect(text, language, lexicon)
    times = []
    for _ in range(3):
        start = time.process_time()
        detect(text, language, lexicon)
        times.append(time.process_time() - start)
    return min(times)


@given(st.text(ALPHABET), st.sampled_from([None, "en", "el", "xx"]))
def test_any_text_has_findings_that_lie_within_it(text: str, language: str | None) -> None:
    for finding in detect(text, language, load_lexicon()):
        assert 0 <= finding.start < finding.end <= len(text)
        assert finding.phrase == text[finding.start : finding.end]


@given(st.lists(WORDS, max_size=60).map(" ".join))
def test_any_mixture_of_known_words_has_findings_that_lie_within_it(text: str) -> None:
    for finding in detect(text, None, load_lexicon()):
        assert finding.phrase == text[finding.start : finding.end]
        assert finding.phrase.strip()


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "a " * 500_000,
        "no smoke " * 110_000,
        "smoke " * 170_000,
        "worker hit hand " * 60_000,
        "i want to talk to a " * 50_000,
        "(" * 1_000_000,
        '"' * 999_999,
        "> " * 500_000,
        "\ud800" * 1_000_000,
        "\u0301" * 1_000_000,
        "ﷺ" * 1_000_000,
        "\u200b" * 1_000_000,
        "😀🔥" * 500_000,
        "\n" * 1_000_000,
        "\0" * 1_000_000,
        ("a" * 31 + " ") * 30_000,
        "".join(chr(0x3400 + number) for number in range(20_000)) * 5,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_a_million_characters_take_no_long_time(text: str) -> None:
    assert seconds(text) < LONGEST_SECONDS


@pytest.mark.parametrize("seed", range(20))
def test_a_soup_of_our_own_words_takes_no_long_time(seed: int) -> None:
    chance = random.Random(seed)
    words = chance.sample(KNOWN_WORDS, chance.choice([5, 50, 1_000]))
    assert seconds(" ".join(chance.choice(words) for _ in range(3_000))) < LONGEST_SECONDS


def test_two_thousand_characters_take_less_than_a_millisecond() -> None:
    sentence = "The pump does not reach its pressure, the gauge shows sixty bar and the nozzles hardly turn at all. "
    assert seconds((sentence * 20)[:2_000], "en") < 0.001
