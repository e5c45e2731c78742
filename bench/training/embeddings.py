"""Embeddings of all texts, kept between runs: computing them takes minutes."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.progress import track

from services.listening.classifier import Embedder, Vectors

CACHE = Path("var/training/embeddings.npz")
_BATCH = 32


def embeddings(texts: Sequence[str]) -> Vectors:
    """A row for each text."""
    known = _read()
    missing = sorted({text for text in texts if key_of(text) not in known}, key=len)
    if missing:
        embedder = Embedder()
        for start in track(range(0, len(missing), _BATCH), "embedding"):
            part = missing[start : start + _BATCH]
            known |= dict(zip(map(key_of, part), embedder.embed(part), strict=True))
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        np.savez(CACHE, keys=np.array(list(known)), vectors=np.array(list(known.values()), dtype=np.float32))
    return np.array([known[key_of(text)] for text in texts], dtype=np.float32)


def key_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _read() -> dict[str, Vectors]:
    if not CACHE.exists():
        return {}
    with np.load(CACHE) as stored:
        return dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))
