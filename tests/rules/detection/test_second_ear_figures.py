"""Floors of both ears on texts that they were not trained on, and no training text among those.

The public files, which are measured beside these, may not be copied into the project: docs/detection.md has their
figures.
"""

import json
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from bench.training.texts import (
    SEALED_PARTS,
    TEST,
    TRAINING,
    LabelledLine,
    read_lines,
    read_sealed,
    read_tested_texts,
)
from config.policy import load_policy
from config.settings import CONFIG_FOLDER
from services.listening.classifier import WEIGHTS
from services.listening.ear import second_ear
from services.listening.known_texts import KINDS
from tests.rules.detection.test_challenge import LANGUAGES, cases
from worker.commands.detect import LabelledText, hear_all

# Some points below what was measured (docs/detection.md): precision, recall, and recall with what is asked.
FLOORS = {
    "test": {"handoff": (0.93, 0.86, 0.97), "danger": (0.88, 0.84, 0.96)},
    "sealed": {"handoff": (0.95, 0.9, 0.97), "danger": (0.93, 0.92, 0.97)},
    "sealed_second": {"handoff": (0.94, 0.82, 0.94), "danger": (0.89, 0.89, 0.95)},
    "sealed_third": {"handoff": (0.95, 0.83, 0.95), "danger": (0.92, 0.9, 0.97)},
    "sealed_fourth": {"handoff": (0.91, 0.93, 0.97), "danger": (0.91, 0.92, 0.96)},
    "sealed_fifth": {"handoff": (0.94, 0.9, 0.97), "danger": (0.86, 0.88, 0.97)},
    "sealed_sixth": {"handoff": (0.9, 0.94, 0.98), "danger": (0.86, 0.92, 0.97)},
    "sealed_seventh": {"handoff": (0.92, 0.92, 0.97), "danger": (0.86, 0.92, 0.97)},
    "sealed_eighth": {"handoff": (0.95, 0.95, 0.97), "danger": (0.88, 0.95, 0.97)},
}
# Of the language that is heard worst; in the test part that is Arabic danger, 18 of 30.
LOWEST_RECALL = {
    "test": 0.58,
    "sealed": 0.83,
    "sealed_second": 0.77,
    "sealed_third": 0.74,
    "sealed_fourth": 0.88,
    "sealed_fifth": 0.77,
    "sealed_sixth": 0.85,
    "sealed_seventh": 0.86,
    "sealed_eighth": 0.9,
}
PARTS = {"test": read_lines(TEST), **{path.stem: read_sealed(path) for path in SEALED_PARTS}}
# The challenge set is of hard pairs: half of it are texts that only look like danger.
CHALLENGE_PRECISION = {"handoff": 0.9, "danger": 0.82}
CHALLENGE_RECALL = 0.9
POLICY = load_policy(CONFIG_FOLDER / "policy.toml")
OF_MEANING = {"handoff": "call", "danger": "danger"}


class Figures:
    """What both ears made of lines, by language."""

    def __init__(self, lines: Sequence[LabelledLine], kind: str) -> None:
        texts = [LabelledText(line.text, line.language, line.author, bool(line.label)) for line in lines]
        self.escalated: Counter[tuple[str, bool, bool]] = Counter()
        self.asked: Counter[tuple[str, bool, bool]] = Counter()
        for line, heard in hear_all(texts, kind, POLICY, second_ear()):
            self.escalated[line.language, line.wanted, heard.escalates] += 1
            self.asked[line.language, line.wanted, heard.escalates or heard.asks] += 1

    @property
    def precision(self) -> float:
        right = sum(self.escalated[language, True, True] for language in LANGUAGES)
        return right / (right + sum(self.escalated[language, False, True] for language in LANGUAGES))

    @property
    def asked_recall(self) -> float:
        return recall_in(self.asked, *LANGUAGES)

    def recall(self, *languages: str) -> float:
        return recall_in(self.escalated, *(languages or LANGUAGES))


def recall_in(counts: Counter[tuple[str, bool, bool]], *languages: str) -> float:
    right = sum(counts[language, True, True] for language in languages)
    return right / (right + sum(counts[language, True, False] for language in languages))


@pytest.mark.long
@pytest.mark.parametrize("kind", ["handoff", "danger"])
@pytest.mark.parametrize("part", PARTS)
def test_both_ears_hear_what_was_not_trained_on(part: str, kind: str) -> None:
    figures = Figures([line for line in PARTS[part] if line.kind == kind], kind)
    precision, recall, asked = FLOORS[part][kind]
    assert figures.precision >= precision
    assert figures.recall() >= recall
    assert figures.asked_recall >= asked
    for language in LANGUAGES:
        assert figures.recall(language) >= LOWEST_RECALL[part], language


@pytest.mark.long
@pytest.mark.parametrize("kind", OF_MEANING)
def test_both_ears_hear_the_challenge(kind: str) -> None:
    lines = [
        LabelledLine(text, language, kind, int(OF_MEANING[kind] in meant), "challenge")
        for language in LANGUAGES
        for meant, text in cases(language)
    ]
    figures = Figures(lines, kind)
    assert figures.precision >= CHALLENGE_PRECISION[kind]
    for language in LANGUAGES:
        assert figures.recall(language) >= CHALLENGE_RECALL, language


@pytest.mark.long
def test_no_text_of_the_test_parts_was_trained_on() -> None:
    tested = read_tested_texts()
    trained = {line.text for line in read_lines(TRAINING)}
    kept = {text for text in trained if text not in tested}
    assert len(kept) > 0.98 * len(trained)
    # Of the weights only the texts that explain can be read.
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        about = json.loads(str(stored["about"]))
    assert not [text for kind in KINDS for text, *_ in about[kind]["known"] if text in tested]
