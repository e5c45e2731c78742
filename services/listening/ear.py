"""The second ear: what the classifier hears in texts, and why it may be absent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import structlog

from config.lexicon import load_lexicon
from rules.detection import Findings, is_plain_reply
from rules.triggers import KIND_REASON
from services.installation import has_second_ear
from services.listening.known_texts import KINDS, KnownText

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class HeardText:
    """A text with what the word lists found in it."""

    text: str
    findings: Findings


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the second ear makes of one kind in a text: a score from 0 to 1, and the known texts it sounds like.

    `nearest` is empty for a plain reply.
    """

    kind: str
    score: float
    lists: str
    nearest: Sequence[tuple[KnownText, float]]


class SecondEar:
    """Embedder and classifier; loads 100 MB, so a process has one (`second_ear()`).

    :raises OSError, ValueError, KeyError, ImportError, RuntimeError: the wheels or the weights cannot be loaded
    """

    def __init__(self) -> None:
        # Only where it listens: without the wheels, numpy among them, neither can be imported.
        from services.listening.classifier import Classifier, Embedder

        self.classifier = Classifier()
        self.embedder = Embedder()

    @property
    def model(self) -> str:
        """The version of the weights; it is part of a judgement's id."""
        return self.classifier.model

    def judge(self, texts: Sequence[HeardText]) -> list[Mapping[str, Judgement]]:
        """Each text's judgements by kind: handoff and danger.

        A plain reply scores 0 for both and sounds like nothing; it is not embedded, which costs nearly all of the time.
        A text that only speaks of people scores 0 for a wish.
        """
        lexicon = load_lexicon()
        plain = [is_plain_reply(each.text, lexicon) for each in texts]
        judged = iter(self._judge([each for each, is_plain in zip(texts, plain, strict=True) if not is_plain]))
        return [_hear_nothing(each) if is_plain else next(judged) for each, is_plain in zip(texts, plain, strict=True)]

    def _judge(self, texts: Sequence[HeardText]) -> list[Mapping[str, Judgement]]:
        if not texts:
            return []
        vectors = self.embedder.embed([each.text for each in texts])
        judged: list[dict[str, Judgement]] = [{} for _ in texts]
        for kind in KINDS:
            lists = [each.findings.heard(KIND_REASON[kind]) for each in texts]
            scores = self.classifier.scores(kind, [each.text for each in texts], vectors, lists)
            for place, score in enumerate(scores):
                if kind == "handoff" and texts[place].findings.no_wish:
                    score = 0.0
                nobody_hurt = texts[place].findings.hurt == "denied"
                nearest = self.classifier.nearest(kind, vectors[place], nobody_hurt=nobody_hurt)
                judged[place][kind] = Judgement(kind, score, lists[place], nearest)
        return list(judged)


def _hear_nothing(text: HeardText) -> Mapping[str, Judgement]:
    return {kind: Judgement(kind, 0.0, text.findings.heard(reason), ()) for kind, reason in KIND_REASON.items()}


@lru_cache(maxsize=1)
def second_ear() -> SecondEar | None:
    """This process's second ear; None where the wheel is missing or cannot be loaded, which is logged once."""
    if not has_second_ear():
        return None
    try:
        return SecondEar()
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, AttributeError) as error:
        logger.warning("second_ear_cannot_be_loaded", error=f"{type(error).__name__}: {error}")
        return None
