"""The process that listens, with a model that ends it at one text, as memory that runs out or a fault in it would."""

import os
import signal
from collections.abc import Sequence

from services.listening.classifier import Embedder, Vectors
from services.listening.ear import second_ear
from tasks.listening import listen

POISON = "poison"


class DeadlyEmbedder(Embedder):
    """Tells each text before it reads it."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        print(*texts, sep="|", flush=True)
        if any(POISON in text for text in texts):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().embed(texts)


if __name__ == "__main__":
    ear = second_ear()
    assert ear
    ear.embedder = DeadlyEmbedder()
    print(listen())
