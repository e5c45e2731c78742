"""The replies that mean more than their code says, in the order in which they are asked; the first match decides.

Sources: Microsoft's pages on non-delivery reports, SMTP AUTH submission and sending limits, Google's "SMTP errors and
codes", Amazon SES' "SMTP response codes", Microsoft Entra's error codes.
"""

import re
from dataclasses import dataclass
from typing import Final

from rules.delivery.remedies import REMEDIES
from rules.delivery.replies import Phase, ServerReply
from rules.delivery.reply_class import (
    SPLIT,
    Pause,
    ReplyClass,
    ReplyKind,
    ReplyScope,
    configuration,
    permanent,
    throttled,
)

# From here on a reply may be about the mail; by default Postfix says only now what it thinks of earlier commands.
_ENVELOPE: Final = frozenset({Phase.MAIL, Phase.RCPT})
CONTENT: Final = frozenset({Phase.DATA, Phase.BODY, Phase.DOT})
_LOGIN: Final = frozenset({Phase.AUTH, Phase.TOKEN})


_RELAY: Final = (
    r"relay(ing)? (is )?(not permitted|denied|disallowed|not allowed|access denied)|(cannot|unable to) relay"
)
# A limit of ours; not what a recipient's mailbox exceeds, or gets.
_OWN_LIMIT: Final = (
    r"(?s)^(?!.*(mailbox|storage|disk|receiving|inbox|over ?quota|hop count|size|login))"
    r"(?=.*(too many (e-?mails|messages)|\brates?\b|\blimits?\b.*\bexceeded"
    r"|\bexceeded\b.*\b(limits?|e-?mails|messages|quota)))"
)


@dataclass(frozen=True, slots=True)
class _ReplyRule:
    """A pattern; what is left out matches anything. `codes` and `enhanced` match whole codes, `words` anywhere."""

    reply_class: ReplyClass
    codes: str = ""
    enhanced: str = ""
    words: str = ""
    phases: frozenset[Phase] = frozenset()
    provider: str = ""

    def matches(self, answer: ServerReply, provider: str) -> bool:
        return (
            (not self.phases or answer.phase in self.phases)
            and (not self.provider or provider == self.provider)
            and (not self.codes or re.fullmatch(self.codes, str(answer.code or "")) is not None)
            and (not self.enhanced or re.fullmatch(self.enhanced, answer.enhanced or "") is not None)
            and (not self.words or re.search(self.words, answer.text, re.IGNORECASE) is not None)
        )


LOGIN_ROWS: Final = (
    _ReplyRule(configuration("smtp_auth_off"), words=r"disabled for the (tenant|mailbox)", phases=_LOGIN),
    _ReplyRule(
        configuration("login_policy"),
        enhanced=r"5\.7\.139",
        words=r"did not meet the criteria|security defaults|basic authentication is disabled",
    ),
    _ReplyRule(configuration("basic_retired"), enhanced=r"5\.7\.30"),
    _ReplyRule(configuration("client_secret"), words=r"\bAADSTS7000215\b"),
    _ReplyRule(configuration("client_secret_expired"), words=r"\bAADSTS7000222\b"),
    _ReplyRule(configuration("application"), words=r"\bAADSTS(700016|90002)\b"),
    _ReplyRule(configuration("token"), words=r"\bAADSTS\d+\b", codes=r"4\d\d", phases=frozenset({Phase.TOKEN})),
    _ReplyRule(configuration("app_password"), codes="534", enhanced=r"5\.7\.9", phases=_LOGIN),
    _ReplyRule(configuration("password"), codes="535", enhanced=r"5\.7\.(3|8)", phases=_LOGIN),
    _ReplyRule(configuration("password"), codes="535", phases=_LOGIN, provider="amazon"),
)
THROTTLE_ROWS: Final = (
    _ReplyRule(throttled(Pause.QUOTA, "quota"), words="SubmissionQuotaExceeded"),
    _ReplyRule(throttled(Pause.QUOTA, "quota"), enhanced=r"5\.1\.90|5\.7\.23[23]"),
    _ReplyRule(throttled(Pause.QUOTA, "quota"), enhanced=r"[45]\.4\.5", provider="google"),
    _ReplyRule(throttled(Pause.QUOTA, "quota"), codes="454", words="daily message quota"),
    _ReplyRule(
        throttled(Pause.CONNECTIONS, "connections"), codes=r"4\d\d", words=r"concurrent connections|thread limit"
    ),
    _ReplyRule(throttled(Pause.CONNECTIONS, "connections"), codes="432", enhanced=r"4\.3\.2"),
    _ReplyRule(throttled(Pause.RATE, "rate"), codes=r"4\d\d", words=r"submission rate|maximum sending rate"),
)
# Limits of shared hosts and of providers' plans, which come as refusals for good.
_LIMIT_ROWS: Final = (
    _ReplyRule(
        throttled(Pause.QUOTA, "quota"),
        codes=r"5\d\d",
        words=_OWN_LIMIT + r".*\b(hour|hourly|day|daily|month|monthly)\b",
        phases=_ENVELOPE | CONTENT,
    ),
    _ReplyRule(throttled(Pause.RATE, "rate"), codes=r"5\d\d", words=_OWN_LIMIT, phases=_ENVELOPE | CONTENT),
)
ACCOUNT_ROWS: Final = (
    _ReplyRule(configuration("send_as"), enhanced=r"5\.7\.60"),
    _ReplyRule(configuration("send_as"), words="SendAsDenied"),
    _ReplyRule(configuration("sender_throttled"), enhanced=r"5\.2\.25[1-5]"),
    _ReplyRule(configuration("sender_throttled"), words="sender throttled due to continuous"),
    _ReplyRule(configuration("sent_items_full"), enhanced=r"5\.2\.2", words=r"STOREDRV\.Submission"),
    _ReplyRule(
        configuration("blocked"),
        enhanced=r"5\.1\.8|5\.7\.(50[1-3]|64|60[6-9]|6[1-4]\d|705|708|750)",
    ),
    _ReplyRule(configuration("ehlo_name"), codes=r"5\d\d", phases=frozenset({Phase.EHLO})),
    # Google's relay closes the connection on a name without a dot (its page "SMTP relay: EHLO").
    _ReplyRule(configuration("ehlo_name"), codes="421", words=r"\(EHLO\)", phases=frozenset({Phase.EHLO})),
    _ReplyRule(
        configuration("ehlo_name"),
        codes=r"50[14]|55\d",
        words=r"(helo|ehlo)( command)? rejected|invalid (helo|ehlo)|(helo|ehlo) argument|fully.qualified hostname",
    ),
    _ReplyRule(
        ReplyClass(ReplyKind.TRANSIENT, ReplyScope.ACCOUNT, remedy=REMEDIES["ehlo_name"]),
        codes=r"4\d\d",
        words=r"(helo|ehlo)( command)? rejected",
    ),
    _ReplyRule(
        ReplyClass(ReplyKind.TRANSIENT, ReplyScope.ACCOUNT, remedy=REMEDIES["ehlo_name"]),
        codes=r"4\d\d",
        phases=frozenset({Phase.EHLO}),
    ),
    _ReplyRule(configuration("wants_tls"), codes="530", words="STARTTLS"),
    _ReplyRule(
        configuration("not_authenticated"),
        codes=r"5\d\d",
        words=r"(authentication|smtp auth) (is )?required|must (first )?authenticate|not authenticated",
        phases=_ENVELOPE | CONTENT,
    ),
    _ReplyRule(
        configuration("unverified"),
        codes=r"5\d\d",
        words=r"email address is not verified|verified sender identity|(sender|domain|from address)[^.]{0,40} not "
        r"(been )?verified|unverified (sender|domain|address)",
        phases=_ENVELOPE | CONTENT,
    ),
    # At RCPT it may be this recipient that is relayed to by none: another mail shows which.
    _ReplyRule(configuration("relay", sure=False), codes=r"5\d\d", words=_RELAY, phases=frozenset({Phase.RCPT})),
    _ReplyRule(configuration("relay"), codes=r"5\d\d", words=_RELAY, phases=CONTENT | {Phase.MAIL}),
    _ReplyRule(configuration("not_authenticated"), codes="530"),
)
_MAIL_ROWS: Final = (
    _ReplyRule(ReplyClass(ReplyKind.TRANSIENT, ReplyScope.RECIPIENT, Pause.HOUR), enhanced=r"5\.2\.12[12]"),
    _ReplyRule(SPLIT, codes="452", enhanced=r"4\.5\.3", phases=frozenset({Phase.RCPT})),
    _ReplyRule(SPLIT, codes="452", words="too many recipients", phases=frozenset({Phase.RCPT})),
    _ReplyRule(
        permanent(ReplyScope.RECIPIENT, "recipient"),
        codes=r"5\d\d",
        enhanced=r"5\.1\.1|5\.1\.10|5\.4\.1",
    ),
    # Groups and mailboxes that take mail from some senders only: not the account's fault.
    _ReplyRule(permanent(ReplyScope.RECIPIENT, "not_allowed"), codes=r"5\d\d", enhanced=r"5\.7\.1(2\d|3\d)"),
    _ReplyRule(permanent(ReplyScope.MESSAGE, "too_large"), codes=r"5\d\d", enhanced=r"5\.3\.4|5\.2\.3"),
    _ReplyRule(
        permanent(ReplyScope.MESSAGE, "too_large"), codes="552", enhanced=r"(5\.3\.\d+)?", phases=CONTENT | {Phase.MAIL}
    ),
    _ReplyRule(
        permanent(ReplyScope.MESSAGE, "message"), codes=r"5\d\d", enhanced=r"5\.6\.\d+", phases=CONTENT | {Phase.RCPT}
    ),
    # What is left at MAIL is about who sends.
    _ReplyRule(configuration("sender"), codes=r"5\d\d", phases=frozenset({Phase.MAIL})),
)
ROWS: Final = LOGIN_ROWS + THROTTLE_ROWS + ACCOUNT_ROWS + _LIMIT_ROWS + _MAIL_ROWS
