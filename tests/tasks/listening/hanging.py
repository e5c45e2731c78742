"""A worker that listens, with a model that comes to no end at one text."""

import time
from collections.abc import Sequence

from services.listening.classifier import Embedder, Vectors
from services.listening.ear import second_ear
from tests.tasks.listening.deadly import POISON
from worker import load_word_lists
from worker.celery_app import app

# Of the shipped time limit.
SHARE = 6


class HangingEmbedder(Embedder):
    def embed(self, texts: Sequence[str]) -> Vectors:
        if any(POISON in text for text in texts):
            time.sleep(3_600)
        return super().embed(texts)


if __name__ == "__main__":
    load_word_lists()
    ear = second_ear()
    assert ear
    ear.embedder = HangingEmbedder()
    app.loader.import_default_modules()
    listen = app.tasks["escalation.listen"]
    listen.time_limit = (listen.time_limit or 0) // SHARE
    # With another queue, since one that takes from this alone gives way to others.
    app.worker_main(["worker", "-Q", "listen,unused", "-c", "1", "-n", "hanging@%h"])
