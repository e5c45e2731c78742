"""When each part of this program last gave a sign of life."""

import threading
import time

# Parts that are named in more than one place.
LOOP, DOORBELL, CLOCK = "consumer loop", "doorbell", "clock"
# In Redis, for as long as a doorbell may be silent.
SIGN_OF_LIFE = "escalation:doorbell"


class Signs:
    """Seconds by a clock that never jumps. Only parts that are expected to give signs are looked at."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.limits: dict[str, float] = {}
        self.last: dict[str, float] = {}

    def expect(self, part: str, seconds: float) -> None:
        """From now on the part may be silent for so long."""
        with self.lock:
            self.limits[part] = seconds
            self.last[part] = time.monotonic()

    def seen(self, part: str) -> None:
        """The part works."""
        self.last[part] = time.monotonic()

    def forget(self, part: str) -> None:
        """The part has ended in order."""
        with self.lock:
            self.limits.pop(part, None)

    def renew(self) -> None:
        """Count from now on: the whole program was frozen, and its parts with it."""
        with self.lock:
            self.last = dict.fromkeys(self.last, time.monotonic())

    def silent(self, share: float = 1.0) -> dict[str, float]:
        """The parts that were silent for more than this share of what they may be, with the seconds."""
        now = time.monotonic()
        with self.lock:
            ages = {part: now - self.last[part] for part in self.limits}
            return {part: age for part, age in ages.items() if age > share * self.limits[part]}


# Of this process; a thread looks at them (worker.liveness.program.watch).
SIGNS = Signs()
