"""What mail servers answer: a row for every row of the providers' tables, and what it means."""

from rules.delivery import Phase, ReplyKind, ReplyScope

CONFIGURATION, THROTTLED = (ReplyKind.CONFIGURATION, ReplyScope.ACCOUNT), (ReplyKind.THROTTLED, ReplyScope.ACCOUNT)
RECIPIENT, MESSAGE = (ReplyKind.PERMANENT, ReplyScope.RECIPIENT), (ReplyKind.PERMANENT, ReplyScope.MESSAGE)
TENANT = (
    "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/"
)
REPLIES = [
    # Logins
    (Phase.AUTH, 535, TENANT, "microsoft", CONFIGURATION, "Set-CASMailbox -Identity"),
    (
        Phase.AUTH, 535, "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.",
        "microsoft", CONFIGURATION, "MAIL_TRANSPORT=graph",
    ),
    (
        Phase.AUTH, 535, "5.7.139 Authentication unsuccessful, the request did not meet the criteria to be "
        "authenticated successfully. Contact your administrator.", "microsoft", CONFIGURATION, "Conditional Access",
    ),
    (
        Phase.AUTH, 535, "5.7.139 Authentication unsuccessful, user is locked by your organization's security "
        "defaults policy.", "microsoft", CONFIGURATION, "security defaults",
    ),
    (
        Phase.AUTH, 535, "5.7.139 Authentication unsuccessful, basic authentication is disabled.", "microsoft",
        CONFIGURATION, "authentication policy",
    ),
    (
        Phase.AUTH, 550, "5.7.30 Basic authentication is not supported for Client Submission.", "microsoft",
        CONFIGURATION, "retired",
    ),
    (Phase.AUTH, 535, "5.7.30 Basic authentication is not supported", "microsoft", CONFIGURATION, "retired"),
    (Phase.AUTH, 535, "5.7.3 Authentication unsuccessful", "microsoft", CONFIGURATION, "SMTP_PASSWORD"),
    (
        Phase.AUTH, 535, "5.7.8 Username and Password not accepted. BadCredentials", "google", CONFIGURATION,
        "app password",
    ),
    (Phase.AUTH, 534, "5.7.9 Application-specific password required.", "google", CONFIGURATION, "apppasswords"),
    (Phase.AUTH, 535, "Authentication Credentials Invalid", "amazon", CONFIGURATION, "SMTP_PASSWORD"),
    (Phase.AUTH, 504, "5.5.4 Unrecognized authentication type", "other", CONFIGURATION, "SMTP_AUTH"),
    (Phase.AUTH, 454, "4.7.0 Temporary authentication failure", "other", (ReplyKind.TRANSIENT, ReplyScope.ACCOUNT), ""),
    (Phase.STARTTLS, 454, "4.7.0 TLS not available", "other", (ReplyKind.TRANSIENT, ReplyScope.ACCOUNT), ""),
    (Phase.MAIL, 530, "5.7.57 Client not authenticated to send mail.", "microsoft", CONFIGURATION, "without a login"),
    (Phase.MAIL, 530, "5.7.0 Must issue a STARTTLS command first", "google", CONFIGURATION, "SMTP_USE_TLS"),
    # The right to send
    (
        Phase.DOT, 554, "5.2.252 SendAsDenied; sender@example.com not allowed to send as other@example.com",
        "microsoft", CONFIGURATION, "Send As",
    ),
    (
        Phase.DOT, 554, "5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiExceptionSendAsDenied",
        "microsoft", CONFIGURATION, "Send As",
    ),
    (
        Phase.MAIL, 550, "5.7.60 SMTP; Client does not have permissions to send as this sender", "microsoft",
        CONFIGURATION, "FROM_EMAIL",
    ),
    *[
        (Phase.DOT, 550, f"5.2.25{digit} Sender throttled", "microsoft", CONFIGURATION, "prolongs")
        for digit in range(1, 6)
    ],
    (
        Phase.DOT, 554, "5.2.2 mailbox full; STOREDRV.Submission.Exception:QuotaExceededException", "microsoft",
        CONFIGURATION, "Sent Items",
    ),
    *[
        (Phase.MAIL, 550, f"{code} blocked", "microsoft", CONFIGURATION, "blocked")
        for code in (
            "5.1.8", "5.7.501", "5.7.502", "5.7.503", "5.7.705", "5.7.708", "5.7.750", "5.7.64", "5.7.606", "5.7.612",
            "5.7.649",
        )
    ],
    # What providers say of an account or a sender, with codes of a recipient or of a message
    (
        Phase.DOT, 554, "Message rejected: Email address is not verified. The following identities failed the check "
        "in region EU-WEST-1: sender@example.com", "amazon", CONFIGURATION, "verify FROM_EMAIL",
    ),
    (
        Phase.DOT, 550, "The from address does not match a verified Sender Identity. Mail cannot be sent until this "
        "error is resolved.", "other", CONFIGURATION, "verify FROM_EMAIL",
    ),
    (Phase.RCPT, 553, "Relaying disallowed as support@example.com", "other", CONFIGURATION, "relay"),
    (Phase.DOT, 553, "Relaying disallowed. Invalid Domain - example.com", "other", CONFIGURATION, "relay"),
    (Phase.RCPT, 550, "relay not permitted", "other", CONFIGURATION, "relay"),
    (Phase.RCPT, 550, "5.7.1 Relaying denied", "other", CONFIGURATION, "relay"),
    (Phase.RCPT, 550, "SMTP AUTH is required for message submission on port 587", "other", CONFIGURATION, "login"),
    (Phase.RCPT, 550, "5.7.1 authentication required", "other", CONFIGURATION, "SMTP_USERNAME"),
    (
        Phase.RCPT, 504, "5.5.2 <e3b0c442>: Helo command rejected: need fully-qualified hostname", "other",
        CONFIGURATION, "SMTP_EHLO_NAME",
    ),
    (
        Phase.RCPT, 554, "5.7.1 <localhost>: Helo command rejected: Access denied", "other", CONFIGURATION,
        "SMTP_EHLO_NAME",
    ),
    (Phase.EHLO, 501, "5.5.2 Invalid EHLO argument", "other", CONFIGURATION, "SMTP_EHLO_NAME"),
    (Phase.EHLO, 501, "Syntactically invalid HELO argument(s)", "other", CONFIGURATION, "SMTP_EHLO_NAME"),
    (Phase.RCPT, 550, "5.7.1 Helo command rejected: Host not found", "other", CONFIGURATION, "SMTP_EHLO_NAME"),
    (
        Phase.EHLO, 421, "4.7.0 Try again later, closing connection. (EHLO) a1-20020a05", "google", CONFIGURATION,
        "SMTP_EHLO_NAME",
    ),
    (
        Phase.EHLO, 421, "4.3.2 too busy, come back later", "other", (ReplyKind.TRANSIENT, ReplyScope.ACCOUNT),
        "SMTP_EHLO_NAME",
    ),
    (
        Phase.RCPT, 450, "4.7.1 <worker>: Helo command rejected: Host not found", "other",
        (ReplyKind.TRANSIENT, ReplyScope.ACCOUNT), "SMTP_EHLO_NAME",
    ),
    (Phase.MAIL, 501, "5.1.7 Bad sender address syntax", "other", CONFIGURATION, "FROM_EMAIL"),
    (Phase.MAIL, 553, "5.1.8 <x@example.com>... Domain of sender address does not exist", "other", CONFIGURATION, ""),
    (Phase.MAIL, 550, "5.1.0 Address rejected", "other", CONFIGURATION, "MAIL FROM"),
    (Phase.MAIL, 450, "4.1.8 Domain not found", "other", (ReplyKind.TRANSIENT, ReplyScope.ACCOUNT), ""),
    (Phase.DOT, 550, "5.7.0 Requested action not taken: too many emails per second", "other", THROTTLED, "fast"),
    (
        Phase.RCPT, 550, "Domain example.com has exceeded the max emails per hour (101/100 (101%)) allowed. Message "
        "discarded.", "other", THROTTLED, "quota",
    ),
    (Phase.RCPT, 550, "5.7.1 Daily sending limit exceeded, try again in a day", "other", THROTTLED, "quota"),
    (Phase.RCPT, 552, "5.2.2 mailbox quota exceeded, the limit is 100 messages", "other", RECIPIENT, "address"),
    (Phase.DOT, 554, "5.4.6 Hop count exceeded - possible mail loop", "other", MESSAGE, "short"),

    # Throttles
    (Phase.AUTH, 432, "4.3.2 Concurrent connections limit exceeded.", "microsoft", THROTTLED, "MAIL_CONNECTIONS"),
    (
        Phase.DOT, 432, "4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", "microsoft", THROTTLED,
        "MAIL_CONNECTIONS",
    ),
    (
        Phase.MAIL, 421, "4.4.2 Message submission rate for this client has exceeded the configured limit",
        "microsoft", THROTTLED, "MAIL_PER_MINUTE",
    ),
    (
        Phase.DOT, 454, "Throttling failure: Maximum sending rate exceeded.", "amazon", THROTTLED, "MAIL_PER_MINUTE",
    ),
    (
        Phase.DOT, 454, "Throttling failure: Daily message quota exceeded.", "amazon", THROTTLED, "quota",
    ),
    (
        Phase.DOT, 554, "5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", "microsoft", THROTTLED,
        "quota",
    ),
    (Phase.RCPT, 550, "5.1.90 Your message can't be sent: daily limit for recipients", "microsoft", THROTTLED, "quota"),
    (Phase.DOT, 550, "5.7.232 tenant exceeded its threshold", "microsoft", THROTTLED, "quota"),
    (Phase.DOT, 550, "5.7.233 tenant exceeded its threshold", "microsoft", THROTTLED, "quota"),
    (Phase.DOT, 550, "5.4.5 Daily user sending limit exceeded.", "google", THROTTLED, "quota"),
    # Later
    (Phase.DOT, 554, "5.2.121 receive limit", "microsoft", (ReplyKind.TRANSIENT, ReplyScope.RECIPIENT), ""),
    (Phase.DOT, 554, "5.2.122 receive limit", "microsoft", (ReplyKind.TRANSIENT, ReplyScope.RECIPIENT), ""),
    (Phase.GREETING, 421, "4.3.2 Service not available", "other", (ReplyKind.TRANSIENT, ReplyScope.ACCOUNT), ""),
    (Phase.RCPT, 450, "4.2.0 greylisted", "other", (ReplyKind.TRANSIENT, ReplyScope.RECIPIENT), ""),
    (Phase.RCPT, 451, "4.7.1 greylisting in action", "other", (ReplyKind.TRANSIENT, ReplyScope.ACCOUNT), ""),
    (Phase.DOT, 452, "4.3.1 Insufficient system storage", "other", (ReplyKind.TRANSIENT, ReplyScope.MESSAGE), ""),
    (Phase.MAIL, 471, "later", "other", (ReplyKind.TRANSIENT, ReplyScope.ACCOUNT), ""),
    # Recipients
    (Phase.RCPT, 550, "5.1.1 The account does not exist.", "google", RECIPIENT, "address"),
    (Phase.RCPT, 550, "5.1.10 RESOLVER.ADR.RecipientNotFound", "microsoft", RECIPIENT, "address"),
    (Phase.RCPT, 550, "5.4.1 Recipient address rejected: Access denied.", "microsoft", RECIPIENT, "address"),
    (Phase.RCPT, 550, "no such user", "other", RECIPIENT, "address"),
    (Phase.RCPT, 550, "5.2.1 Delivery is disabled for the mailbox", "other", RECIPIENT, "address"),
    (Phase.DOT, 550, "5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup", "microsoft", RECIPIENT, "FROM_EMAIL"),
    (Phase.RCPT, 452, "4.5.3 Too many recipients", "microsoft", (ReplyKind.SPLIT, ReplyScope.RECIPIENT), ""),
    (Phase.RCPT, 452, "too many recipients", "other", (ReplyKind.SPLIT, ReplyScope.RECIPIENT), ""),
    (Phase.RCPT, 552, "5.2.2 mailbox full", "other", RECIPIENT, ""),
    # Messages
    (Phase.MAIL, 552, "5.3.4 Message size exceeds fixed maximum message size", "other", MESSAGE, "larger"),
    (Phase.DOT, 552, "message too large", "other", MESSAGE, "larger"),
    (Phase.DOT, 550, "5.2.3 RESOLVER.RST.RecipSizeLimit", "microsoft", MESSAGE, "larger"),
    (Phase.DOT, 550, "5.6.11 Invalid characters", "microsoft", MESSAGE, "reply"),
    (Phase.DOT, 554, "Transaction failed", "other", MESSAGE, "reply"),
    # Anything else: the first digit and the subject of the enhanced code
    (Phase.RCPT, 550, "5.7.1 Relaying denied", "other", CONFIGURATION, "reply"),
    (Phase.DOT, 550, "5.5.0 what was that", "other", MESSAGE, "reply"),
    (Phase.MAIL, 553, "sender not allowed", "other", CONFIGURATION, "reply"),
    (Phase.DATA, 503, "5.5.1 bad sequence", "other", MESSAGE, "reply"),
    (Phase.DOT, 99, "nonsense", "other", (ReplyKind.TRANSIENT, ReplyScope.MESSAGE), ""),
]  # fmt: skip
