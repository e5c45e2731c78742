"""Fits one kind: networks and a support vector machine on embeddings, a linear model on pieces, their combination."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

from rules.detection.ngrams import hashed_pieces
from services.listening.classifier import LIKENESS_GAMMA, LIST_STATES

PIECES = 2**18
SEED = 20261129
# Authors of lines of other fields; nobody's lines stand for "another author" there.
FIELDS = "fields"
_HIDDEN, _ROUNDS = 256, 25
_MARGIN = 5.0
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Examples:
    """Texts of one kind as numbers: centred embeddings, pieces, what the lists heard, labels and authors."""

    vectors: NDArray[np.float32]
    pieces: Any
    heard: Sequence[str]
    labels: NDArray[np.int64]
    authors: NDArray[np.str_]

    def __getitem__(self, chosen: NDArray[np.bool_]) -> "Examples":
        heard = [state for state, taken in zip(self.heard, chosen, strict=True) if taken]
        return Examples(self.vectors[chosen], self.pieces[chosen], heard, self.labels[chosen], self.authors[chosen])


@dataclass(frozen=True, slots=True)
class FittedModel:
    """The networks, of which the average counts, the support vector machine, and the linear model."""

    networks: Sequence[Any]
    machine: Any
    linear: Any

    def logits(self, examples: Examples) -> Numbers:
        """Three columns: by meaning, by likeness and by pieces."""
        meaning = np.mean([_logit(each.predict_proba(examples.vectors)[:, 1]) for each in self.networks], axis=0)
        likeness = self.machine.decision_function(examples.vectors)
        return np.column_stack([meaning, likeness, self.linear.decision_function(examples.pieces)])


def pieces_matrix(texts: Sequence[str]) -> Any:
    """A row a text, of length one, with a number wherever one of its pieces falls."""
    places = [hashed_pieces(text, PIECES) for text in texts]
    ends = np.cumsum([0, *map(len, places)])
    values = np.concatenate([np.full(len(row), len(row) ** -0.5) for row in places if row])
    return csr_matrix((values, np.concatenate([row for row in places if row]), ends), shape=(len(texts), PIECES))


def fit(examples: Examples, networks: int, ordinary: int) -> FittedModel:
    """Fit so many networks, each from another seed, the support vector machine, and the linear model.

    :param ordinary: how many times an ordinary line of another field counts, since there are many more of them in the
        world than here
    """
    is_ordinary = np.char.startswith(examples.authors, FIELDS) & (examples.labels == 0)
    counts = np.where(is_ordinary, ordinary, 1)
    fitted = [
        MLPClassifier(
            (_HIDDEN,), alpha=1e-2, max_iter=_ROUNDS, learning_rate_init=2e-3, random_state=SEED + number
        ).fit(examples.vectors, examples.labels, sample_weight=counts)
        for number in range(networks)
    ]
    # Of the weights the root was enough here.
    machine = SVC(C=_MARGIN, gamma=LIKENESS_GAMMA, cache_size=1_000).fit(
        examples.vectors, examples.labels, sample_weight=np.sqrt(counts)
    )
    linear = LogisticRegression(C=20, solver="liblinear", random_state=SEED).fit(
        examples.pieces, examples.labels, sample_weight=counts
    )
    return FittedModel(fitted, machine, linear)


def by_author(examples: Examples, held_out: Sequence[str], ordinary: int) -> Numbers:
    """Logits of each author's texts from a model that has seen nothing of that author; nan where none is held out.

    Lines of other fields are always trained on.

    :param held_out: prefixes of authors, each held out in turn
    :param ordinary: as in `fit`
    """
    logits = np.full((len(examples.labels), 3), np.nan)
    for prefix in held_out:
        tested = np.char.startswith(examples.authors, prefix)
        logits[tested] = fit(examples[~tested], networks=1, ordinary=ordinary).logits(examples[tested])
    return logits


def combine(logits: Numbers, heard: Sequence[str], labels: NDArray[np.int64]) -> list[float]:
    """Bias, weights of meaning, likeness and pieces, and a weight for each state of the lists.

    The three have an equal say: weights fitted one by one trust what is best on these authors, and cry wolf elsewhere.
    """
    spread = logits.std(axis=0)
    states = np.array([[state == name for name in LIST_STATES] for state in heard], dtype=float)
    said = (logits / spread).sum(axis=1)
    fitted = LogisticRegression(C=1.0, max_iter=1_000).fit(np.column_stack([said, states]), labels)
    say, *of_state = fitted.coef_[0]
    return [float(fitted.intercept_[0]), *map(float, say / spread), *map(float, of_state)]


def combined(logits: Numbers, heard: Sequence[str], combination: Sequence[float]) -> Numbers:
    """Probabilities."""
    bias, *weights = combination
    columns = logits.shape[1]
    states = np.array([weights[columns + LIST_STATES.index(state)] for state in heard])
    result: Numbers = 1 / (1 + np.exp(-(bias + logits @ np.array(weights[:columns]) + states)))
    return result


def _logit(probability: Numbers) -> Numbers:
    kept = np.clip(probability, 1e-6, 1 - 1e-6)
    result: Numbers = np.log(kept / (1 - kept))
    return result
