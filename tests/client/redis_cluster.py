"""A Redis Cluster of real processes: primaries with equal shares of the slots, and a replica of each where wanted."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from redis import Redis
from redis.crc import key_slot

from tests.client.replicated import HOST, PASSWORD, Member
from tests.processes import wait_for
from worker.embedded.ports import Port

SLOTS = 16_384


class ClusterMember(Member):
    """One node."""

    def __init__(self, folder: Path, primary: "Member | None" = None) -> None:
        super().__init__(folder)
        self.bus = Port(None, f"{folder.name} bus")

    def settings(self) -> str:
        return f"{super().settings()}cluster-enabled yes\ncluster-port {self.bus.number}\ncluster-node-timeout 2000\n"


class ClusterOfNodes:
    """The nodes, and the address that names two of them."""

    def __init__(
        self, nodes: list[ClusterMember], url: str | None = None, replicas: Sequence[ClusterMember] = ()
    ) -> None:
        self.nodes, self.replicas = nodes, replicas
        self.url = url or f"redis-cluster://:{PASSWORD}@{','.join(f'{HOST}:{node.port}' for node in nodes[:2])}"

    def node_of(self, key: str) -> ClusterMember:
        """Whose a key was at the beginning."""
        return self.nodes[key_slot(key.encode()) * len(self.nodes) // SLOTS]

    def form(self) -> None:
        """Let them meet, give each its share, and wait until all of them say that it is whole."""
        # As `node_of` divides them, rounded up.
        first = [-(-number * SLOTS // len(self.nodes)) for number in range(len(self.nodes) + 1)]
        for number, node in enumerate(self.nodes):
            with Redis.from_url(node.url) as redis:
                redis.execute_command("CLUSTER ADDSLOTSRANGE", first[number], first[number + 1] - 1)
                for other in (*self.nodes, *self.replicas):
                    redis.execute_command("CLUSTER MEET", HOST, other.port, other.bus.number)
        self.wait_until_whole()
        for node, replica in zip(self.nodes, self.replicas, strict=bool(self.replicas)):
            self.follow(node, replica)

    def follow(self, node: ClusterMember, replica: ClusterMember) -> None:
        """Make a member the replica of a node, and wait until it has what the node has."""
        with Redis.from_url(node.url) as primary, Redis.from_url(replica.url) as redis:
            name = primary.execute_command("CLUSTER MYID").decode()
            wait_for(lambda: name.encode() in redis.execute_command("CLUSTER", "NODES"), f"{replica.name} to know it")
            redis.execute_command("CLUSTER REPLICATE", name)
            wait_for(lambda: redis.info("replication").get("master_link_status") == "up", f"{replica.name} to follow")

    @contextmanager
    def set(self, name: str, value: str, afterwards: str) -> Iterator[None]:
        """All nodes have a setting for the length of the block."""
        self._set(name, value)
        try:
            yield
        finally:
            self._set(name, afterwards)

    def _set(self, name: str, value: str) -> None:
        for node in self.nodes:
            with Redis.from_url(node.url) as redis:
                redis.config_set(name, value)

    @contextmanager
    def on_the_move(self, key: str, source: ClusterMember, target: ClusterMember) -> Iterator[None]:
        """A slot whose one key has gone to another node already, while nobody but those two knows."""
        slot = key_slot(key.encode())
        with Redis.from_url(source.url) as old, Redis.from_url(target.url) as new:
            ids = [redis.execute_command("CLUSTER MYID").decode() for redis in (old, new)]
            new.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", ids[0])
            old.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", ids[1])
            old.migrate(HOST, target.port, key, 0, 5_000, auth=PASSWORD)
        try:
            yield
        finally:
            for node in (target, *self.nodes):
                with Redis.from_url(node.url) as redis:
                    redis.execute_command("CLUSTER SETSLOT", slot, "NODE", ids[1])

    def move(self, key: str, source: ClusterMember, target: ClusterMember) -> None:
        """Give a slot with its one key to another node."""
        with self.on_the_move(key, source, target):
            pass

    def wait_until_whole(self) -> None:
        for node in self.nodes:
            wait_for(lambda node=node: self.is_whole(node), f"{node.name} to see all slots")  # type: ignore[misc]

    def is_whole(self, node: ClusterMember) -> bool:
        with Redis.from_url(node.url) as redis:
            known = redis.execute_command("CLUSTER", "SLOTS")
            state = redis.execute_command("CLUSTER", "INFO")
        return len(known) == len(self.nodes) and b"cluster_state:ok" in state


@contextmanager
def redis_cluster(folder: Path, nodes: int = 4, *, replicated: bool = False) -> Iterator[ClusterOfNodes]:
    """The nodes, running until the end of the block."""
    with ExitStack() as running:
        primaries, replicas = (
            [running.enter_context(ClusterMember(folder / f"{name}{n}")) for n in range(number)]
            for name, number in (("node", nodes), ("replica", nodes if replicated else 0))
        )
        made = ClusterOfNodes(primaries, replicas=replicas)
        made.form()
        yield made
