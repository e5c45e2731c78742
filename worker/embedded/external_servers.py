"""What the environment names already: used instead of an embedded part, after a check that it answers."""

import os
import smtplib
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import psycopg2
from redis.exceptions import RedisError

from config.server_urls import checked_database_url, checked_redis_url
from services.events.stream import connect
from worker.embedded.errors import StackError

_SECONDS = 5
_SUBMISSION_PORT = 587
_OLDEST_POSTGRES = 15


def given(name: str) -> str | None:
    """The value of the environment, or the content of the file that NAME_FILE names.

    :raises StackError: that file cannot be read
    """
    if value := os.environ.get(name):
        return value
    path = os.environ.get(f"{name}_FILE")
    try:
        return Path(path).read_text(encoding="utf-8").strip() if path else None
    except OSError as error:
        raise StackError(f"{name}_FILE: cannot read {path}: {error.strerror}") from None


def given_database() -> str | None:
    """DATABASE_URL, if it is set.

    :raises StackError: nothing usable answers there
    """
    url = given("DATABASE_URL")
    if url is None:
        return None
    _, _, rest = url.partition("://")
    try:
        checked_database_url(url)
        with closing(psycopg2.connect(f"postgresql://{rest}", connect_timeout=_SECONDS)) as connection:
            major = connection.server_version // 10_000
    except ValueError as error:
        raise StackError(f"DATABASE_URL {error}") from None
    except psycopg2.OperationalError as error:
        raise StackError(f"DATABASE_URL does not answer: {str(error).strip()}\n{_advice('DATABASE_URL')}") from None
    except psycopg2.ProgrammingError:
        # Its text would show the URL, and so the password.
        raise StackError("DATABASE_URL should be postgresql://user:password@host:5432/database") from None
    if major < _OLDEST_POSTGRES:
        raise StackError(f"DATABASE_URL is PostgreSQL {major}: should be {_OLDEST_POSTGRES} or newer")
    return url


def given_redis() -> str | None:
    """REDIS_URL, if it is set.

    :raises StackError: nothing usable answers there
    """
    url = given("REDIS_URL")
    if url is None:
        return None
    try:
        with connect(checked_redis_url(url)) as redis:
            redis.ping()
    except ValueError as error:
        raise StackError(f"REDIS_URL {error}") from None
    except RedisError as error:
        raise StackError(f"REDIS_URL does not answer: {error}\n{_advice('REDIS_URL')}") from None
    return url


def given_mail_server() -> str | None:
    """The URL of SMTP_SERVER, if it is set.

    :raises StackError: no mail server answers there
    """
    server = given("SMTP_SERVER")
    if server is None:
        return None
    port = _port_of_mail_server()
    kind = (
        smtplib.SMTP_SSL if os.environ.get("SMTP_USE_SSL", "").lower() in {"1", "true", "yes", "on"} else smtplib.SMTP
    )
    try:
        with kind(server, port, timeout=_SECONDS):
            return _smtp_url(server, port)
    except (OSError, smtplib.SMTPException) as error:
        raise StackError(f"SMTP_SERVER {server}:{port} does not answer: {error}\n{_advice('SMTP_SERVER')}") from None


def _port_of_mail_server() -> int:
    text = os.environ.get("SMTP_PORT") or str(_SUBMISSION_PORT)
    if not text.isdecimal():
        raise StackError(f"SMTP_PORT is {text!r}: should be a number such as {_SUBMISSION_PORT}")
    return int(text)


def _smtp_url(server: str, port: int) -> str:
    user, password = given("SMTP_USERNAME"), given("SMTP_PASSWORD")
    login = f"{quote(user, safe='')}:{quote(password or '', safe='')}@" if user else ""
    return f"smtp://{login}{server}:{port}"


def _advice(name: str) -> str:
    return f"Start it or fix {name}; without {name} an embedded one is started."
