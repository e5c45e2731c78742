"""Addresses of a Redis Cluster.

    redis-cluster://user:password@host1:6379,host2:6379,host3:6379

Any of the nodes tells of all the others. `rediss-cluster://` speaks TLS, with the parameters of `rediss://`.
"""

import re
from dataclasses import dataclass
from typing import Final

_SCHEMES: Final = {"redis-cluster": "redis", "rediss-cluster": "rediss"}
_PORT: Final = 6379
_HOST: Final = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^:/@\[\],?\s]+)(?::(?P<port>\d{1,5}))?/?")
_EXAMPLE: Final = "redis-cluster://:password@host1:6379,host2:6379"


@dataclass(frozen=True, slots=True, repr=False)
class ClusterAddress:
    """What an address says. Printing it tells no password."""

    hosts: tuple[tuple[str, int], ...]
    scheme: str
    login: str = ""
    options: str = ""

    @classmethod
    def named_by(cls, url: str) -> "ClusterAddress":
        """Read an address. Raises ValueError, which shows no password."""
        scheme, _, rest = url.partition("://")
        if scheme not in _SCHEMES:
            raise ValueError(f"should start with redis-cluster:// or rediss-cluster://, such as {_EXAMPLE}")
        listed, question, options = rest.partition("?")
        login, at, hosts = listed.rpartition("@")
        matches = [_HOST.fullmatch(host.strip()) for host in hosts.split(",")]
        if not all(matches):
            # Not shown, since it may hold a password.
            raise ValueError(f"should list the cluster's hosts and ports, without a database's number: {_EXAMPLE}")
        found = tuple((match["host"].strip("[]"), int(match["port"] or _PORT)) for match in matches if match)
        return cls(found, _SCHEMES[scheme], login + at, question + options)

    def url_of(self, host: str, port: int) -> str:
        """The address of one node."""
        return f"{self.scheme}://{self.login}{f'[{host}]' if ':' in host else host}:{port}/0{self.options}"

    def __repr__(self) -> str:
        return f"ClusterAddress({', '.join(f'{host}:{port}' for host, port in self.hosts)})"
