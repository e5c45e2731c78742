"""From an answer to its class, scope and hint."""

import re
from typing import Final

from rules.delivery.http_replies import classify_http
from rules.delivery.remedies import REMEDIES
from rules.delivery.replies import BEFORE_MAIL, LocalFault, Phase, ServerReply
from rules.delivery.reply_class import ACCEPTED, UNKNOWN, ReplyClass, ReplyKind, ReplyScope, configuration, permanent
from rules.delivery.reply_table import CONTENT, ROWS

_FINDINGS: Final = {
    LocalFault.CERTIFICATE: configuration("certificate"),
    LocalFault.CERTIFICATE_FORM: configuration("certificate_form"),
    LocalFault.NOT_TLS: configuration("not_tls"),
    LocalFault.NO_STARTTLS: configuration("no_starttls"),
    LocalFault.NO_AUTH: configuration("no_auth"),
    LocalFault.BAD_SENDER: configuration("bad_sender"),
    LocalFault.NO_SMTPUTF8: permanent(ReplyScope.RECIPIENT, "no_smtputf8"),
    LocalFault.BAD_ADDRESS: permanent(ReplyScope.RECIPIENT, "bad_address"),
    LocalFault.TOO_LARGE: permanent(ReplyScope.MESSAGE, "too_large"),
    LocalFault.NOT_COMPOSED: permanent(ReplyScope.MESSAGE, "not_composed"),
}
# RFC 3463, section 3: the subject of the code, the second number.
_SUBJECTS: Final = {
    "1": ReplyScope.RECIPIENT,
    "2": ReplyScope.RECIPIENT,
    "5": ReplyScope.MESSAGE,
    "6": ReplyScope.MESSAGE,
}
_PROVIDERS: Final = {
    "microsoft": r"(^|\.)(office365\.com|outlook\.com|mx\.microsoft|office365\.us|microsoft\.com)$",
    "google": r"(^|\.)(gmail|google|googlemail)\.com$",
    "amazon": r"(^|\.)amazonaws\.com$",
}


def provider_of(host: str) -> str:
    """Whose server it is, by its name: microsoft, google, amazon or other."""
    return next((name for name, hosts in _PROVIDERS.items() if re.search(hosts, host.lower().rstrip("."))), "other")


def classify(answer: ServerReply, provider: str = "other") -> ReplyClass:
    """What to make of an answer. The sentence decides before the code, since 5.7.139 alone has four meanings."""
    if answer.finding:
        return _FINDINGS[answer.finding]
    if answer.code is None:
        return _without_reply(answer)
    if answer.phase in {Phase.TOKEN, Phase.POST}:
        return classify_http(answer)
    if 200 <= answer.code < 300 and answer.phase in {Phase.DOT, Phase.WRITE}:
        return ACCEPTED
    for row in ROWS:
        if row.matches(answer, provider):
            return row.reply_class
    return _by_first_digit(answer)


def among_others(reply_class: ReplyClass, phase: Phase) -> ReplyClass:
    """The verdict on a recipient's refusal when the server took other recipients of the same message.

    The account cannot be at fault then, whatever the reply's code says.
    """
    if phase is Phase.RCPT and reply_class.kind is ReplyKind.CONFIGURATION:
        return permanent(ReplyScope.RECIPIENT, "this_one")
    return reply_class


def _without_reply(answer: ServerReply) -> ReplyClass:
    """The connection ended: harmless before the final dot, since no server takes a message without it."""
    if answer.phase in {Phase.DOT, Phase.POST}:
        return UNKNOWN
    remedy = (
        REMEDIES["folder" if answer.phase is Phase.WRITE else "unreachable"] if answer.phase in BEFORE_MAIL else None
    )
    return ReplyClass(ReplyKind.TRANSIENT, _scope_of(answer), remedy=remedy)


def _by_first_digit(answer: ServerReply) -> ReplyClass:
    """The first digit decides the class, the second part of the enhanced code the scope; a reply gone mad is a 4xx."""
    scope = _scope_of(answer)
    if not 500 <= (answer.code or 0) < 600:
        return ReplyClass(ReplyKind.TRANSIENT, scope)
    if answer.phase is Phase.AUTH:
        return configuration("login_refused")
    if scope is ReplyScope.ACCOUNT:
        return configuration("account", sure=answer.phase not in CONTENT | {Phase.RCPT})
    return permanent(scope, "recipient" if scope is ReplyScope.RECIPIENT else "message")


def _scope_of(answer: ServerReply) -> ReplyScope:
    if answer.phase in BEFORE_MAIL | {Phase.MAIL}:
        return ReplyScope.ACCOUNT
    subject = answer.enhanced.split(".")[1] if answer.enhanced else ""
    if subject in _SUBJECTS:
        return _SUBJECTS[subject]
    if subject == "7":
        return ReplyScope.ACCOUNT
    if answer.phase is Phase.RCPT:
        return ReplyScope.RECIPIENT
    return ReplyScope.MESSAGE if answer.phase in CONTENT else ReplyScope.ACCOUNT
