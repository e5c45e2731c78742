"""The way to send that the settings ask for; one a process.

What Graph and OAuth2 need is imported where it is used: their libraries cost every other start a fifth of its time.
"""

import os
from functools import lru_cache, partial

from pydantic import SecretStr

from config.errors import ConfigurationError
from config.settings import Settings, get_settings
from rules.delivery import AccountLimits, limits_of, limits_of_graph, provider_of
from services.transports.base import Transport, TransportAccount
from services.transports.dialing import tls_context
from services.transports.file import FileTransport
from services.transports.smtp import SmtpTransport
from services.transports.smtp_auth import Credentials
from services.transports.smtp_connection import Server


def make_transport(settings: Settings) -> Transport:
    """A transport; it connects when it is first used.

    :raises ConfigurationError: a setting that it needs is missing or wrong
    """
    account = account_of(settings)
    match settings.mail_transport:
        case "file":
            return FileTransport(account, settings.mail_file_dir)
        case "graph":
            from services.transports.graph import GraphTransport

            return GraphTransport(account, settings)
    return SmtpTransport(account, server_of(settings), credentials_of(settings), settings.mail_message_seconds)


@lru_cache(maxsize=4)
def _transport_of(process: int) -> Transport:
    return make_transport(get_settings())


def process_transport() -> Transport:
    """This process's transport; a forked child gets one of its own."""
    return _transport_of(os.getpid())


def has_transport() -> bool:
    """Whether `process_transport` has been asked for already, so that no setting is missing."""
    return bool(_transport_of.cache_info().currsize)


def close_transport() -> None:
    """End this process's connection."""
    if has_transport():
        process_transport().close()
        _transport_of.cache_clear()


def account_of(settings: Settings) -> TransportAccount:
    """Which circuit and which limits apply; the settings win over what is known of the provider."""
    match settings.mail_transport:
        case "file":
            return TransportAccount(f"file:{settings.mail_file_dir}", "other", _merge_limits(settings, AccountLimits()))
        case "graph":
            from services.transports.graph import graph_host

            host = graph_host(settings)
            key = f"graph:{host}:{settings.graph_mailbox or settings.sender}"
            return TransportAccount(key, provider_of(host), _merge_limits(settings, limits_of_graph(host)))
    host, user = settings.smtp_server, settings.smtp_username or ""
    key = f"smtp:{host}:{settings.smtp_port}:{user}"
    return TransportAccount(key, provider_of(host), _merge_limits(settings, limits_of(host, user)))


def _merge_limits(settings: Settings, known: AccountLimits) -> AccountLimits:
    return AccountLimits(
        connections=settings.mail_connections or known.connections,
        per_minute=settings.mail_per_minute or known.per_minute,
        per_day=settings.mail_per_day or known.per_day,
    )


def server_of(settings: Settings) -> Server:
    tls = "ssl" if settings.smtp_use_ssl else "starttls" if settings.smtp_use_tls else "none"
    return Server(
        host=settings.smtp_server,
        port=settings.smtp_port,
        tls=tls,
        context=tls_context(settings.smtp_ca_file, "SMTP_CA_FILE"),
        connect_seconds=settings.smtp_connect_seconds,
        command_seconds=settings.smtp_command_seconds,
        reply_seconds=settings.smtp_reply_seconds,
        ehlo_name=settings.smtp_ehlo_name,
    )


def credentials_of(settings: Settings) -> Credentials | None:
    """How to log in; none without a user.

    :raises ConfigurationError: a user without what proves it
    """
    user = settings.smtp_username
    if settings.smtp_auth == "xoauth2":
        from services.transports.oauth import token_source

        mailbox = user or settings.sender
        return Credentials(mailbox, token_source(settings, settings.oauth_smtp_scope, mailbox), "xoauth2")
    if not user:
        return None
    if settings.smtp_password is None:
        raise ConfigurationError("SMTP_PASSWORD: missing, since SMTP_USERNAME is set (or set SMTP_AUTH=xoauth2)")
    return Credentials(user, partial(_password, settings.smtp_password), settings.smtp_auth)


def _password(secret: SecretStr) -> SecretStr:
    return secret
