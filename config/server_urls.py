"""What the URLs of servers may be. Nothing of a wrong one is ever repeated: any part may be a part of a password."""

import re
from urllib.parse import parse_qsl, urlsplit

from escalation_client.sentinel import Sentinels, names_sentinels

# "Parameter Key Words" of libpq's manual.
_OF_LIBPQ = frozenset({
    "host", "hostaddr", "port", "dbname", "user", "password", "passfile", "require_auth", "channel_binding",
    "connect_timeout", "client_encoding", "options", "application_name", "fallback_application_name", "keepalives",
    "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout", "gssencmode", "sslmode",
    "sslnegotiation", "sslcompression", "sslcert", "sslkey", "sslpassword", "sslcertmode", "sslrootcert", "sslcrl",
    "sslcrldir", "sslsni", "requirepeer", "ssl_min_protocol_version", "ssl_max_protocol_version", "krbsrvname",
    "gsslib", "gssdelegation", "target_session_attrs", "load_balance_hosts", "service", "servicefile",
    "sslkeylogfile", "min_protocol_version", "max_protocol_version"
})  # fmt: skip
_SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
# What redis-py and kombu both take.
_OF_REDIS = frozenset({
    "ssl_ca_certs", "ssl_ca_path", "ssl_ca_data", "ssl_certfile", "ssl_keyfile", "ssl_password", "ssl_cert_reqs",
    "ssl_check_hostname", "ssl_ciphers"
})  # fmt: skip
_CERT_REQS = ("required", "optional", "none")
_HIGHEST_PORT = 65_535


def checked_database_url(url: str) -> str:
    """The URL as it is.

    :raises ValueError: says what it should be
    """
    if not url.startswith(("postgresql://", "postgres://", "postgresql+psycopg2://")):
        raise ValueError("should start with postgresql://")
    before, at, behind = url.partition("://")[2].partition("@")
    place = re.split("[/?]", behind if at else before)[0]
    # What libraries take for a host or a port they would repeat in their errors.
    found = re.fullmatch(r"(?:\[.*\]|[^:]*)(?::(\d*))?", place)
    if "@" in place or not found or int(found[1] or 0) > _HIGHEST_PORT:
        raise ValueError("should be postgresql://user:password@host:5432/database, with %40 for @ in the password")
    _check_parameters_of_libpq(behind if at else before)
    return url


def _check_parameters_of_libpq(rest: str) -> None:
    given = dict(parse_qsl(rest.partition("?")[2], keep_blank_values=True))
    if given.keys() - _OF_LIBPQ:
        raise ValueError("should have no parameter after ? that libpq does not know; most often sslmode is meant")
    if given.get("sslmode", "prefer") not in _SSL_MODES:
        raise ValueError(f"should have an sslmode of {', '.join(_SSL_MODES)}")


def checked_redis_url(url: str) -> str:
    """The URL as it is, which redis-py and Celery read in the same way.

    :raises ValueError: says what it should be
    """
    if names_sentinels(url):
        Sentinels.named_by(url)
        return url
    if not url.startswith(("redis://", "rediss://")):
        raise ValueError("should start with redis://, rediss:// or redis-sentinel://")
    if not _is_whole(url):
        raise ValueError("should be redis://:password@host:6379/0, with %2F, %3F, %23, %40 for / ? # @ in the password")
    parts = urlsplit(url)
    if not re.fullmatch(r"/?|/\d+", parts.path):
        raise ValueError("should end with the number of a database, such as /0, or with the port")
    _check_parameters_of_redis(parts.scheme, dict(parse_qsl(parts.query, keep_blank_values=True)))
    return url


def _check_parameters_of_redis(scheme: str, given: dict[str, str]) -> None:
    if given.keys() - _OF_REDIS:
        raise ValueError(
            "should have no parameter after ? but those of TLS, such as ssl_ca_certs, since Celery takes no other: "
            "the password stands before the host, and the database's number behind the port"
        )
    if given and scheme != "rediss":
        raise ValueError("should start with rediss:// where it has parameters of TLS")
    if given.get("ssl_cert_reqs", "required") not in _CERT_REQS:
        raise ValueError(f"should have an ssl_cert_reqs of {', '.join(_CERT_REQS)}")


def _is_whole(url: str) -> bool:
    """Whether its host and port can be read; the errors of libraries would repeat what they take for a port."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
