"""The doctor beside real servers and processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import connection, redis
from tests.acceptance.conftest import environment as plain_environment
from tests.processes import Processes, processes
from tests.worker.doctor.doctor import Doctor, whole_configuration
from worker.embedded import LocalMailServer

__all__ = ["connection", "plain_environment", "redis"]


@pytest.fixture
def environment(plain_environment: dict[str, str], mail_server: LocalMailServer) -> dict[str, str]:
    return plain_environment | whole_configuration(mail_server)


@pytest.fixture
def family(environment: dict[str, str], tmp_path: Path) -> Iterator[Processes]:
    with processes(environment, tmp_path) as family:
        yield family


@pytest.fixture
def doctor(family: Processes) -> Doctor:
    return Doctor(family)
