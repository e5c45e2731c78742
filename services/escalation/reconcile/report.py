"""What a reconciliation found and repaired, as counts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tally:
    """One kind: how many were found, and how many of them were repaired."""

    found: int = 0
    repaired: int = 0

    @property
    def left(self) -> int:
        return self.found - self.repaired


@dataclass(frozen=True, slots=True)
class ReconcileReport:
    """All kinds; `lost_tickets` are those whose row is gone though nobody deleted it, which only a rebuild restores."""

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
        """What could not be repaired, by kind."""
        return {name: tally.left for name, tally in self.tallies().items() if tally.left}

    @property
    def repaired(self) -> int:
        return sum(tally.repaired for tally in self.tallies().values())

    def summary(self) -> str:
        """For Flower: `clean`, or the kinds with what was repaired of what was found."""
        found = (f"{name}={tally.repaired}/{tally.found}" for name, tally in self.tallies().items() if tally.found)
        return " ".join(found) or "clean"
