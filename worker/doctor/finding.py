"""A line of the doctor: what was tried, what came back, what to do."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class Level(StrEnum):
    """How grave it is."""

    OK = "ok"
    NOTE = "note"  # good to know
    WARNING = "warning"  # works, and should be changed
    BROKEN = "broken"
    UNKNOWN = "unknown"  # could not be checked


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check and its outcome; never with a secret in it."""

    part: str
    level: Level
    tried: str
    found: str
    remedy: str = ""

    def as_json(self) -> dict[str, str]:
        return {name: str(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class CheckedPart:
    """Makes the lines of one part."""

    name: str

    def ok(self, tried: str, found: str) -> CheckResult:
        return CheckResult(self.name, Level.OK, tried, found)

    def note(self, tried: str, found: str, remedy: str = "") -> CheckResult:
        return CheckResult(self.name, Level.NOTE, tried, found, remedy)

    def warning(self, tried: str, found: str, remedy: str) -> CheckResult:
        return CheckResult(self.name, Level.WARNING, tried, found, remedy)

    def broken(self, tried: str, found: str, remedy: str) -> CheckResult:
        return CheckResult(self.name, Level.BROKEN, tried, found, remedy)

    def unknown(self, tried: str, found: str, remedy: str = "") -> CheckResult:
        return CheckResult(self.name, Level.UNKNOWN, tried, found, remedy)


def exit_code(findings: list[CheckResult]) -> int:
    """1: something is broken; 2: something could not be checked; 0: all is well."""
    levels = {finding.level for finding in findings}
    return 1 if Level.BROKEN in levels else 2 if Level.UNKNOWN in levels else 0


_PART = CheckedPart("clock")
TOLERABLE, WRONG = 5.0, 60.0


def about_clock(other: str, ahead: float) -> CheckResult:
    """`ahead`: by how many seconds this machine is ahead of the other's clock."""
    tried = f"compare with {other}'s clock"
    found = f"this machine is {abs(ahead):.1f} s {'ahead' if ahead > 0 else 'behind'}"
    if abs(ahead) < TOLERABLE:
        return _PART.ok(tried, found)
    make = _PART.broken if abs(ahead) > WRONG else _PART.warning
    return make(tried, found, "Let both machines take their time from NTP.")
