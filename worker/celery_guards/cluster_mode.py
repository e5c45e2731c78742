"""A Redis in cluster mode is refused by name: Celery's keys and ours lie in several of its slots, which it forbids."""

from typing import Any, Final

from redis.exceptions import RedisError

from config.settings import get_settings
from services.events.stream import connect

# A server that is slow to answer must not keep the program from saying what it waits for.
_SECONDS: Final = 1.0
REMEDY: Final = (
    "Use a Redis without cluster mode (a primary with replicas and Sentinels, if one shall take over). "
    "Only event streams may lie on a cluster: EVENTS_CLUSTER_URL."
)


def is_in_cluster_mode(information: Any) -> bool:
    """Whether this answer to INFO is one of a cluster's node."""
    return bool(information.get("cluster_enabled"))


def refuse_cluster_mode(**_: Any) -> None:
    """At the start of a worker or of beat; a server that is away, or does not tell, is waited for or found later.

    :raises SystemExit: it is in cluster mode
    """
    try:
        with connect(get_settings().redis_url.get_secret_value(), _SECONDS) as redis:
            information = redis.info("cluster")
    except RedisError:
        return
    if is_in_cluster_mode(information):
        raise SystemExit(f"It does not start:\nREDIS_URL is a Redis in cluster mode. {REMEDY}")
