"""The words of the outbox: a recipient's states, lanes and templates."""

from enum import StrEnum
from typing import Final


class RecipientState(StrEnum):
    """Where the mail to one address stands."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    HELD = "held"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


class Lane(StrEnum):
    """Which queue a message waits in; safety mail has one of its own, and so have push messages, which are no mail."""

    URGENT = "urgent"
    NORMAL = "normal"
    PUSH = "push"


class MailTemplate(StrEnum):
    """What a mail is; the name of its folder in `templates/`."""

    TICKET_OPENED = "ticket_opened"
    TICKET_UPDATED = "ticket_updated"
    TICKET_UNACKNOWLEDGED = "ticket_unacknowledged"
    TICKET_ACKNOWLEDGED = "ticket_acknowledged"
    TICKET_HANDED_OVER = "ticket_handed_over"
    TICKET_DIGEST = "ticket_digest"
    CUSTOMER_NOTICE = "customer_notice"
    TEST = "test"


class PushKind(StrEnum):
    """What a push message says; it stands where a mail's template does."""

    OPENED = "push_opened"
    DANGER = "push_danger"
    UNACKNOWLEDGED = "push_unacknowledged"
    HANDED_OVER = "push_handed_over"
    ACKNOWLEDGED = "push_acknowledged"


_State = RecipientState
# What a mail server gets.
MAIL_LANES: Final = (Lane.URGENT, Lane.NORMAL)
# A sender may take it once it is due.
CLAIMABLE: Final = (_State.QUEUED, _State.DEFERRED, _State.UNKNOWN)
# Whoever handed it over under the lease may still record the answer.
ANSWERABLE: Final = (_State.SENDING, _State.UNKNOWN)
# Not accepted, and no sender has it in hand.
UNDELIVERED: Final = (_State.QUEUED, _State.DEFERRED, _State.HELD, _State.REFUSED, _State.UNKNOWN)
# Nothing more will be done.
FINISHED: Final = (_State.ACCEPTED, _State.REFUSED, _State.CANCELLED)
# What the support team is told of a ticket's changes by.
TICKET_NEWS: Final = (MailTemplate.TICKET_OPENED, MailTemplate.TICKET_UPDATED)
