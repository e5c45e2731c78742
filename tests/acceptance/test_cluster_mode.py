"""A Redis in cluster mode is named at the start and by `doctor`, instead of a traceback."""

from pathlib import Path

import pytest

from config.settings import Settings
from tests.client.test_cluster_mode import ClusterNode
from tests.processes import processes
from worker.doctor.redis import check

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("told")]


@pytest.mark.parametrize("program", ["worker", "beat"])
def test_a_redis_in_cluster_mode_is_named(program: str, environment: dict[str, str], tmp_path: Path) -> None:
    with ClusterNode(tmp_path / "node") as node:
        environment = {**environment, "REDIS_URL": node.url}
        with processes(environment, tmp_path) as family:
            process = family.start("celery", "-A", "worker", program)
            assert process.popen.wait(60) != 0
            assert "REDIS_URL is a Redis in cluster mode" in process.output
            assert "Traceback" not in process.output
        settings = Settings.model_validate({name.lower(): value for name, value in environment.items()})
        assert "it is in cluster mode" in [result.found for result in check(settings)]
