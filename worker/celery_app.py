"""The Celery application: JSON only, early acknowledgement, no result backend. A message is only ever a hint."""

import gc
import ssl
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, task_postrun, worker_init, worker_process_init
from kombu.utils.url import parse_url

from config.contacts import ensure_real
from config.errors import ConfigurationError
from config.logging import configure_logging
from config.settings import get_settings
from services.database import forget_connections
from services.knowledge import knowledge
from services.mail.environment import prepare
from worker.broker import guard_the_lists
from worker.doorbell import DoorbellStep
from worker.receiving import FOR_EVERY_TASK
from worker.schedule import beat_schedule
from worker.signs import note_the_run, note_what_beat_sends
from worker.watchman.thread import WatchmanStep, watch_beside_beat

TASKS = (
    "tasks.events",
    "tasks.mail",
    "tasks.questions",
    "tasks.tickets",
    "tasks.follow_up",
    "tasks.sweeps",
    "tasks.alerts",
    "tasks.house",
)
KEY_PREFIX = "escalation:celery:"
HINT_VISIBILITY_SECONDS = 120


def tls_of(url: str) -> dict[str, Any] | None:
    """How the broker's connection checks the certificate: for a bare `rediss://`, kombu would not do so at all."""
    if not url.startswith("rediss://"):
        return None
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED, **parse_url(url).get("ssl", {})}


def celery_settings() -> dict[str, Any]:
    """Celery's settings, read when they are first needed (reasons: docs/architecture.md)."""
    settings = get_settings()
    return {
        "broker_url": settings.redis_url.get_secret_value(),
        "broker_use_ssl": tls_of(settings.redis_url.get_secret_value()),
        "broker_transport_options": {
            "global_keyprefix": KEY_PREFIX,
            "visibility_timeout": HINT_VISIBILITY_SECONDS,
            "socket_timeout": 5,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            # A half-open connection is dropped after a second and twice this (kombu, Redis transport).
            "health_check_interval": 5,
        },
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "accept_content": ["json"],
        "task_serializer": "json",
        "result_serializer": "json",
        "task_ignore_result": True,
        "task_annotations": FOR_EVERY_TASK,
        "task_default_queue": "sweeps",
        "task_create_missing_queues": True,
        "task_time_limit": 110,
        "worker_prefetch_multiplier": 1,
        "worker_max_tasks_per_child": 10_000,
        "worker_soft_shutdown_timeout": 10.0,
        "worker_send_task_events": True,
        "worker_hijack_root_logger": False,
        "beat_schedule": beat_schedule(),
        # In memory: every sweep is an interval, so there is nothing to remember and no file to write.
        "beat_scheduler": "celery.beat:Scheduler",
        "beat_enable_remote_control": True,
        "timezone": "UTC",
    }


guard_the_lists()
app = Celery("escalation", include=TASKS)
app.add_defaults(celery_settings)
app.steps["worker"].add(DoorbellStep)
app.steps["worker"].add(WatchmanStep)
task_postrun.connect(note_the_run)
beat_init.connect(note_what_beat_sends)
beat_init.connect(watch_beside_beat)


@setup_logging.connect
def use_our_logging(**_: Any) -> None:
    configure_logging(get_settings())


@worker_init.connect
def check_what_was_configured(**_: Any) -> None:
    """Stop before the first event when a file is broken or still holds examples: nobody would be reached."""
    settings = get_settings()
    try:
        ensure_real(knowledge().contacts, settings.escalation_embedded)
    except ConfigurationError as error:
        # Celery logs and swallows any Exception of a signal.
        raise SystemExit(f"The worker does not start:\n{error}") from None
    # Before the fork: else each child compiles the templates with its first mail.
    prepare(settings.support_language)
    # What is loaded by now stays for ever: the children need not look through it for garbage, and so do not copy it.
    gc.freeze()


@worker_process_init.connect
def leave_the_parents_connections(**_: Any) -> None:
    forget_connections()
