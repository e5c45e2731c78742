"""Workers and beat: JSON only, early acknowledgement, no result backend. A message is only ever a hint."""

import gc
import os
from typing import Any

from celery.signals import beat_init, setup_logging, task_postrun, worker_init, worker_process_init
from sqlalchemy.exc import DBAPIError, TimeoutError

from config.contacts import ensure_real
from config.errors import ConfigurationError
from config.logging import configure_logging
from config.settings import get_settings
from services.database.engine import engine, forget_connections
from services.database.session import TransactionPooling, refuse_transaction_pooling
from services.delivery.rate_limits import limiter
from services.installation import get_installation
from services.listening.ear import second_ear
from services.mail.jinja import prepare
from tasks.celery_config import app
from worker.celery_guards.cluster_mode import refuse_cluster_mode
from worker.celery_guards.ended_children import EndedChildrenStep
from worker.celery_guards.messages import guard_the_lists
from worker.celery_guards.requests import FOR_EVERY_TASK
from worker.celery_guards.told_options import ToldOptionsStep
from worker.doorbell import DoorbellStep
from worker.liveness.last_seen import record_beat, record_sweep
from worker.liveness.program.beat import watch_beat
from worker.liveness.program.worker import ProgramWatchStep, sign_of_child
from worker.liveness.thread import LivenessStep, monitor_beside_beat
from worker.schedule import beat_schedule

__all__ = ["app"]


def _worker_settings() -> dict[str, Any]:
    """What workers and beat need beyond who only sends (reasons: docs/architecture.md)."""
    return {
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "accept_content": ["json"],
        "result_serializer": "json",
        "task_annotations": FOR_EVERY_TASK,
        "task_time_limit": 110,
        "worker_consumer": "worker.liveness.program.worker:LivingConsumer",
        "worker_prefetch_multiplier": 1,
        "worker_max_tasks_per_child": 10_000,
        "worker_soft_shutdown_timeout": 10.0,
        "worker_send_task_events": True,
        "worker_hijack_root_logger": False,
        "beat_schedule": beat_schedule(),
        "beat_scheduler": "worker.liveness.program.beat:LivingScheduler",
        "beat_enable_remote_control": True,
        "timezone": "UTC",
    }


# Of 19.
_LISTENER_NICENESS = 10
_OBJECTS_BETWEEN_COLLECTIONS = 50_000

guard_the_lists()
app.add_defaults(_worker_settings)
app.steps["consumer"].add(ToldOptionsStep)
app.steps["worker"].add(EndedChildrenStep)
app.steps["worker"].add(DoorbellStep)
app.steps["worker"].add(LivenessStep)
app.steps["worker"].add(ProgramWatchStep)
task_postrun.connect(record_sweep)
beat_init.connect(refuse_cluster_mode)
beat_init.connect(record_beat)
beat_init.connect(monitor_beside_beat)
beat_init.connect(watch_beat)
worker_process_init.connect(sign_of_child)


@setup_logging.connect
def use_our_logging(**_: Any) -> None:
    configure_logging(get_settings())


@worker_init.connect
def check_what_was_configured(**_: Any) -> None:
    """Stop before the first event when a file is broken or still holds examples: nobody would be reached."""
    settings = get_settings()
    try:
        ensure_real(get_installation().contacts, settings.escalation_embedded)
    except ConfigurationError as error:
        # Celery logs and swallows any Exception of a signal.
        raise SystemExit(f"The worker does not start:\n{error}") from None
    try:
        refuse_transaction_pooling(engine())
    except TransactionPooling as error:
        raise SystemExit(f"The worker does not start:\n{error}") from None
    except (DBAPIError, TimeoutError):
        # PostgreSQL is away: events wait in Redis until it is back, and the liveness monitor raises the alarm.
        pass
    refuse_cluster_mode()
    # Before the fork: else each child compiles the templates, and imports what counts mails, with its first mail.
    prepare(settings.support_language)
    limiter(settings.redis_url.get_secret_value(), os.getpid())
    _load_second_ear()
    # What is loaded by now stays for ever: the children need not look through it for garbage, and so do not copy it.
    gc.freeze()
    # A batch makes tens of thousands of objects, of which hardly any are in a circle: to look through them every 700
    # takes a twentieth of its time.
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)


def _load_second_ear() -> None:
    """Once, and shared by the children, where texts are judged; other workers do without its 100 MB."""
    if "listen" in app.amqp.queues.consume_from and get_installation().policy.second_ear:
        second_ear()


@worker_process_init.connect
def give_way_when_only_listening(**_: Any) -> None:
    """Judging takes more processor than everything else together; events and mails go first."""
    if set(app.amqp.queues.consume_from) == {"listen"}:
        os.nice(_LISTENER_NICENESS)


@worker_process_init.connect
def leave_the_parents_connections(**_: Any) -> None:
    forget_connections()
