"""Beat's plan: a wall clock that jumps does not stop it, and a restart does not begin it anew."""

from pathlib import Path

import pytest
from redis import Redis

from services.monitoring.health import redis_time
from tests.acceptance.conftest import environment, family, redis
from tests.processes import Processes, wait_for
from tests.shifted_clock import ShiftedClock
from worker.liveness.last_seen import LAST_RUNS, last_runs
from worker.schedule import SECONDS_BETWEEN

__all__ = ["environment", "family", "redis"]

HOURLY = "escalation.keep_house"
BEAT = ("-A", "worker", "beat", "--loglevel", "INFO")


@pytest.fixture
def clock(environment: dict[str, str], tmp_path: Path) -> ShiftedClock:
    """That of every process that is started."""
    clock = ShiftedClock(tmp_path)
    environment |= clock.environment
    return clock


def sent(redis: Redis, task: str) -> int:
    """How many messages for this task wait in any queue."""
    queues = [key for key in redis.keys("escalation:celery:*") if redis.type(key) == b"list"]
    return sum(task.encode() in message for queue in queues for message in redis.lrange(queue, 0, -1))


@pytest.mark.debian("cc")
@pytest.mark.parametrize("jump", [-3600, 3600])
def test_a_clock_that_jumps_an_hour_does_not_stop_beat(
    clock: ShiftedClock, environment: dict[str, str], family: Processes, redis: Redis, jump: int
) -> None:
    family.start("celery", *BEAT)
    wait_for(lambda: sent(redis, "escalation.deliver_urgent") >= 2, "beat's second message")
    clock.shift(jump)
    before = sent(redis, "escalation.deliver_urgent")
    wait_for(lambda: sent(redis, "escalation.deliver_urgent") >= before + 2, "messages after the jump", seconds=30)
    assert abs(last_runs(redis)["beat"]) < 30


def test_what_is_overdue_at_the_start_is_sent_at_once_and_the_rest_when_it_is_due(
    family: Processes, redis: Redis
) -> None:
    now = redis_time(redis)
    ages = dict.fromkeys(SECONDS_BETWEEN, 0.0) | {HOURLY: 3_599.0, "escalation.reconcile": 10.0}
    redis.hset(LAST_RUNS, mapping={name: now - age for name, age in ages.items()})
    family.start("celery", *BEAT)
    wait_for(lambda: sent(redis, HOURLY) == 1, "the hourly sweep, a second after the start")
    assert sent(redis, "escalation.reconcile") == 0
