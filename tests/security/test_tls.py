"""`rediss://` and PostgreSQL with TLS, with an authority of one's own, as settings of real processes."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NotConnected

from escalation_client import Publisher
from escalation_client.errors import PublishError
from escalation_client.reader import OutcomeReader
from services.stream import OUTCOMES, connect
from tests.acceptance.conftest import connection, environment, family
from tests.doctor.doctor import Doctor, whole_configuration
from tests.events import confidence
from tests.flower.conftest import USER, Flower
from tests.processes import Processes, wait_for
from tests.security.tls_proxy import TlsProxy
from worker.embedded import EmbeddedPostgres, EmbeddedValkey, LocalMailServer
from worker.embedded.ports import Port

pytestmark = pytest.mark.long

__all__ = ["connection", "environment", "family"]

# An address of this machine that the certificate does not name.
ANOTHER_NAME = "127.0.0.2"


@pytest.fixture
def rediss_url(redis_url: str, valkey: EmbeddedValkey, authority: Path, tmp_path: Path) -> Iterator[str]:
    """The tests' Redis through TLS, without naming the authority."""
    with TlsProxy(tmp_path / "server.pem", valkey.port) as proxy:
        yield redis_url.replace("redis://", "rediss://").replace(f":{valkey.port}/", f":{proxy.port}/")


def postgresql(host: str, proxy: TlsProxy, database_url: str, authority: Path) -> str:
    database = urlsplit(database_url).path
    return f"postgresql://postgres@{host}:{proxy.port}{database}?sslmode=verify-full&sslrootcert={authority}"


@pytest.fixture
def postgres_proxy(postgres: EmbeddedPostgres, authority: Path, tmp_path: Path) -> Iterator[TlsProxy]:
    with TlsProxy(tmp_path / "server.pem", postgres.socket_folder / ".s.PGSQL.5432", "0.0.0.0") as proxy:
        yield proxy


@pytest.fixture
def secured(
    family: Processes,
    rediss_url: str,
    postgres_proxy: TlsProxy,
    database_url: str,
    authority: Path,
    mail_server: LocalMailServer,
) -> Processes:
    """An installation whose every connection is encrypted."""
    family.environment.update(
        whole_configuration(mail_server)
        | {
            "DATABASE_URL": postgresql("127.0.0.1", postgres_proxy, database_url, authority),
            "REDIS_URL": f"{rediss_url}?ssl_ca_certs={authority}",
        }
    )
    return family


def test_everything_works_through_tls(secured: Processes, authority: Path, redis_url: str) -> None:
    ports = {name: Port(None, name) for name in ("FLOWER_PORT", "EXPORTER_PORT")}
    secured.environment.update({name: str(port.number) for name, port in ports.items()})
    worker, beat = secured.worker(), secured.beat()
    secured.start("celery", "-A", "worker", "flower")
    with Publisher(secured.environment["REDIS_URL"]) as publisher, Redis.from_url(redis_url) as plain:
        publisher.publish(confidence("s", 0.1))
        wait_for(lambda: plain.xlen(OUTCOMES) >= 2, "the ticket's and the mail's outcome")
        wait_for(lambda: plain.hexists("escalation:last_runs", "beat"), "beat's sign of life")
    assert (worker.popen.poll(), beat.popen.poll()) == (None, None)
    # The counters of the mails' rates are a library's own connection to Redis.
    assert "rates_without_redis" not in worker.output
    assert "doorbell_waits_for_redis" not in worker.output
    found = Doctor(secured).examine()
    assert found.broken() == {}, found.output
    flower = Flower(f"http://127.0.0.1:{secured.environment['FLOWER_PORT']}", secured.environment["FLOWER_PASSWORD"])
    wait_for(lambda: flower.login.get("/healthcheck").is_success, "Flower")
    assert secured.environment["FLOWER_USER"] == USER
    wait_for(lambda: flower.worker, "the worker in Flower")
    page = flower.login.get("/broker")
    assert page.status_code == 200, page.text
    assert "urgent" in page.text
    flower.close()
    ports.clear()
    with OutcomeReader(secured.environment["REDIS_URL"]) as reader:
        assert reader


def test_a_certificate_of_redis_that_nobody_vouches_for_is_refused(rediss_url: str, stranger: Path) -> None:
    for url in (rediss_url, f"{rediss_url}?ssl_ca_certs={stranger}"):
        with connect(url) as redis, pytest.raises(NotConnected, match="certificate verify failed"):
            redis.ping()
        with Publisher(url) as publisher, pytest.raises(PublishError, match="certificate verify failed"):
            publisher.publish(confidence("s", 0.1))


def test_celery_does_not_talk_to_a_redis_whose_certificate_nobody_vouches_for(
    family: Processes, rediss_url: str, stranger: Path, redis_url: str
) -> None:
    for url in (rediss_url, f"{rediss_url}?ssl_ca_certs={stranger}"):
        worker = family.start("celery", "-A", "worker", "worker", "-Q", "mail", "-l", "INFO", REDIS_URL=url)
        worker.said("Cannot connect to rediss://")
        assert "certificate verify failed" in worker.output
        worker.kill()
    with Redis.from_url(redis_url) as plain:
        assert plain.keys() == []


def test_a_certificate_of_postgresql_that_nobody_vouches_for_is_refused(
    postgres_proxy: TlsProxy, database_url: str, authority: Path, stranger: Path
) -> None:
    psycopg2.connect(postgresql("127.0.0.1", postgres_proxy, database_url, authority)).close()
    with pytest.raises(psycopg2.OperationalError, match="certificate verify failed"):
        psycopg2.connect(postgresql("127.0.0.1", postgres_proxy, database_url, stranger))
    with pytest.raises(psycopg2.OperationalError, match=f'does not match host name "{ANOTHER_NAME}"'):
        psycopg2.connect(postgresql(ANOTHER_NAME, postgres_proxy, database_url, authority))


def test_the_doctor_says_what_is_wrong_with_a_certificate(
    secured: Processes, rediss_url: str, postgres_proxy: TlsProxy, database_url: str, stranger: Path
) -> None:
    broken = Doctor(secured).examine(
        DATABASE_URL=postgresql("127.0.0.1", postgres_proxy, database_url, stranger),
        REDIS_URL=f"{rediss_url}?ssl_ca_certs={stranger}",
    ).broken()  # fmt: skip
    assert "certificate verify failed" in broken["postgresql"]["found"]
    assert "sslrootcert" in broken["postgresql"]["remedy"]
    assert "certificate verify failed" in broken["redis"]["found"]
    assert "ssl_ca_certs" in broken["redis"]["remedy"]
