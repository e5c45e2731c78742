"""What is said about a part that has fallen silent, and what to do; docs/operate.md has a section on each."""

from dataclasses import dataclass, replace
from typing import Final, Self

DOCTOR = "run python -m worker doctor, and see docs/operate.md"
SWEEPS = "sweeps"


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alert's words; no personal data."""

    summary: str
    hint: str = DOCTOR

    def about(self, what: str) -> Self:
        return replace(self, summary=f"{self.summary}: {what}") if what else self


ALARMS: Final = {
    "postgresql": Alarm("PostgreSQL does not answer; events wait in Redis until it does"),
    "schema": Alarm("the database is not as the worker needs it"),
    "redis": Alarm("Redis does not answer; nothing is decided, and no mail leaves, until it does"),
    "worker": Alarm("no worker waits at the event stream; events wait in Redis"),
    "beat": Alarm("beat does not ring; nothing that failed is tried again"),
    SWEEPS: Alarm("sweeps have not ended for long"),
}
