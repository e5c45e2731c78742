"""Every service works where only the folders that docker-compose.yml declares can be written."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import Connection, create_engine, text

from bench.chaos.proxy import Proxy, to_socket
from escalation_client.events import encode
from services.database.engine import driver_url
from services.events.stream import EVENTS
from tests.acceptance.conftest import connection
from tests.deploy.compose import our_services
from tests.deploy.container import PYTHON, Container
from tests.deploy.test_compose import copy_of_image
from tests.events import message
from tests.processes import Processes, wait_for
from tests.worker.doctor.doctor import whole_configuration
from worker.embedded import EmbeddedPostgres, LocalMailServer
from worker.embedded.ports import Port

__all__ = ["connection"]

pytestmark = pytest.mark.debian("root", "mount-namespaces")

LASTING = sorted(name for name, service in our_services().items() if service.get("healthcheck"))
SECONDS = 180
WRITE = """
import errno, sys
from pathlib import Path
for folder in sys.argv[1:]:
    try:
        (Path(folder) / "written").touch()
    except OSError as error:
        print(folder, errno.errorcode[error.errno])
"""
ACCEPTED = text("SELECT count(*) FROM escalation.mail_recipients WHERE state = 'accepted'")
Start = Callable[..., Container]


@pytest.fixture
def start(
    family: Processes, postgres: EmbeddedPostgres, redis_url: str, mail_server: LocalMailServer, tmp_path: Path
) -> Iterator[Start]:
    """Starts a service by its name, on a database: nothing but ports and secrets reach it from this machine."""
    app, _ = copy_of_image(tmp_path / "app")
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    dotenv = whole_configuration(mail_server)
    files = {
        "redis_url": redis_url,
        "link_secret": "0123456789abcdef0123456789abcdef",
        "smtp_password": dotenv.pop("SMTP_PASSWORD"),
        "flower_password": dotenv.pop("FLOWER_PASSWORD"),
        "ca.pem": mail_server.ca_file.read_text(encoding="utf-8"),
    }
    for name, secret in files.items():
        (secrets / name).write_text(secret, encoding="utf-8")
    ports = {name: Port(None, name) for name in ("FLOWER_PORT", "EXPORTER_PORT", "DESK_PORT")}
    dotenv.update(
        SUPPORT_EMAIL="support@example.com",
        PUBLIC_URL="http://127.0.0.1",
        SMTP_CA_FILE="/run/secrets/ca.pem",
        ESCALATION_EMBEDDED="true",
        **{name: str(port.number) for name, port in ports.items()},
    )
    with Proxy(to_socket(str(postgres.socket_folder / ".s.PGSQL.5432"))) as proxy:

        def start(name: str, database_url: str) -> Container:
            database = database_url.partition("?")[0].rpartition("/")[2]
            url = f"postgresql://postgres@127.0.0.1:{proxy.port}/{database}"
            (secrets / "database_url").write_text(url, encoding="utf-8")
            container = Container(name, app, secrets, dotenv, tmp_path / f"{name}.log")
            family.started.append(container)
            return container

        yield start
        for process in family.started:
            process.kill()
    ports.clear()


def healthy(container: Container) -> None:
    wait_for(lambda: container.has_ended or container.is_healthy(), f"health of {container.name}", SECONDS)
    assert not container.has_ended, container.output[-3000:]


def test_every_service_becomes_healthy_and_brings_an_event_to_a_mail(
    start: Start, database_url: str, redis: Redis, connection: Connection
) -> None:
    containers = [start(name, database_url) for name in LASTING]
    for one in containers:
        healthy(one)
    redis.xadd(EVENTS, {"event": encode(message("s1", "there is smoke"))})
    wait_for(lambda: connection.execute(ACCEPTED).scalar(), "the mail", SECONDS)
    for one in containers:
        assert "Read-only file system" not in one.output
        one.stop()
        assert one.popen.returncode in {0, -15}, one.output[-3000:]


def test_the_migration_prepares_an_empty_database(start: Start, empty_database_url: str) -> None:
    migration = start("migrate", empty_database_url)
    wait_for(lambda: migration.has_ended, "the end of the migration", SECONDS)
    assert migration.popen.returncode == 0, migration.output
    engine = create_engine(driver_url(empty_database_url))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT to_regclass('escalation.event_inbox')")).scalar_one()
    engine.dispose()


def test_nothing_can_be_written_but_what_is_declared(start: Start, database_url: str) -> None:
    exporter = start("exporter", database_url)
    healthy(exporter)
    declared = our_services()["exporter"]["tmpfs"]
    other = ["/run/app", "/run/secrets", "/run/venv", "/run", "/", "/etc", "/usr", "/var", "/var/tmp", "/home"]
    written = exporter.run(PYTHON, "-c", WRITE, *declared, *other)
    assert written.stdout.splitlines() == [f"{folder} EROFS" for folder in other], written.stderr
