"""Thresholds and lists that the rules ask; `config/policy.toml` holds their values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """What makes a human necessary; `version` is stored with every decision."""

    version: str
    confidence_threshold: float
    step_limit: int
    safety_warning_limit: int
    expert_categories: frozenset[str]
    expert_confidence_levels: frozenset[str]
    expert_at_any_confidence: bool
    # The second ear. A process that has none is told so by its installation, and then the word lists hear alone.
    second_ear: bool = False
    handoff_threshold: float = 0.5
    danger_threshold: float = 0.5
    handoff_ask_threshold: float = 0.5
    danger_ask_threshold: float = 0.5
    # How long an answer to a question counts, and when unanswered danger escalates; 0: never.
    answer_seconds: float = 600.0
    unanswered_danger_seconds: float = 120.0
    # A storm: so many tickets of one cause within so long; then one digest comes so often. 0 tickets: never.
    storm_tickets: int = 0
    storm_minutes: float = 10.0
    storm_digest_minutes: float = 3.0

    def threshold(self, kind: str) -> float:
        """The score from which the second ear brings a human in, for handoff or danger."""
        return self.handoff_threshold if kind == "handoff" else self.danger_threshold

    def ask_threshold(self, kind: str) -> float:
        """The score from which the user is asked."""
        return self.handoff_ask_threshold if kind == "handoff" else self.danger_ask_threshold
