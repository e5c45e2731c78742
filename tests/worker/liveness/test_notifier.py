"""How liveness monitors agree on who raises an alarm, and tell of its end."""

from collections.abc import Iterator

import pytest
from redis import Redis
from sqlalchemy import Engine

from config.settings import get_settings
from services.database.engine import engine
from services.installation import Installation
from tests.observe.webhook import Webhook, listening
from tests.tasks.conftest import installation, redis
from tests.worker.liveness.monitors import ALL, gone, nowhere
from worker.liveness.monitor import ALARMS, Observation
from worker.liveness.notifier import AlertNotifier

__all__ = ["installation", "nowhere", "redis"]


@pytest.fixture
def webhook(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    with listening() as server:
        monkeypatch.setenv("ALERT_WEBHOOK_URL", server.url)
        get_settings.cache_clear()
        yield server


def notifiers(redis: Redis, database: Engine) -> list[AlertNotifier]:
    return [AlertNotifier(database, redis, get_settings()) for _ in range(3)]


def test_three_monitors_raise_it_once_and_once_that_it_is_over(redis: Redis, webhook: Webhook) -> None:
    everybody = notifiers(redis, engine())
    for notifier in everybody:
        notifier.notify(Observation({"beat": ALARMS["beat"]}, ALL - {"beat"}))
    assert [said.splitlines()[0] for said in webhook.texts()] == [f"Escalation worker: {ALARMS['beat'].summary}"]
    for notifier in everybody:
        notifier.notify(Observation({}, ALL))
    assert webhook.texts()[1:] == [f"Over: {ALARMS['beat'].summary}"]


def test_without_postgresql_they_agree_through_redis(redis: Redis, webhook: Webhook, nowhere: Engine) -> None:
    everybody = notifiers(redis, nowhere)
    for notifier in everybody:
        notifier.notify(Observation({"postgresql": ALARMS["postgresql"]}, set()))
    assert len(webhook.posts) == 1
    for notifier in everybody:
        notifier.notify(Observation({}, ALL))
    # One of them looked before it was over.
    everybody[0].notify(Observation({"postgresql": ALARMS["postgresql"]}, set()))
    assert webhook.texts()[1:] == [f"Over: {ALARMS['postgresql'].summary}"]


def test_without_both_each_tells_it_once_by_itself(webhook: Webhook, nowhere: Engine) -> None:
    notifier = AlertNotifier(nowhere, gone(), get_settings())
    both = {key: ALARMS[key] for key in ("postgresql", "redis")}
    notifier.notify(Observation(both, set()))
    notifier.notify(Observation(both, set()))
    assert len(webhook.posts) == 2
    notifier.notify(Observation({}, {"postgresql", "redis"}))
    assert sorted(webhook.texts()[2:]) == sorted(f"Over: {alarm.summary}" for alarm in both.values())


def test_what_the_webhook_did_not_take_is_told_again(redis: Redis, webhook: Webhook, nowhere: Engine) -> None:
    webhook.status = 503
    first, second, _ = notifiers(redis, nowhere)
    first.notify(Observation({"postgresql": ALARMS["postgresql"]}, set()))
    webhook.status = 200
    second.notify(Observation({"postgresql": ALARMS["postgresql"]}, set()))
    first.notify(Observation({"postgresql": ALARMS["postgresql"]}, set()))
    assert len(webhook.posts) == 2
