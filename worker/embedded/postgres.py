"""PostgreSQL from a wheel: a Unix socket that only its owner reaches, every commit on disk."""

import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import psycopg2

from worker.embedded.account import database_account, open_to_others, running_as
from worker.embedded.binaries import postgres_binaries, postgres_major
from worker.embedded.errors import StackError
from worker.embedded.paths import check_is_ours, socket_folder
from worker.embedded.process import ManagedProcess, stop_all

DATABASE = "abparts"


class EmbeddedPostgres(ManagedProcess):
    """A PostgreSQL server with its data in a folder; `url` is its database `abparts`.

    As root it runs as a system user of its own, and the folder must be one that other users can reach.
    """

    # "Fast shutdown": PostgreSQL documentation, "Shutting Down the Server".
    stop_signal = signal.SIGINT

    def __init__(self, folder: Path, *, major: int | None = None, name: str = "postgres") -> None:
        super().__init__(name, folder)
        self.major = major or postgres_major()
        self.account = database_account()
        self.data = self.folder / "data"
        self.socket_folder = socket_folder(self.folder / "run")
        self.url = self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """The URL of one of the server's databases."""
        return f"postgresql://postgres@/{database}?host={quote(str(self.socket_folder), safe='')}"

    @property
    def binaries(self) -> Path:
        return postgres_binaries(self.major, self.folder / "programs", for_others=self.account is not None)

    def command(self) -> Sequence[str]:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": f'"{self.socket_folder}"',
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "log_min_messages": "warning",
            "log_timezone": "UTC",
            "timezone": "UTC",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        return [str(self.binaries / "postgres"), "-D", str(self.data), *options]

    def prepare(self) -> None:
        super().prepare()
        if self.account and not open_to_others(self.folder):
            raise StackError(
                f"postgres runs as another user, who cannot reach {self.folder}: choose a folder outside closed "
                "homes (--var), or start as an ordinary user, or set DATABASE_URL"
            )
        self.own_folder(self.socket_folder)
        if not self.data.exists():
            self.make_data()
        self.check_version()

    def make_data(self) -> None:
        """`initdb` in a folder that becomes the data only when it is whole."""
        unfinished = self.folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        self.own_folder(unfinished)
        locale = ["--locale-provider=builtin"] if self.major >= 17 else []
        self.run("initdb", "-D", str(unfinished), "-U", "postgres", "--auth-local=trust", "--auth-host=reject",
                 "--encoding=UTF8", "--locale=C.UTF-8", *locale)  # fmt: skip
        self.run("postgres", "--single", "-D", str(unfinished), "postgres", given=f"CREATE DATABASE {DATABASE}\n")
        unfinished.rename(self.data)

    def own_folder(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        check_is_ours(folder)
        if self.account:
            shutil.chown(folder, self.account.uid, self.account.gid)

    def run(self, program: str, *arguments: str, given: str = "") -> None:
        result = subprocess.run(
            [str(self.binaries / program), *arguments],
            input=given, capture_output=True, text=True, start_new_session=True, check=False, cwd=self.folder,
            env=dict(self.environment()), **running_as(self.account),
        )  # fmt: skip
        if result.returncode:
            raise StackError(f"postgres: {program} failed in {self.folder}\n{result.stderr.strip()}")

    def stop_immediately(self) -> None:
        """PostgreSQL's "immediate shutdown": no checkpoint, so the next start recovers as after a crash."""
        stop_all([self], self.stop_seconds, signal.SIGQUIT)

    def reap(self) -> None:
        super().reap()
        if self.socket_folder.parent != self.folder:
            shutil.rmtree(self.socket_folder, ignore_errors=True)

    def check_version(self) -> None:
        found = int((self.data / "PG_VERSION").read_text())
        if found != self.major:
            raise StackError(
                f"postgres: {self.data} was made by PostgreSQL {found}, wanted is {self.major}: "
                f"set ESCALATION_POSTGRES_MAJOR={found}, or begin anew with --fresh"
            )

    def answers(self) -> bool:
        try:
            with closing(psycopg2.connect(self.url, connect_timeout=5)) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except psycopg2.OperationalError:
            return False
        return True
