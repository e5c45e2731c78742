"""A PostgreSQL that takes encrypted connections only: each program works with it, and with no other in its place."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import create_engine, text

from escalation_client import Publisher
from services.database.engine import driver_url
from services.events.stream import OUTCOMES
from tests.acceptance.conftest import environment, family
from tests.events import confidence
from tests.processes import Processes, wait_for
from tests.security.debian_postgres import PASSWORD, DebianPostgres, address_of_this_machine
from tests.worker.doctor.doctor import Doctor, whole_configuration
from worker.embedded import LocalMailServer
from worker.embedded.paths import temporary_folder

pytestmark = pytest.mark.debian("postgresql")

__all__ = ["environment", "family"]

# An address of this machine that the certificate does not name.
ANOTHER_NAME = "127.0.0.2"
OVER_IP = text("""
    SELECT a.application_name, s.ssl FROM pg_stat_activity AS a JOIN pg_stat_ssl AS s USING (pid)
    WHERE a.client_addr IS NOT NULL
""")


@pytest.fixture
def server(authority: Path) -> Iterator[DebianPostgres]:
    with temporary_folder() as folder, DebianPostgres(folder / "postgres", authority.with_name("server.pem")) as server:
        server.set_password()
        yield server


@pytest.fixture
def secured(family: Processes, server: DebianPostgres, authority: Path, mail_server: LocalMailServer) -> Processes:
    family.environment.update(whole_configuration(mail_server))
    family.environment["DATABASE_URL"] = server.over_tls("localhost", authority)
    return family


@pytest.fixture
def doctor(secured: Processes) -> Doctor:
    return Doctor(secured)


def migrate(family: Processes) -> None:
    migration = family.start("worker", "db", "migrate")
    assert migration.popen.wait(60) == 0, migration.output


def test_every_program_works_with_it(
    secured: Processes, server: DebianPostgres, redis_url: str, doctor: Doctor
) -> None:
    migrate(secured)
    worker, beat = secured.worker(), secured.beat()
    with Publisher(redis_url) as publisher, Redis.from_url(redis_url) as redis:
        publisher.publish(confidence("s", 0.1))
        wait_for(lambda: redis.xlen(OUTCOMES) >= 2, "the ticket's and the mail's outcome")
        wait_for(lambda: redis.hexists("escalation:last_runs", "beat"), "beat's sign of life")
    engine = create_engine(driver_url(server.url))
    with engine.connect() as connection:
        assert set(connection.execute(OVER_IP)) == {("escalation-worker", True)}
    engine.dispose()
    found = doctor.examine()
    assert (found.broken(), worker.popen.poll(), beat.popen.poll()) == ({}, None, None), found.output
    [first, *_] = found.of("postgresql", "ok")
    assert first["found"].endswith("encrypted (sslmode=verify-full)")


def test_the_doctor_tells_a_stranger_s_certificate_from_another_s_name(
    doctor: Doctor, server: DebianPostgres, authority: Path, stranger: Path
) -> None:
    broken = doctor.examine(DATABASE_URL=server.over_tls("localhost", stranger)).broken()["postgresql"]
    assert "certificate verify failed" in broken["found"]
    assert "sslrootcert" in broken["remedy"]
    broken = doctor.examine(DATABASE_URL=server.over_tls(ANOTHER_NAME, authority)).broken()["postgresql"]
    assert f'does not match host name "{ANOTHER_NAME}"' in broken["found"]
    assert "the host that the certificate names" in broken["remedy"]
    assert "sslrootcert" not in broken["remedy"]


def test_the_doctor_says_that_the_server_wants_encryption(
    doctor: Doctor, server: DebianPostgres, authority: Path
) -> None:
    found = doctor.examine(DATABASE_URL=server.over_tls("127.0.0.1", authority, "disable"))
    assert "no encryption" in found.broken()["postgresql"]["found"]
    assert "sslmode=verify-full" in found.broken()["postgresql"]["remedy"]
    assert PASSWORD not in found.output


@pytest.mark.parametrize("mode", ["prefer", "require"])
def test_the_doctor_says_when_nobody_checks_the_certificate(
    mode: str, secured: Processes, doctor: Doctor, server: DebianPostgres, stranger: Path
) -> None:
    url = server.over_tls(ANOTHER_NAME, stranger, mode).partition("&sslrootcert")[0]
    [first, *_] = doctor.examine(DATABASE_URL=url).of("postgresql", "ok")
    assert first["found"].endswith(f"encrypted (sslmode={mode}: the certificate is not checked)")


@pytest.mark.skipif(address_of_this_machine() is None, reason="the machine has no address but loopback's")
@pytest.mark.parametrize(
    ("mode", "words"),
    [("disable", "the connection is not encrypted"), ("require", "the certificate is not checked")],
)
def test_the_doctor_warns_of_an_unprotected_connection_to_another_machine(
    mode: str, words: str, doctor: Doctor, server: DebianPostgres, authority: Path
) -> None:
    assert server.outside
    url = server.over_tls(server.outside, authority, mode).partition("&sslrootcert")[0]
    [warning] = doctor.examine(DATABASE_URL=url).of("postgresql", "warning")
    assert words in warning["found"]
    assert "sslmode=verify-full" in warning["remedy"]


def test_no_program_starts_with_a_certificate_that_nobody_vouches_for(
    secured: Processes, server: DebianPostgres, stranger: Path
) -> None:
    migration = secured.start("worker", "db", "migrate", DATABASE_URL=server.over_tls("localhost", stranger))
    assert migration.popen.wait(60) == 1
    assert "certificate verify failed" in migration.output
    assert "Traceback" not in migration.output
