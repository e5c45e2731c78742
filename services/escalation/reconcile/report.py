"""What a reconciliation found and mended, as counts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tally:
    """One kind: how many were found, and how many of them mended."""

    found: int = 0
    mended: int = 0

    @property
    def left(self) -> int:
        return self.found - self.mended


@dataclass(frozen=True, slots=True)
class ReconcileReport:
    """All kinds; `lost_tickets` are those whose row is gone though nobody deleted it, which only a rebuild can mend."""

    undecided_events: Tally = Tally()
    escalated_sessions: Tally = Tally()
    lone_triggers: Tally = Tally()
    unmailed_tickets: Tally = Tally()
    lost_tickets: Tally = Tally()

    def tallies(self) -> dict[str, Tally]:
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def clean(self) -> bool:
        """Nothing was found at all."""
        return not any(tally.found for tally in self.tallies().values())

    @property
    def left(self) -> dict[str, int]:
        """What could not be mended, by kind."""
        return {name: tally.left for name, tally in self.tallies().items() if tally.left}

    @property
    def mended(self) -> int:
        return sum(tally.mended for tally in self.tallies().values())

    def summary(self) -> str:
        """For Flower: `clean`, or the kinds with what was mended of what was found."""
        found = (f"{name}={tally.mended}/{tally.found}" for name, tally in self.tallies().items() if tally.found)
        return " ".join(found) or "clean"
