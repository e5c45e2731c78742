"""A Redis in cluster mode is named as such."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from escalation_client import Publisher, PublishError
from tests.client.stream import report
from tests.processes import wait_for
from worker.embedded import EmbeddedValkey


class ClusterNode(EmbeddedValkey):
    def settings(self) -> str:
        return f"{super().settings()}cluster-enabled yes\n"


@pytest.fixture
def node(tmp_path: Path) -> Iterator[ClusterNode]:
    with ClusterNode(tmp_path) as node:
        yield node


def test_slots_that_nobody_serves(node: ClusterNode) -> None:
    with Publisher(node.url) as publisher, pytest.raises(PublishError, match="cluster mode"):
        publisher.publish(report("s1"))


def test_slots_that_another_node_serves(node: ClusterNode, tmp_path: Path) -> None:
    with ClusterNode(tmp_path / "other") as other, Redis.from_url(other.url) as there, Redis.from_url(node.url) as here:
        there.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        there.execute_command("CLUSTER", "MEET", "127.0.0.1", node.port)
        wait_for(
            lambda: b"cluster_slots_assigned:16384" in here.execute_command("CLUSTER", "INFO"), "the other's slots"
        )
        with Publisher(node.url) as publisher, pytest.raises(PublishError, match="cluster mode"):
            publisher.publish(report("s1"))
