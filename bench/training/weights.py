"""Writes what was fitted as one small file for numpy."""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.training.fit import SEED, FittedModel
from bench.training.texts import LabelledLine
from rules.detection import Lexicon, detect
from rules.triggers import KIND_REASON

_KNOWN_TEXTS = 1_200
# A text whose neighbours do not agree on a meaning has the one that is always right; two that tell of hurt people make
# it an injury, since such a text must not explain one that denies injuries.
_VOTES, _NEEDED, _NEEDED_HURT = 7, 4, 2
# Into so many steps is the greatest number of the vectors cut: few of them, since the file is compressed.
_STEPS = 12
_FALLBACK = {"handoff": "asks for a person", "danger": "says that people are in danger"}
# Meanings of texts that may tell of somebody who was hit or is missing, though their words do not say that he is hurt.
_OF_PEOPLE = frozenset(
    {"says that people are in danger", "reports an electric shock", "reports an electric shock or live parts"}
)


@dataclass(frozen=True, slots=True)
class FittedKind:
    """One kind, ready to be written: model, combination, and the known texts with their centred embeddings."""

    model: FittedModel
    combination: Sequence[float]
    known: Sequence[LabelledLine]
    known_vectors: NDArray[np.float32]
    meanings: Sequence[tuple[str, bool]]


def meanings_of(
    lines: Sequence[LabelledLine], vectors: NDArray[np.float32], kind: str, lexicon: Lexicon
) -> list[tuple[str, bool]]:
    """What each text means in English, and whether it tells of hurt people.

    Where the word lists are silent, its neighbours decide. Each gloss must be among
    `services.mail.i18n.labels.MEANINGS`, so that mails say it in their language.
    """
    found = [detect(line.text, line.language, lexicon).first(KIND_REASON[kind]) for line in lines]
    spoken = [place for place, finding in enumerate(found) if finding]
    similar = vectors @ vectors[spoken].T
    meanings = []
    for place, finding in enumerate(found):
        nearest = [found[spoken[each]] for each in np.argsort(-similar[place], kind="stable")[:_VOTES]]
        votes = Counter(heard.gloss for heard in nearest if heard)
        agreed = next((gloss for gloss, count in votes.items() if count >= _NEEDED), _FALLBACK[kind])
        hurt = sum(heard.hurt == "said" for heard in nearest if heard) >= _NEEDED_HURT
        gloss, hurt = (finding.gloss, finding.hurt == "said") if finding else (agreed, hurt)
        meanings.append((gloss, hurt or gloss in _OF_PEOPLE))
    return meanings


def chosen(lines: Sequence[LabelledLine]) -> list[int]:
    """Places of the texts that are shown as examples: the same number a language, spread over the file."""
    by_language: dict[str, list[int]] = {}
    for place, line in enumerate(lines):
        by_language.setdefault(line.language, []).append(place)
    share = _KNOWN_TEXTS // len(by_language)
    return sorted(
        places[each]
        for places in by_language.values()
        for each in np.linspace(0, len(places) - 1, min(share, len(places)), dtype=int)
    )


def write(path: Path, mean: NDArray[np.float32], kinds: Mapping[str, FittedKind]) -> str:
    """Write the file and return the model's version, which is made of its content."""
    arrays: dict[str, NDArray[Any]] = {"mean": mean.astype(np.float16)}
    about: dict[str, Any] = {"seed": SEED}
    for kind, fitted in kinds.items():
        arrays |= {f"{kind}_{name}": values for name, values in _arrays(fitted).items()}
        about[kind] = _about(fitted)
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    about["model"] = hashlib.sha256(content.getvalue() + json.dumps(about).encode()).hexdigest()[:12]
    arrays["about"] = np.array(json.dumps(about, ensure_ascii=False))
    np.savez_compressed(path, allow_pickle=False, **arrays)
    return str(about["model"])


def _arrays(fitted: FittedKind) -> dict[str, NDArray[Any]]:
    networks, machine = fitted.model.networks, fitted.model.machine
    pieces = fitted.model.linear.coef_[0]
    return {
        "hidden": np.hstack([each.coefs_[0] for each in networks]).astype(np.float16),
        "hidden_bias": np.concatenate([each.intercepts_[0] for each in networks]).astype(np.float16),
        "output": (np.concatenate([each.coefs_[1][:, 0] for each in networks]) / len(networks)).astype(np.float16),
        "support": _in_bytes(machine.support_vectors_),
        "support_weights": machine.dual_coef_[0].astype(np.float16),
        "pieces": np.rint(pieces / _scale(pieces)).astype(np.int8),
        "known": _in_bytes(fitted.known_vectors),
    }


def _in_bytes(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """Vectors of length one as whole numbers; the reader gives them their length back."""
    whole: NDArray[np.int8] = np.rint(vectors / np.abs(vectors).max() * _STEPS).astype(np.int8)
    return whole


def _about(fitted: FittedKind) -> dict[str, Any]:
    networks, linear = fitted.model.networks, fitted.model.linear
    return {
        "output_bias": float(np.mean([each.intercepts_[1][0] for each in networks])),
        "support_bias": float(fitted.model.machine.intercept_[0]),
        "pieces_scale": _scale(linear.coef_[0]),
        "pieces_bias": float(linear.intercept_[0]),
        "combination": list(fitted.combination),
        "known": [
            [line.text, line.language, *meaning] for line, meaning in zip(fitted.known, fitted.meanings, strict=True)
        ],
    }


def _scale(values: NDArray[np.float64]) -> float:
    return float(np.abs(values).max() / 127)
