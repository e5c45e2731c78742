"""Mail: name, connection, TLS, login and the right to send as FROM_EMAIL. No mail is sent."""

import socket
from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from config.errors import ConfigurationError
from config.settings import Settings
from rules.delivery import Phase, ServerReply, classify
from rules.explanation import counted
from services.database.engine import engine
from services.transports.base import Budget, ConversationEnded, failed
from services.transports.factory import account_of, credentials_of, make_transport, server_of
from services.transports.smtp_auth import log_in
from services.transports.smtp_connection import SmtpConnection
from worker.doctor.finding import CheckedPart, CheckResult, Level
from worker.doctor.postgres import not_read

PART = CheckedPart("mail")
_SECONDS = 60.0
_CIRCUIT = text(
    "SELECT state, hint AS remedy FROM escalation.mail_accounts WHERE account = :account AND state <> 'closed'"
)
_HELD = text("SELECT count(*) FROM escalation.mail_recipients WHERE state IN ('held', 'queued', 'deferred', 'unknown')")

_AFTERWARDS = "Once it is fixed, restart the mailer if it was a setting, else run python -m worker mail probe."


def check(settings: Settings) -> Iterator[CheckResult]:
    works = True
    try:
        account = account_of(settings)
        for finding in _by_smtp(settings) if settings.mail_transport == "smtp" else _by_probe(settings):
            works = works and finding.level is not Level.BROKEN
            yield finding
    except ConfigurationError as error:
        yield PART.broken("read the settings of mail", str(error), "Set it as .env.example says.")
        return
    yield from circuit(account.key, works)


def _by_probe(settings: Settings) -> Iterator[CheckResult]:
    transport = make_transport(settings)
    tried = f"ask {settings.mail_transport} without sending"
    answer = transport.probe()
    transport.close()
    yield PART.ok(tried, transport.account.key) if answer is None else _report_refusal(tried, answer, settings)


def _by_smtp(settings: Settings) -> Iterator[CheckResult]:
    host = f"{settings.smtp_server}:{settings.smtp_port}"
    tried = f"look the name {settings.smtp_server} up"
    try:
        socket.getaddrinfo(settings.smtp_server, settings.smtp_port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        yield PART.broken(tried, f"no address: {error}", "Check SMTP_SERVER and this machine's DNS.")
        return
    yield PART.ok(tried, "it has an address")
    yield from _talk(settings, host)


def _talk(settings: Settings, host: str) -> Iterator[CheckResult]:
    """As far as a real mail goes, up to and without its recipients."""
    credentials = credentials_of(settings)
    conversation = SmtpConnection(server_of(settings))
    tried = f"connect to {host} ({conversation.server.tls})"
    try:
        conversation.open(Budget(_SECONDS))
        yield PART.ok(tried, "it answers and its certificate is good" if _is_secured(conversation) else "it answers")
        tried = "log in" if credentials else "go on without a login"
        if credentials:
            log_in(conversation, credentials)
            yield PART.ok(tried, f"as {credentials.user}")
        tried = f"MAIL FROM:<{settings.sender}> and RSET"
        conversation.demand(Phase.MAIL, "MAIL", f"FROM:<{settings.sender}>")
        conversation.demand(Phase.MAIL, "RSET")
        yield PART.ok(tried, "the server lets it send")
        conversation.ask(Phase.MAIL, "QUIT")
    except ConversationEnded as stop:
        yield _report_refusal(tried, stop.answer, settings)
    except OSError as error:
        yield _report_refusal(tried, failed(error, conversation.phase), settings)
    finally:
        conversation.close()


def _is_secured(conversation: SmtpConnection) -> bool:
    return conversation.server.tls != "none"


def _report_refusal(tried: str, answer: ServerReply, settings: Settings) -> CheckResult:
    reply_class = classify(answer, account_of(settings).provider)
    found = f"at {answer.phase.value}: {answer.code or ''} {' '.join(answer.text.split())}".strip()
    return PART.broken(tried, found[:300], reply_class.remedy or "Look at the reply; nothing is lost, mail waits.")


def circuit(account: str, works: bool) -> Iterator[CheckResult]:
    """`works`: whether all that could be tried just now was well."""
    tried = "look whether mail is held"
    try:
        with engine().connect() as connection:
            row = connection.execute(_CIRCUIT, {"account": account}).one_or_none()
            number = connection.execute(_HELD).scalar_one()
    except DBAPIError as error:
        yield not_read(PART, tried, error)
        return
    if row is None:
        yield PART.ok(tried, f"no mail is held; {counted(number, 'mail waits', 'mails wait')}")
        return
    waiting = counted(number, "mail waits", "mails wait")
    if works:
        found = f"mail is held because the account failed earlier ({row.state}); it works now; {waiting}"
        yield PART.broken(tried, found, f"Run python -m worker mail probe: it lets {counted(number, 'mail')} go.")
        return
    found = f"mail is held because the account fails ({row.state}); {waiting}"
    yield PART.broken(tried, found, f"{row.remedy or ''} {_AFTERWARDS}".strip())
