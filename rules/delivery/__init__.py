"""Delivery as rules: what an answer of a mail server means and what happens next. Pure: no I/O, no clock."""

from rules.delivery.classify import among_others, classify, provider_of
from rules.delivery.limits import AccountLimits, limits_of
from rules.delivery.replies import BEFORE_MAIL, LocalFault, Phase, ServerReply
from rules.delivery.reply_class import Pause, ReplyClass, ReplyKind, ReplyScope
from rules.delivery.retry import Case, Times, Transition, next_transition, retry_delay

__all__ = [
    "BEFORE_MAIL",
    "AccountLimits",
    "Case",
    "LocalFault",
    "Pause",
    "Phase",
    "ReplyClass",
    "ReplyKind",
    "ReplyScope",
    "ServerReply",
    "Times",
    "Transition",
    "among_others",
    "classify",
    "limits_of",
    "next_transition",
    "provider_of",
    "retry_delay",
]
