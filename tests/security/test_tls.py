"""`rediss://` and PostgreSQL with TLS, with an authority of one's own, as settings of real processes."""

import math
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NotConnected

from escalation_client import OutcomeReader, Publisher
from services.events.stream import connect
from tests.acceptance.conftest import connection, environment, family
from tests.events import confidence
from tests.flower.conftest import USER, Flower
from tests.observe.test_exporter import Exporter
from tests.processes import Processes, wait_for
from tests.security.tls_proxy import TlsProxy
from tests.worker.doctor.doctor import Doctor, whole_configuration
from worker.embedded import EmbeddedPostgres, LocalMailServer
from worker.embedded.ports import Port

pytestmark = pytest.mark.long

__all__ = ["connection", "environment", "family"]

# An address of this machine that the certificate does not name.
ANOTHER_NAME = "127.0.0.2"


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


def test_everything_works_through_tls(secured: Processes) -> None:
    ports = {name: Port(None, name) for name in ("FLOWER_PORT", "EXPORTER_PORT")}
    secured.environment.update({name: str(port.number) for name, port in ports.items()})
    worker, beat = secured.worker(), secured.beat()
    flower, exporter = started_flower(secured), Exporter(secured, ports["EXPORTER_PORT"].number)
    url = secured.environment["REDIS_URL"]
    with Publisher(url) as publisher, OutcomeReader(url) as reader:
        publisher.publish(confidence("s", 0.1))
        accepted = reader.wait_for_outcome("s", 60, types=["mail.accepted"])
        assert accepted
        wait_for(lambda: exporter.value("escalation_beat_age_seconds") != math.inf, "beat's sign of life")
        assert reader.history("s", timeout=30).tickets[0]["ticket_number"] == accepted.ticket_number
    assert {exporter.value("escalation_up", part=part) for part in ("redis", "postgresql")} == {1.0}
    assert (worker.popen.poll(), beat.popen.poll()) == (None, None)
    # The counters of the mails' rates are a library's own connection to Redis.
    assert "rates_without_redis" not in worker.output
    assert "doorbell_waits_for_redis" not in worker.output
    found = Doctor(secured).examine()
    assert found.broken() == {}, found.output
    wait_for(lambda: flower.worker, "the worker in Flower")
    page = flower.login.get("/broker")
    assert page.status_code == 200, page.text
    assert "urgent" in page.text
    flower.close()
    ports.clear()


def started_flower(family: Processes) -> Flower:
    process = family.start("celery", "-A", "worker", "flower")
    process.said("Visit me")
    assert family.environment["FLOWER_USER"] == USER
    return Flower(f"http://127.0.0.1:{family.environment['FLOWER_PORT']}", family.environment["FLOWER_PASSWORD"])


def test_the_exporter_says_that_it_does_not_reach_what_it_cannot_trust(
    secured: Processes, rediss_url: str, postgres_proxy: TlsProxy, database_url: str, stranger: Path
) -> None:
    port = Port(None, "exporter")
    secured.environment["REDIS_URL"] = f"{rediss_url}?ssl_ca_certs={stranger}"
    secured.environment["DATABASE_URL"] = postgresql("127.0.0.1", postgres_proxy, database_url, stranger)
    exporter = Exporter(secured, port.number)
    assert {exporter.value("escalation_up", part=part) for part in ("redis", "postgresql")} == {0.0}
    assert exporter.value("escalation_stream_lag") is None


@pytest.mark.parametrize("query", ["", "?ssl_ca_certs={stranger}"])
def test_a_certificate_of_redis_that_nobody_vouches_for_is_refused(query: str, rediss_url: str, stranger: Path) -> None:
    with (
        connect(rediss_url + query.format(stranger=stranger)) as redis,
        pytest.raises(NotConnected, match="certificate verify failed"),
    ):
        redis.ping()


def test_celery_does_not_talk_to_a_redis_whose_certificate_nobody_vouches_for(
    family: Processes, rediss_url: str, authority: Path, stranger: Path, redis_url: str
) -> None:
    other_name = f"{rediss_url.replace('127.0.0.1', ANOTHER_NAME)}?ssl_ca_certs={authority}"
    for url in (rediss_url, f"{rediss_url}?ssl_ca_certs={stranger}", other_name):
        worker = family.start("celery", "-A", "worker", "worker", "-Q", "mail", "-l", "INFO", REDIS_URL=url)
        worker.said("worker_waits_for_redis")
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


def test_the_doctor_tells_a_wrong_name_from_a_wrong_authority(
    secured: Processes, rediss_url: str, authority: Path
) -> None:
    url = f"{rediss_url.replace('127.0.0.1', ANOTHER_NAME)}?ssl_ca_certs={authority}"
    broken = Doctor(secured).examine(REDIS_URL=url).broken()["redis"]
    assert f"certificate is not valid for '{ANOTHER_NAME}'" in broken["found"]
    assert "the host that the certificate names" in broken["remedy"]


@pytest.mark.parametrize("wrong", ["rediss:// of a server without TLS", "redis:// of a server with TLS"])
def test_the_doctor_has_the_scheme_looked_at(wrong: str, secured: Processes, rediss_url: str, redis_url: str) -> None:
    scheme, url = wrong.partition("//")[0], redis_url if wrong.startswith("rediss") else rediss_url
    broken = Doctor(secured).examine(REDIS_URL=f"{scheme}{url.partition(':')[2]}").broken()["redis"]
    assert "redis:// or rediss:// (TLS)" in broken["remedy"]
