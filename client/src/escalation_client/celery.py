"""For assistants that use Celery already: the event goes into the stream, and a mere hint to the worker."""

import logging
from functools import lru_cache
from urllib.parse import urlencode

from celery import Celery
from celery.exceptions import OperationalError
from redis.exceptions import RedisError

from escalation_client.connection import ANSWER_SECONDS, CONNECT_SECONDS, HEALTH_CHECK_SECONDS
from escalation_client.events import Event
from escalation_client.publisher import Publisher
from escalation_client.sentinel import Sentinels, names_sentinels

logger = logging.getLogger(__name__)

_TASK = "escalation.drain_events"
QUEUE = "events"
# The worker's keys in Redis carry this prefix, so that they and another application's never mix.
_TRANSPORT_OPTIONS = {
    "global_keyprefix": "escalation:celery:",
    "socket_timeout": ANSWER_SECONDS,
    "socket_connect_timeout": CONNECT_SECONDS,
    "socket_keepalive": True,
    "health_check_interval": HEALTH_CHECK_SECONDS,
    "max_retries": 1,
}


def enqueue(app: Celery, event: Event, url: str | None = None) -> str | None:
    """Publish an event, then hint to the worker that there is one; return the id of its stream entry.

    The stream has the event before the hint is sent, so a hint that fails is only logged. Without `url` the
    application's broker is used. Raises `PublishError`, and ValueError when the broker is no Redis.
    """
    address = url or redis_url(app)
    entry_id = publisher(address).publish(event)
    try:
        worker_app(address).send_task(_TASK, queue=QUEUE, ignore_result=True, retry=False)
    except (OperationalError, RedisError) as error:
        logger.warning("the worker was not hinted at event %s, its sweep will find it: %s", event.id, error)
    return entry_id


@lru_cache(maxsize=4)
def worker_app(url: str) -> Celery:
    """An application whose `send_task` reaches the worker; your own one's queues stay apart from it.

    :param url: the worker's REDIS_URL
    """
    broker, options = url, _TRANSPORT_OPTIONS
    if names_sentinels(url):
        sentinels = Sentinels.named_by(url)
        broker, options = sentinels.celery_url(), {**_TRANSPORT_OPTIONS, **sentinels.celery_options()}
    app = Celery("escalation-client", broker=broker, set_as_current=False)
    app.conf.update(broker_transport_options=options, task_ignore_result=True)
    return app


def redis_url(app: Celery) -> str:
    """The application's broker, which has to be Redis."""
    address = str(app.conf.broker_write_url or app.conf.broker_url or "")
    if names_sentinels(address):
        name = (app.conf.broker_transport_options or {}).get("master_name")
        return f"{address}?{urlencode({'master_name': name})}" if name else address
    if not address.startswith(("redis://", "rediss://")):
        scheme = address.partition(":")[0] or "none"
        raise ValueError(f"the application's broker is {scheme}: pass url='redis://…', the worker's REDIS_URL")
    return address


@lru_cache(maxsize=4)
def publisher(url: str) -> Publisher:
    return Publisher(url)
