"""Texts as people on a fish farm type and dictate them, in six languages, with hard pairs side by side."""

from collections import Counter
from pathlib import Path

import pytest

from config.lexicon import load_lexicon
from rules.detection import detect

FOLDER = Path(__file__).with_name("challenge")
LANGUAGES = ("en", "el", "ar", "es", "tr", "no")
MEANINGS = {"none": frozenset[str](), "danger": {"danger"}, "call": {"call"}, "both": {"danger", "call"}}


def cases(language: str) -> list[tuple[frozenset[str], str]]:
    """What each text means, and the text."""
    lines = (FOLDER / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split(" | ", 1) for line in lines if line and not line.startswith("#")]
    return [(frozenset(MEANINGS[meaning]), text) for meaning, text in pairs]


def heard(text: str, language: str | None) -> set[str]:
    findings = detect(text, language, load_lexicon())
    return {name for name, found in (("danger", findings.danger), ("call", findings.handoff)) if found}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("hinted", [True, False], ids=["language known", "language not known"])
@pytest.mark.parametrize("kind", ["danger", "call"])
def test_precision_and_recall(kind: str, language: str, hinted: bool) -> None:
    counts: Counter[str] = Counter()
    mistakes = []
    for meant, text in cases(language):
        said = heard(text, language if hinted else None)
        counts[f"{kind in meant} {kind in said}"] += 1
        if (kind in meant) != (kind in said):
            mistakes.append(text)
    right = counts["True True"]
    assert right / (right + counts["False True"]) >= 0.9, mistakes
    assert right / (right + counts["True False"]) >= 0.9, mistakes


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_enough_cases_and_none_twice(language: str) -> None:
    texts = [text for _, text in cases(language)]
    assert len(texts) >= 60
    assert len(set(texts)) == len(texts)
