"""From an answer to its class, scope and hint."""

import re
from typing import Final

from rules.delivery.http_replies import classify_http
from rules.delivery.remedies import HINTS
from rules.delivery.replies import BEFORE_MAIL, Answer, Finding, Phase
from rules.delivery.reply_table import CONTENT, ROWS
from rules.delivery.verdicts import ACCEPTED, UNKNOWN, Kind, Scope, Verdict, configuration, permanent

FINDINGS: Final = {
    Finding.CERTIFICATE: configuration("certificate"),
    Finding.NOT_TLS: configuration("not_tls"),
    Finding.NO_STARTTLS: configuration("no_starttls"),
    Finding.NO_AUTH: configuration("no_auth"),
    Finding.BAD_SENDER: configuration("bad_sender"),
    Finding.NO_SMTPUTF8: permanent(Scope.RECIPIENT, "no_smtputf8"),
    Finding.BAD_ADDRESS: permanent(Scope.RECIPIENT, "bad_address"),
    Finding.TOO_LARGE: permanent(Scope.MESSAGE, "too_large"),
    Finding.NOT_COMPOSED: permanent(Scope.MESSAGE, "not_composed"),
}
# RFC 3463, section 3: the subject of the code, the second number.
SUBJECTS: Final = {"1": Scope.RECIPIENT, "2": Scope.RECIPIENT, "5": Scope.MESSAGE, "6": Scope.MESSAGE}
PROVIDERS: Final = {
    "microsoft": r"(^|\.)(office365\.com|outlook\.com|mx\.microsoft|office365\.us|microsoft\.com)$",
    "google": r"(^|\.)(gmail|google|googlemail)\.com$",
    "amazon": r"(^|\.)amazonaws\.com$",
}


def provider_of(host: str) -> str:
    """Whose server it is, by its name: microsoft, google, amazon or other."""
    return next((name for name, hosts in PROVIDERS.items() if re.search(hosts, host.lower().rstrip("."))), "other")


def classify(answer: Answer, provider: str = "other") -> Verdict:
    """What to make of an answer. The sentence decides before the code, since 5.7.139 alone has four meanings."""
    if answer.finding:
        return FINDINGS[answer.finding]
    if answer.code is None:
        return without_reply(answer)
    if answer.phase in {Phase.TOKEN, Phase.POST}:
        return classify_http(answer)
    if 200 <= answer.code < 300 and answer.phase in {Phase.DOT, Phase.WRITE}:
        return ACCEPTED
    for row in ROWS:
        if row.matches(answer, provider):
            return row.verdict
    return by_first_digit(answer)


def among_others(verdict: Verdict, phase: Phase) -> Verdict:
    """The verdict on a recipient's refusal when the server took other recipients of the same message.

    The account cannot be at fault then, whatever the reply's code says.
    """
    if phase is Phase.RCPT and verdict.kind is Kind.CONFIGURATION:
        return permanent(Scope.RECIPIENT, "this_one")
    return verdict


def without_reply(answer: Answer) -> Verdict:
    """The connection ended: harmless before the final dot, since no server takes a message without it."""
    if answer.phase in {Phase.DOT, Phase.POST}:
        return UNKNOWN
    hint = HINTS["folder" if answer.phase is Phase.WRITE else "unreachable"] if answer.phase in BEFORE_MAIL else None
    return Verdict(Kind.TRANSIENT, scope_of(answer), hint=hint)


def by_first_digit(answer: Answer) -> Verdict:
    """The first digit decides the class, the second part of the enhanced code the scope; a reply gone mad is a 4xx."""
    scope = scope_of(answer)
    if not 500 <= (answer.code or 0) < 600:
        return Verdict(Kind.TRANSIENT, scope)
    if answer.phase is Phase.AUTH:
        return configuration("login_refused")
    if scope is Scope.ACCOUNT:
        return configuration("account", sure=answer.phase not in CONTENT | {Phase.RCPT})
    return permanent(scope, "recipient" if scope is Scope.RECIPIENT else "message")


def scope_of(answer: Answer) -> Scope:
    if answer.phase in BEFORE_MAIL:
        return Scope.ACCOUNT
    subject = answer.enhanced.split(".")[1] if answer.enhanced else ""
    if subject in SUBJECTS:
        return SUBJECTS[subject]
    if subject == "7":
        return Scope.ACCOUNT
    if answer.phase is Phase.RCPT:
        return Scope.RECIPIENT
    return Scope.MESSAGE if answer.phase in CONTENT else Scope.ACCOUNT
