"""What a storm did and what was left of it."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.chaos.recovery import Recovery
from bench.chaos.verdict import StormVerdict

SHOWN = 50
# Where the words of a difference end and its names or numbers begin.
NAME = re.compile(r"[^a-z: ]")


@dataclass(slots=True)
class StormReport:
    """`faults` are those that struck, in their order; `missed` ones waited in vain for their moment."""

    seed: int
    minutes: float
    verdict: StormVerdict = field(default_factory=StormVerdict)
    faults: list[str] = field(default_factory=list)
    missed: int = 0
    recoveries: list[Recovery] = field(default_factory=list)

    @property
    def line(self) -> str:
        """The last line: what was there, and whether any of it was lost or came twice."""
        verdict = self.verdict
        return (
            f"chaos {'ok' if verdict.ok else 'FAILED'}: seed={self.seed} minutes={self.minutes:g} "
            f"events={verdict.events} tickets={verdict.tickets} mails={verdict.mails} pushes={verdict.pushes} "
            f"faults={len(self.faults)} lost={verdict.lost} doubled={verdict.doubled}"
        )

    @property
    def lines(self) -> Iterator[str]:
        """Recoveries, what differs, and the last line."""
        yield from (one.line for one in self.recoveries)
        differences = self.verdict.differences
        yield from (f"differs: {one}" for one in differences[:SHOWN])
        if len(differences) > SHOWN:
            kinds = Counter(NAME.split(one)[0].strip() for one in differences[SHOWN:])
            yield f"and {len(differences) - SHOWN} more differences: {dict(kinds)}"
        yield self.line
