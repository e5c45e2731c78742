"""Drains that send what they have queued."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from services.delivery.lease import leave_turn
from services.escalation.process_batch import BatchResult
from services.events.stream import redis_client
from services.installation import get_installation
from tasks.evaluation.drain import drain
from tasks.mail import send, send_directly
from tests.processes import Processes, processes
from tests.services.delivery.conftest import Setting
from tests.services.delivery.office import Office
from tests.tasks.hinted import publish


@pytest.fixture
def redis(setting: Setting) -> Redis:
    return redis_client()


@pytest.fixture
def family(office: Office, tmp_path: Path) -> Iterator[Processes]:
    with processes(os.environ, tmp_path) as started:
        yield started


def ordinary_sender(office: Office) -> None:
    """One that has sent a mail just now, and was fast, however busy this machine is."""
    office.queue("earlier")
    assert send("deliver_due", urgent_only=False) == "sent=1"
    leave_turn()


def drained(redis: Redis, *sessions: str) -> None:
    """Publish an event that opens a ticket for each session, and drain them."""
    assert drain_after(redis, *sessions).opened == len(sessions)


def drain_after(redis: Redis, *sessions: str) -> BatchResult:
    publish(redis, *sessions)
    return drain(redis, get_installation(), send_directly)
