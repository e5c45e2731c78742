"""The clocks: times of events and retries are compared across machines."""

from worker.doctor.finding import Finding, Part

PART = Part("clock")
TOLERABLE, WRONG = 5.0, 60.0


def about_clock(other: str, ahead: float) -> Finding:
    """`ahead`: by how many seconds this machine is ahead of the other's clock."""
    tried = f"compare with {other}'s clock"
    found = f"this machine is {abs(ahead):.1f} s {'ahead' if ahead > 0 else 'behind'}"
    if abs(ahead) < TOLERABLE:
        return PART.ok(tried, found)
    make = PART.broken if abs(ahead) > WRONG else PART.warning
    return make(tried, found, "Let both machines take their time from NTP.")
