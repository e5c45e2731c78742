"""The Celery application for all who send hints, the command line too; worker.celery_app makes workers of it."""

import ssl
from typing import Any

from celery import Celery
from kombu.utils.url import parse_url

from config.settings import get_settings
from escalation_client.sentinel import Sentinels, names_sentinels

_TASKS = (
    "tasks.events",
    "tasks.mail",
    "tasks.push",
    "tasks.tickets",
    "tasks.follow_up",
    "tasks.sweeps",
    "tasks.listening",
)
KEY_PREFIX = "escalation:celery:"
_HINT_VISIBILITY_SECONDS = 120


def _tls_of(url: str) -> dict[str, Any] | None:
    """How the broker's connection checks the certificate: for a bare `rediss://`, kombu would not do so at all."""
    if not url.startswith("rediss://"):
        return None
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED, **parse_url(url).get("ssl", {})}


def broker_of(url: str) -> dict[str, Any]:
    """Celery's settings for a broker: the server of REDIS_URL, or the primary that its Sentinels name."""
    options = {
        "global_keyprefix": KEY_PREFIX,
        "visibility_timeout": _HINT_VISIBILITY_SECONDS,
        "socket_timeout": 5,
        "socket_connect_timeout": 5,
        "socket_keepalive": True,
        # A half-open connection is dropped after a second and twice this (kombu, Redis transport).
        "health_check_interval": 5,
    }
    if names_sentinels(url):
        sentinels = Sentinels.named_by(url)
        url, options = sentinels.celery_url(), options | sentinels.celery_options()
    return {"broker_url": url, "broker_use_ssl": _tls_of(url), "broker_transport_options": options}


def _broker_settings() -> dict[str, Any]:
    """Where messages go and how they are written, read when it is first needed (reasons: docs/architecture.md)."""
    return {
        **broker_of(get_settings().redis_url.get_secret_value()),
        "task_serializer": "json",
        "task_default_queue": "sweeps",
        "task_create_missing_queues": True,
        "task_ignore_result": True,
    }


app = Celery("escalation", include=_TASKS)
app.add_defaults(_broker_settings)
