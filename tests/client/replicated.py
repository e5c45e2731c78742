"""A replicated Redis with its Sentinels, all of them real processes."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from redis import ConnectionError as RedisConnectionError
from redis import Redis

from tests.processes import wait_for
from worker.embedded import EmbeddedValkey

PASSWORD = "of-all-servers"
SERVICE = "assistant-redis"
HOST = "127.0.0.1"


class Member(EmbeddedValkey):
    """A server that is the primary, or follows one."""

    def __init__(self, folder: Path, primary: "Member | None" = None) -> None:
        super().__init__(folder, name=folder.name)
        self.url = self.url.replace(self.password, PASSWORD)
        self.password = PASSWORD
        self.primary = primary

    def settings(self) -> str:
        following = f"replicaof {HOST} {self.primary.port}\n" if self.primary else ""
        return f"{super().settings()}masterauth {PASSWORD}\nrepl-diskless-sync-delay 0\n{following}"


class Sentinel(EmbeddedValkey):
    """Watches the primary and, with another one, makes a replica the primary when it is gone."""

    def __init__(self, folder: Path, primary: Member) -> None:
        super().__init__(folder, name=folder.name)
        self.url = self.url.replace(self.password, PASSWORD)
        self.password = PASSWORD
        self.primary = primary

    def command(self) -> Sequence[str]:
        return [*super().command(), "--sentinel"]

    def settings(self) -> str:
        return f"""
            bind {HOST}
            port {self.port}
            dir {self.folder}
            requirepass {PASSWORD}
            sentinel sentinel-pass {PASSWORD}
            sentinel monitor {SERVICE} {HOST} {self.primary.port} 2
            sentinel auth-pass {SERVICE} {PASSWORD}
            sentinel down-after-milliseconds {SERVICE} 1000
            sentinel failover-timeout {SERVICE} 4000
        """


class Replicated:
    """A primary with two replicas under three Sentinels."""

    def __init__(self, primary: Member, replicas: list[Member], sentinels: list[Sentinel]) -> None:
        self.primary, self.replicas, self.sentinels = primary, replicas, sentinels
        hosts = ",".join(f"{HOST}:{sentinel.port}" for sentinel in sentinels)
        self.url = f"redis-sentinel://:{PASSWORD}@{hosts}/{SERVICE}/0?sentinel_password={PASSWORD}"

    def wait_until_complete(self) -> None:
        """Until the replicas follow and the Sentinels know each other and them."""
        with Redis.from_url(self.primary.url) as redis:
            wait_for(lambda: redis.wait(2, 100) == 2, "both replicas to follow")
        for sentinel in self.sentinels:
            with Redis.from_url(sentinel.url) as redis:
                wait_for(
                    lambda redis=redis: self.knows_all(redis.sentinel_master(SERVICE)),  # type: ignore[misc]
                    f"{sentinel.name} to know all others",
                )

    @staticmethod
    def knows_all(state: dict[str, int]) -> bool:
        return state["num-other-sentinels"] == 2 and state["num-slaves"] == 2

    def new_primary(self) -> Member:
        """The replica that was made the primary, once it is."""

        def promoted() -> list[Member]:
            return [member for member in self.replicas if role_of(member) == "master"]

        wait_for(promoted, "a replica to become the primary")
        return promoted()[0]


def role_of(member: Member) -> str | None:
    """None while it lets go of all connections, as a server does in the moment in which its role changes."""
    try:
        with Redis.from_url(member.url) as redis:
            return str(redis.info("replication")["role"])
    except RedisConnectionError:
        return None


@contextmanager
def replicated(folder: Path, *, replicas: int = 2, sentinels: int = 3) -> Iterator[Replicated]:
    """The servers, running until the end of the block."""
    with ExitStack() as running:
        primary = running.enter_context(Member(folder / "primary"))
        followers = [running.enter_context(Member(folder / f"replica{n}", primary)) for n in range(replicas)]
        watchers = [running.enter_context(Sentinel(folder / f"sentinel{n}", primary)) for n in range(sentinels)]
        yield Replicated(primary, followers, watchers)
