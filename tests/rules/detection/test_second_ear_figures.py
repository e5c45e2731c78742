"""Floors of both ears on texts that they were not trained on, and no training text among those."""

import json
import zlib
from collections import Counter

import pytest

from bench.training.texts import SEALED, TEST, TRAINING, LabelledLine, NearDuplicates, read_lines
from config.policy import load_policy
from config.settings import CONFIG_FOLDER
from services.listening.ear import second_ear
from worker.commands.detect import LabelledText, hear_all

# Some points below what was measured (docs/detection.md).
FLOORS = {"handoff": (0.93, 0.92), "danger": (0.85, 0.86)}
LOWEST_RECALL = 0.75
POLICY = load_policy(CONFIG_FOLDER / "policy.toml")


def sealed_lines() -> list[LabelledLine]:
    """Compressed, so that nobody reads or tunes on them by accident."""
    rows = map(json.loads, zlib.decompress(SEALED.read_bytes()).decode().splitlines())
    return [LabelledLine(row["text"], row["lang"], row["kind"], row["label"], "sealed") for row in rows]


@pytest.mark.long
@pytest.mark.parametrize("kind", FLOORS)
def test_both_ears_hear_what_authors_wrote_whom_they_do_not_know(kind: str) -> None:
    lines = [
        LabelledText(line.text, line.language, line.author, bool(line.label))
        for line in sealed_lines()
        if line.kind == kind
    ]
    counts: Counter[tuple[str, bool, bool]] = Counter()
    for line, heard in hear_all(lines, kind, POLICY, second_ear()):
        counts[line.language, line.wanted, heard.escalates] += 1
    right = sum(count for (_, wanted, heard), count in counts.items() if wanted and heard)
    found = sum(count for (_, _, heard), count in counts.items() if heard)
    wanted = sum(count for (_, yes, _), count in counts.items() if yes)
    precision, recall = FLOORS[kind]
    assert right / found >= precision
    assert right / wanted >= recall
    for language in {line.language for line in lines}:
        yes = counts[language, True, True] + counts[language, True, False]
        assert counts[language, True, True] / yes >= LOWEST_RECALL, language


@pytest.mark.long
def test_no_text_of_the_test_part_was_trained_on() -> None:
    tested = NearDuplicates(line.text for line in read_lines(TEST))
    trained = {line.text for line in read_lines(TRAINING)}
    kept = [text for text in trained if text not in tested]
    assert len(kept) > 0.98 * len(trained)
    assert not {line.text for line in read_lines(TEST)} & set(kept)
