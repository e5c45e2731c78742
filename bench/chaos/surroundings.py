"""What the programs of a storm are told: servers through proxies, short durations, contacts that are woken."""

from pathlib import Path
from urllib.parse import quote

from bench.chaos.proxy import Proxy
from tests.client.replicated import Member
from tests.config.changed_contacts import Changed
from tests.push_service import PushService
from tests.smtp_server import SmtpServer
from worker.embedded.process_tree import MARK

ACCOUNT = ("desk@example.com", "no secret")
# Shorter than in production, so that a storm of a minute sees what takes hours there.
DURATIONS = {
    "BATCH_SIZE": "50",
    "STATEMENT_TIMEOUT_SECONDS": "5",
    "SMTP_CONNECT_SECONDS": "2",
    "SMTP_COMMAND_SECONDS": "2",
    "SMTP_REPLY_SECONDS": "2",
    "MAIL_BUNDLE_SECONDS": "1",
    # All sessions are about one thing, and each mail is counted.
    "POLICY_STORM_TICKETS": "0",
    # Of all mail workers together.
    "MAIL_CONNECTIONS": "8",
    "MAIL_RUN_SECONDS": "5",
    "MAIL_RETRY_SECONDS": "1,2",
    "MAIL_RATE_PAUSE_SECONDS": "2",
    "MAIL_CONNECTIONS_PAUSE_SECONDS": "2",
    "MAIL_QUOTA_PAUSE_SECONDS": "2",
    "MAIL_FIRST_PROBE_SECONDS": "2",
    "MAIL_NEXT_PROBE_SECONDS": "2",
    "MAIL_REPEAT_URGENT_SECONDS": "1",
    "MAIL_REPEAT_SECONDS": "2",
}


def surroundings(
    folder: Path, valkey: Member, mail: SmtpServer, redis_proxy: Proxy, postgres_proxy: Proxy
) -> dict[str, str]:
    """The processes' environment: the servers through the proxies."""
    user, password = ACCOUNT
    return {
        **DURATIONS,
        "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{postgres_proxy.port}/abparts",
        "REDIS_URL": f"redis://:{quote(valkey.password)}@127.0.0.1:{redis_proxy.port}/0",
        "SUPPORT_EMAIL": "support@example.com",
        "SMTP_SERVER": "127.0.0.1",
        "SMTP_PORT": str(mail.port),
        "SMTP_USE_TLS": "false",
        "SMTP_USERNAME": user,
        "SMTP_PASSWORD": password,
        "ESCALATION_EMBEDDED": "true",
        MARK: str(folder),
    }


def contacts_woken_by(push: PushService, folder: Path) -> Path:
    """The contacts that ship, two of them with a push channel.

    They wait for an answer longer than any lasts, so that the service alone decides whether it took a message.
    """
    contacts = Changed(folder / "contacts.toml")
    for key in ("support", "emergency"):
        channel = f"json://127.0.0.1:{push.server_port}/{key}?cto=10&rto=60"
        contacts.with_text(f'key = "{key}"', f'key = "{key}"\nnotify = ["{channel}"]\nnotify_from = "low"')
    return contacts.path
