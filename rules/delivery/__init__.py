"""Delivery as rules: what an answer of a mail server means and what happens next. Pure: no I/O, no clock."""

from rules.delivery.classify import among_others, classify, provider_of
from rules.delivery.limits import AccountLimits, limits_of, limits_of_graph
from rules.delivery.replies import BEFORE_MAIL, LocalFault, Phase, ServerReply
from rules.delivery.reply_class import Pause, ReplyClass, ReplyKind, ReplyScope, same_refusal
from rules.delivery.retry import Case, Times, Transition, next_transition, retry_delay
from rules.delivery.states import (
    ANSWERABLE,
    CLAIMABLE,
    FINISHED,
    MAIL_LANES,
    TICKET_NEWS,
    UNDELIVERED,
    Lane,
    MailTemplate,
    PushKind,
    RecipientState,
)

__all__ = [
    "ANSWERABLE",
    "BEFORE_MAIL",
    "CLAIMABLE",
    "FINISHED",
    "MAIL_LANES",
    "TICKET_NEWS",
    "UNDELIVERED",
    "AccountLimits",
    "Case",
    "Lane",
    "LocalFault",
    "MailTemplate",
    "Pause",
    "Phase",
    "PushKind",
    "RecipientState",
    "ReplyClass",
    "ReplyKind",
    "ReplyScope",
    "ServerReply",
    "Times",
    "Transition",
    "among_others",
    "classify",
    "limits_of",
    "limits_of_graph",
    "next_transition",
    "provider_of",
    "retry_delay",
    "same_refusal",
]
