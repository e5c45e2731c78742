"""What the URLs of servers may be. Nothing of a wrong one is ever repeated: any part may be a part of a password."""

import re
from urllib.parse import urlsplit


def checked_database_url(url: str) -> str:
    """The URL as it is.

    :raises ValueError: says what it should be
    """
    if not url.startswith(("postgresql://", "postgres://", "postgresql+psycopg2://")):
        raise ValueError("should start with postgresql://")
    before, at, behind = url.partition("://")[2].partition("@")
    place = re.split("[/?]", behind if at else before)[0]
    # What libraries take for a host or a port they would repeat in their errors.
    if "@" in place or not re.fullmatch(r"(?:\[.*\]|[^:]*)(?::\d*)?", place):
        raise ValueError("should be postgresql://user:password@host:5432/database, with %40 for @ in the password")
    return url


def checked_redis_url(url: str) -> str:
    """The URL as it is, which redis-py and Celery read in the same way.

    :raises ValueError: says what it should be
    """
    if not url.startswith(("redis://", "rediss://")):
        raise ValueError("should start with redis:// or rediss://")
    if not is_whole(url):
        raise ValueError("should be redis://:password@host:6379/0, with %2F, %3F, %23, %40 for / ? # @ in the password")
    if any(not one.startswith("ssl_") for one in urlsplit(url).query.split("&") if one):
        raise ValueError(
            "should have no parameter after ? but those that begin with ssl_, since Celery takes no other: "
            "the password stands before the host"
        )
    return url


def is_whole(url: str) -> bool:
    """Whether its host and port can be read; the errors of libraries would repeat what they take for a port."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
