"""Delivery as rules: what an answer of a mail server means and what happens next. Pure: no I/O, no clock."""

from rules.delivery.classify import among_others, classify, provider_of
from rules.delivery.limits import Limits, limits_of
from rules.delivery.replies import BEFORE_MAIL, Answer, Finding, Phase
from rules.delivery.retry import Case, Step, Times, next_step, retry_delay
from rules.delivery.verdicts import Kind, Pause, Scope, Verdict

__all__ = [
    "BEFORE_MAIL",
    "Answer",
    "Case",
    "Finding",
    "Kind",
    "Limits",
    "Pause",
    "Phase",
    "Scope",
    "Step",
    "Times",
    "Verdict",
    "among_others",
    "classify",
    "limits_of",
    "next_step",
    "provider_of",
    "retry_delay",
]
