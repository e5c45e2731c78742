"""Addresses of Sentinels, which know where the primary of a replicated Redis is.

    redis-sentinel://user:password@host1:26379,host2:26379,host3:26379/mymaster/0

User, password and the database number are the primary's; `?sentinel_username=…&sentinel_password=…` are the Sentinels'
own. The name of the primary may stand in the query instead (`?master_name=mymaster`); without one it is `mymaster`.
`sentinel://` means the same, and so does Celery's way to list them: `sentinel://host1:26379;sentinel://host2:26379/0`.
"""

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote

_SCHEMES: Final = ("redis-sentinel", "sentinel")
_PORT: Final = 26379
_SERVICE: Final = "mymaster"
# A Sentinel that is gone must not keep anybody from asking the next.
SENTINEL_SECONDS: Final = 1.0
_EXAMPLE: Final = "redis-sentinel://:password@host1:26379,host2:26379/mymaster/0"
# One of several hosts; Celery repeats scheme, login and path at each.
_HOST: Final = re.compile(
    r"""\s* (?: (?:redis-)?sentinel:// )? (?: (?P<login>[^@]*) @ )?
        (?P<host> \[[0-9a-fA-F:.]+\] | [^:/@\[\]]+ ) (?: : (?P<port>\d{1,5}) )? (?P<path> /.* )?""",
    re.VERBOSE,
)


def names_sentinels(url: str) -> bool:
    """Whether an address is one of Sentinels."""
    return url.startswith(tuple(f"{scheme}://" for scheme in _SCHEMES))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Sentinels:
    """The Sentinels that an address names, and what to ask them for. Printing it tells no password."""

    hosts: tuple[tuple[str, int], ...]
    service: str = _SERVICE
    database: int = 0
    username: str | None = None
    password: str | None = None
    sentinel_username: str | None = None
    sentinel_password: str | None = None

    @classmethod
    def named_by(cls, url: str) -> "Sentinels":
        """What an address says. Raises ValueError, which shows no password."""
        listed, _, options = url.partition("?")
        hosts = [_match_host(text) for text in re.split("[,;]", listed)]
        logins = [host["login"] for host in hosts if host["login"]]
        paths = [host["path"] for host in hosts if host["path"]]
        username, _, password = (logins[0] if logins else "").partition(":")
        service, database = _read_path(paths[-1] if paths else "")
        query = dict(parse_qsl(options, strict_parsing=bool(options)))
        address = cls(
            hosts=tuple((host["host"].strip("[]"), int(host["port"] or _PORT)) for host in hosts),
            service=service or query.pop("master_name", None) or _SERVICE,
            database=database,
            username=unquote(username) or None,
            password=unquote(password) or None,
            sentinel_username=query.pop("sentinel_username", None),
            sentinel_password=query.pop("sentinel_password", None),
        )
        query.pop("master_name", None)
        if query:
            known = "master_name, sentinel_username and sentinel_password"
            raise ValueError(f"an address of Sentinels has no option {', '.join(sorted(query))}; it knows {known}")
        return address

    def __repr__(self) -> str:
        return f"Sentinels({', '.join(f'{host}:{port}' for host, port in self.hosts)} for {self.service})"

    def without_passwords(self) -> str:
        """The address as it may be shown."""
        hosts = ",".join(f"{host}:{port}" for host, port in self._written_hosts())
        return f"redis-sentinel://{hosts}/{self.service}/{self.database}"

    def primary_options(self) -> dict[str, Any]:
        """How redis-py logs in to the primary."""
        return {"db": self.database, "username": self.username, "password": self.password}

    def sentinel_options(self) -> dict[str, Any]:
        """How redis-py logs in to the Sentinels."""
        return {"username": self.sentinel_username, "password": self.sentinel_password}

    def celery_url(self) -> str:
        """The same address as Celery writes it; the primary's name is in `celery_options`."""
        login = f"{quote(self.username or '', safe='')}:{quote(self.password or '', safe='')}@"
        login = login if self.username or self.password else ""
        return ";".join(f"sentinel://{login}{host}:{port}/{self.database}" for host, port in self._written_hosts())

    def celery_options(self) -> dict[str, Any]:
        """What Celery's `broker_transport_options` have to say besides."""
        given = {name: value for name, value in self.sentinel_options().items() if value is not None}
        patience = {"socket_connect_timeout": SENTINEL_SECONDS, "socket_timeout": SENTINEL_SECONDS}
        return {"master_name": self.service, "sentinel_kwargs": {**given, **patience}}

    def _written_hosts(self) -> list[tuple[str, int]]:
        return [(f"[{host}]" if ":" in host else host, port) for host, port in self.hosts]


def _read_path(path: str) -> tuple[str | None, int]:
    """The primary's name and the database number in `/name/0`, `/name` or `/0`."""
    match path.strip("/").split("/"):
        case [""]:
            return None, 0
        case [number] if number.isdecimal():
            return None, int(number)
        case [name]:
            return unquote(name), 0
        case [name, number] if number.isdecimal():
            return unquote(name), int(number)
    raise ValueError(
        f"the path {path} is no name of a primary with a database number; expected one such as /mymaster/0"
    )


def _match_host(text: str) -> re.Match[str]:
    match = _HOST.fullmatch(text)
    if match is None:
        # Not shown, since it may hold a password.
        raise ValueError(f"an address of Sentinels has something else than a host and port; expected {_EXAMPLE}")
    return match
