"""A Redis in cluster mode is named as such."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from escalation_client import Publisher, PublishError
from tests.client.stream import report
from tests.processes import wait_for
from worker.embedded import EmbeddedValkey
from worker.embedded.ports import Port


class ClusterNode(EmbeddedValkey):
    """One node; its bus would else take a port among those that clients are given."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.bus = Port(None, "valkey bus")

    def settings(self) -> str:
        return f"{super().settings()}cluster-enabled yes\ncluster-port {self.bus.number}\n"


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
        there.execute_command("CLUSTER", "MEET", "127.0.0.1", node.port, node.bus.number)
        wait_for(
            lambda: b"cluster_slots_assigned:16384" in here.execute_command("CLUSTER", "INFO"), "the other's slots"
        )
        with Publisher(node.url) as publisher, pytest.raises(PublishError, match="cluster mode"):
            publisher.publish(report("s1"))
