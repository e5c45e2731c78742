"""Debian's PostgreSQL, which speaks TLS itself: on loopback it takes encrypted connections with a password only."""

import shutil
import socket
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import psutil
import psycopg2

from worker.embedded import EmbeddedPostgres
from worker.embedded.ports import Port
from worker.embedded.postgres import DATABASE

INSTALLED = Path("/usr/lib/postgresql")
PASSWORD = "taught-to-postgres-alone"
# The socket is for the test itself; only root and the server's own user reach it.
WHO_MAY_ENTER = "local all all trust\nhostssl all all 127.0.0.0/8 scram-sha-256\n"


def address_of_this_machine() -> str | None:
    """One that is not loopback's, so that what listens there counts as another machine."""
    addresses = [one for card in psutil.net_if_addrs().values() for one in card if one.family is socket.AF_INET]
    return next((one.address for one in addresses if not one.address.startswith("127.")), None)


class DebianPostgres(EmbeddedPostgres):
    """The newest that is installed, with data of its own."""

    def __init__(self, folder: Path, certificate: Path) -> None:
        self.reserved = Port(None, "PostgreSQL")
        self.port = self.reserved.number
        self.certificate = certificate
        self.outside = address_of_this_machine()
        super().__init__(folder, major=max(int(place.name) for place in INSTALLED.iterdir()))

    @property
    def binaries(self) -> Path:
        return INSTALLED / str(self.major) / "bin"

    def url_of(self, database: str) -> str:
        return f"{super().url_of(database)}&port={self.port}"

    def over_tls(self, host: str, authority: Path, mode: str = "verify-full") -> str:
        """The URL of one who has to check with whom he speaks."""
        return f"postgresql://postgres:{PASSWORD}@{host}:{self.port}/{DATABASE}?sslmode={mode}&sslrootcert={authority}"

    def command(self) -> Sequence[str]:
        certificate = self.folder / "server.pem"
        settings = {
            "listen_addresses": ",".join(filter(None, ("127.0.0.1", "127.0.0.2", self.outside))),
            "port": self.port,
            "ssl": "on",
            "ssl_cert_file": certificate,
            "ssl_key_file": certificate,
        }
        return [*super().command(), *(f"--{name}={value}" for name, value in settings.items())]

    def make_data(self) -> None:
        super().make_data()
        from_outside = f"host all all {self.outside}/32 scram-sha-256\n" if self.outside else ""
        (self.data / "pg_hba.conf").write_text(WHO_MAY_ENTER + from_outside, encoding="utf-8")
        shutil.copy(self.certificate, self.folder / "server.pem")
        (self.folder / "server.pem").chmod(0o600)
        if self.account:
            shutil.chown(self.folder / "server.pem", self.account.uid, self.account.gid)

    def set_password(self) -> None:
        with closing(psycopg2.connect(self.url)) as connection, connection.cursor() as cursor:
            cursor.execute("ALTER ROLE postgres PASSWORD %s", [PASSWORD])
            connection.commit()
