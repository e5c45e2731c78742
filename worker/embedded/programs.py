"""The stack's own Python programs, as data: what runs, and how it shows that it works."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from celery import Celery
from kombu.exceptions import OperationalError

from tasks.celery_config import broker_of
from worker.celery_guards.messages import QUEUES
from worker.embedded.ports import HOST
from worker.embedded.process import ManagedProcess

_PROCESSES = 4
# The second ear has a worker of its own, with one child that gives way to the others.
_LISTEN = "listen"
_EVENTS_AND_MAILS = ",".join(name for name in QUEUES if name != _LISTEN)


@dataclass(frozen=True)
class ChildSpec:
    """A program: the arguments behind `python -m`, and a question that it answers when it works."""

    name: str
    arguments: tuple[str, ...]
    answers: Callable[[], bool]


class Child(ManagedProcess):
    """Runs a spec."""

    is_server = False

    def __init__(self, spec: ChildSpec, folder: Path, environment: Mapping[str, str]) -> None:
        super().__init__(spec.name, folder)
        self.spec = spec
        self.variables = environment

    def command(self) -> Sequence[str]:
        return [sys.executable, "-m", *self.spec.arguments]

    def environment(self) -> Mapping[str, str]:
        return self.variables

    def answers(self) -> bool:
        return self.spec.answers()


def children(stack: str, redis_url: str, flower_port: int, desk_port: int, metrics_port: int) -> list[ChildSpec]:
    """All programs of a stack; `stack` tells its nodes from those of other stacks on the same Redis."""
    worker, listener, beat = f"worker@{stack}", f"listener@{stack}", f"celerybeat@{stack}"
    celery = ("celery", "-A", "worker")
    return [
        ChildSpec(
            "worker",
            (*celery, "worker", "-Q", _EVENTS_AND_MAILS, "--concurrency", str(_PROCESSES), "-n", worker,
             "--without-mingle", "--without-gossip"),
            _node_answers(redis_url, worker),
        ),
        ChildSpec(
            "listener",
            (*celery, "worker", "-Q", _LISTEN, "--concurrency", "1", "-n", listener, "--without-mingle",
             "--without-gossip"),
            _node_answers(redis_url, listener),
        ),
        ChildSpec("beat", (*celery, "beat", "--hostname", beat), _node_answers(redis_url, beat)),
        ChildSpec("flower", (*celery, "flower"), _page_answers(f"http://{HOST}:{flower_port}/healthcheck")),
        ChildSpec("desk", ("worker", "desk"), _page_answers(f"http://{HOST}:{desk_port}/health")),
        ChildSpec("exporter", ("worker", "exporter"), _page_answers(f"http://{HOST}:{metrics_port}/metrics")),
    ]  # fmt: skip


def _node_answers(redis_url: str, node: str) -> Callable[[], bool]:
    """Does a worker or beat answer a ping through the broker?"""
    app = Celery(set_as_current=False)
    app.conf.update(broker_of(redis_url))

    def answers() -> bool:
        try:
            return bool(app.control.ping(destination=[node], timeout=1.0, limit=1))
        except OperationalError:
            return False

    return answers


def _page_answers(url: str) -> Callable[[], bool]:
    def answers() -> bool:
        try:
            with urlopen(url, timeout=5) as page:
                return bool(page.status == 200)
        except OSError:
            return False

    return answers


def inherited(ours: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with our values; a file must not compete with a value of ours."""
    files = {f"{name}_FILE" for name in ours}
    return {name: value for name, value in os.environ.items() if name not in files} | dict(ours)
