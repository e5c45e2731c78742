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

SCHEMES: Final = ("redis-sentinel", "sentinel")
PORT: Final = 26379
SERVICE: Final = "mymaster"
_EXAMPLE: Final = "redis-sentinel://:password@host1:26379,host2:26379/mymaster/0"
_URL: Final = re.compile(
    r"(?:redis-)?sentinel://(?:(?P<login>[^@]*)@)?(?P<hosts>[^/?@]+)(?P<path>/[^?]*)?(?:\?(?P<query>.*))?"
)
_HOST: Final = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(?::(?P<port>\d{1,5}))?")
_NEXT: Final = re.compile(r";\s*(?:(?:redis-)?sentinel://)?(?:[^@/;]*@)?")


def names_sentinels(url: str) -> bool:
    """Whether an address is one of Sentinels."""
    return url.startswith(tuple(f"{scheme}://" for scheme in SCHEMES))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Sentinels:
    """The Sentinels that an address names, and what to ask them for. Printing it tells no password."""

    hosts: tuple[tuple[str, int], ...]
    service: str = SERVICE
    database: int = 0
    username: str | None = None
    password: str | None = None
    sentinel_username: str | None = None
    sentinel_password: str | None = None

    @classmethod
    def named_by(cls, url: str) -> "Sentinels":
        """What an address says. Raises ValueError, which shows no password."""
        match = _URL.fullmatch(_NEXT.sub(",", _without_inner_paths(url)))
        if match is None:
            raise ValueError(f"this is no address of Sentinels; expected one such as {_EXAMPLE}")
        query = dict(parse_qsl(match["query"] or "", strict_parsing=bool(match["query"])))
        service, database = _path_of(match["path"] or "")
        username, _, password = (match["login"] or "").partition(":")
        address = cls(
            hosts=tuple(_host_of(host) for host in match["hosts"].split(",")),
            service=service or query.pop("master_name", None) or SERVICE,
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
        return {"master_name": self.service, "sentinel_kwargs": given}

    def _written_hosts(self) -> list[tuple[str, int]]:
        return [(f"[{host}]" if ":" in host else host, port) for host, port in self.hosts]


def _without_inner_paths(url: str) -> str:
    """Celery's list may repeat the path at each host; the last one counts."""
    first, *others = url.split(";")
    if not others:
        return url
    *inner, last = [first, *others]
    return ";".join([*(re.sub(r"(?<=[^/:])/[^?]*", "", each) for each in inner), last])


def _path_of(path: str) -> tuple[str | None, int]:
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


def _host_of(text: str) -> tuple[str, int]:
    match = _HOST.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no Sentinel's host and port; expected one such as sentinel1:26379")
    return match["host"].strip("[]"), int(match["port"] or PORT)
