"""What Microsoft Graph and the token end points answer (Microsoft's page "Graph error responses")."""

import re
from typing import Final

from rules.delivery.replies import Phase, ServerReply
from rules.delivery.reply_class import (
    ACCEPTED,
    UNKNOWN,
    Pause,
    ReplyClass,
    ReplyKind,
    ReplyScope,
    configuration,
    permanent,
    throttled,
)
from rules.delivery.reply_table import ACCOUNT_ROWS, LOGIN_ROWS, THROTTLE_ROWS

_ACCEPTED_CODE: Final = 202
# A gateway gave up waiting: what stood behind it may have taken the mail.
_GATEWAY: Final = frozenset({502, 504})
_BAD_RECIPIENT: Final = re.compile("ErrorInvalidRecipients|ErrorRecipientNotFound|invalid recipient", re.IGNORECASE)
_TOO_LARGE: Final = re.compile("ErrorMessageSizeExceeded|ErrorExceededMaxMessageSize", re.IGNORECASE)


def classify_http(answer: ServerReply) -> ReplyClass:
    """The class of an HTTP answer of a token end point or of Graph's sendMail."""
    code = answer.code or 0
    if answer.phase is Phase.POST and code == _ACCEPTED_CODE:
        return ACCEPTED
    if code == 429:
        return throttled(Pause.RATE, "rate")
    if code >= 500:
        return (
            UNKNOWN
            if answer.phase is Phase.POST and code in _GATEWAY
            else ReplyClass(ReplyKind.TRANSIENT, ReplyScope.ACCOUNT)
        )
    for row in LOGIN_ROWS + THROTTLE_ROWS + ACCOUNT_ROWS:
        if row.matches(answer, "microsoft"):
            return row.reply_class
    return _classify_refusal(answer, code)


def _classify_refusal(answer: ServerReply, code: int) -> ReplyClass:
    if answer.phase is Phase.TOKEN:
        return configuration("token")
    if code in {401, 403, 404}:
        return configuration("graph_access")
    if code == 413 or _TOO_LARGE.search(answer.text):
        return permanent(ReplyScope.MESSAGE, "too_large")
    if _BAD_RECIPIENT.search(answer.text):
        return permanent(ReplyScope.RECIPIENT, "recipient")
    return (
        ReplyClass(ReplyKind.TRANSIENT, ReplyScope.ACCOUNT) if code == 408 else permanent(ReplyScope.MESSAGE, "message")
    )
