"""What a text says: findings, each with its place in the text and the reason in words."""

from collections.abc import Iterator
from dataclasses import dataclass

SAFETY, REQUEST = "safety_concern", "user_request"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a text says. `start` and `end` are places in the original text; `hurt` is for safety findings.

    A finding that fires may be `doubtful`: it fires when the word lists hear alone, and where a second ear hears too,
    that one decides.
    """

    kind: str
    phrase: str
    start: int
    end: int
    reason: str
    gloss: str
    language: str
    strength: str
    entry: str
    hurt: str = "unknown"
    doubtful: bool = False

    @property
    def fires(self) -> bool:
        """Whether it is strong enough to bring a human in."""
        return self.strength == "strong"

    def as_evidence(self) -> dict[str, str | int | float | bool]:
        """Everything that explains the finding, ready for JSON."""
        evidence: dict[str, str | int | float | bool] = {
            "phrase": self.phrase.encode("utf-8", "replace").decode(),
            "start": self.start,
            "end": self.end,
            "reason": self.reason,
            "gloss": self.gloss,
            "language": self.language,
            "strength": self.strength,
            "entry": self.entry,
        }
        doubt: dict[str, str | int | float | bool] = {"doubtful": True} if self.doubtful else {}
        return evidence | doubt | ({"hurt": self.hurt} if self.kind == SAFETY else {})


@dataclass(frozen=True, slots=True)
class Findings:
    """All findings of a text, the gravest first; `hurt`: whether the text says that somebody is hurt.

    It may be said or denied without any other word on danger. `no_wish`: the text only speaks of people or bots, such
    as "am I talking to a human?", and says little else.
    """

    found: tuple[Finding, ...] = ()
    hurt: str = "unknown"
    no_wish: bool = False

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def first(self, kind: str) -> Finding | None:
        # Nearly every text says nothing, and a generator for that takes longer than all else here.
        for finding in self.found:
            if finding.kind == kind and finding.fires:
                return finding
        return None

    @property
    def danger(self) -> Finding | None:
        """The gravest report of danger that fires."""
        return self.first(SAFETY)

    @property
    def handoff(self) -> Finding | None:
        """The clearest wish for a human that fires."""
        return self.first(REQUEST)

    def sure(self, kind: str) -> Finding | None:
        """The first of a kind that fires and leaves no doubt."""
        return next((found for found in self.found if found.kind == kind and found.fires and not found.doubtful), None)

    def heard(self, kind: str) -> str:
        """How a kind was heard: sure, doubtful, weak or silent."""
        if self.sure(kind):
            return "sure"
        found = [finding for finding in self.found if finding.kind == kind]
        return "doubtful" if any(finding.fires for finding in found) else "weak" if found else "silent"

    @property
    def weak(self) -> tuple[Finding, ...]:
        """What was heard and does not fire: denied, asked, supposed, over, quoted."""
        return tuple([finding for finding in self.found if not finding.fires])
