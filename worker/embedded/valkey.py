"""Valkey from a wheel: the Redis protocol on loopback with a password, every write on disk before it is confirmed."""

import json
import secrets
from collections.abc import Sequence
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, TimeoutError
from redis.retry import Retry

from worker.embedded.binaries import valkey_binary
from worker.embedded.paths import write_atomically
from worker.embedded.ports import HOST, Port
from worker.embedded.process import ManagedProcess


class EmbeddedValkey(ManagedProcess):
    """A Valkey server with its data in a folder; `url` holds its password."""

    def __init__(
        self, folder: Path, *, port: int | None = None, password: str | None = None, name: str = "valkey"
    ) -> None:
        super().__init__(name, folder)
        self.reserved = Port(port, name)
        self.port = self.reserved.number
        self.password = password or secrets.token_urlsafe(24)
        # `default` is named since redis-cli takes `redis://:password@` for a user without a name.
        self.url = f"redis://default:{self.password}@{HOST}:{self.port}/0"
        self.settings_file = self.folder / "valkey.conf"

    def command(self) -> Sequence[str]:
        return [str(valkey_binary()), str(self.settings_file)]

    def prepare(self) -> None:
        super().prepare()
        write_atomically(self.settings_file, self.settings())

    def settings(self) -> str:
        lines = {
            "bind": HOST,
            "port": self.port,
            "dir": json.dumps(str(self.folder)),
            "requirepass": self.password,
            "appendonly": "yes",
            "appendfsync": "always",
            "save": '""',
            "maxmemory-policy": "noeviction",
            # A changed title would overwrite the environment, where the mark of the stack is.
            "set-proc-title": "no",
        }
        return "".join(f"{name} {value}\n" for name, value in lines.items())

    def answers(self) -> bool:
        try:
            with Redis.from_url(self.url, socket_timeout=5, retry=Retry(NoBackoff(), 0)) as redis:
                return bool(redis.ping())
        except (ConnectionError, TimeoutError):
            return False
