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
