"""The whole stack: which parts are needed, in which order they start, and where everything is."""

import hashlib
import json
import os
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from escalation_client.sentinel import Sentinels, names_sentinels
from worker.embedded.external_servers import given, given_database, given_mail_server, given_redis
from worker.embedded.kept import KeptChoices
from worker.embedded.mail.server import LocalMailServer
from worker.embedded.paths import write_atomically
from worker.embedded.ports import HOST, Port
from worker.embedded.postgres import EmbeddedPostgres
from worker.embedded.programs import Child, ChildSpec, children, inherited
from worker.embedded.supervisor import Say, Supervisor
from worker.embedded.valkey import EmbeddedValkey

DESCRIPTION, ENVIRONMENT = "stack.json", "environment"
_EXAMPLE_SUPPORT = "support@example.com"
# Beside the usual numbers, where a developer's own servers are.
_FIXED_PORTS = {"redis": 16379, "smtp": 11025, "inbox": 18025, "flower": 15555, "desk": 18090, "metrics": 19808}


@dataclass(frozen=True)
class Ports:
    """Ports that a person chose; None: any free one, or with `fixed` the usual one where it is free."""

    redis: int | None = None
    smtp: int | None = None
    inbox: int | None = None
    flower: int | None = None
    desk: int | None = None
    metrics: int | None = None
    fixed: bool = False


class EmbeddedStack:
    """Embedded parts, and the addresses of those that the environment names already.

    :raises StackError: what the environment names does not answer, or a chosen port is in use
    """

    def __init__(self, folder: Path, ports: Ports, say: Say) -> None:
        self.folder = folder
        self.kept = KeptChoices(folder, _FIXED_PORTS if ports.fixed else {})
        self.supervisor = Supervisor(say, self.write_description)
        database, redis, self.given_mail = given_database(), given_redis(), given_mail_server()
        self.postgres = None if database else EmbeddedPostgres(folder / "postgres")
        self.valkey = None if redis else self.local_valkey(ports)
        self.mail = self.local_mail(ports) if self.given_mail is None else None
        self.database_url = database or (self.postgres.url if self.postgres else "")
        self.redis_url = redis or (self.valkey.url if self.valkey else "")
        self.flower_port = Port(self.kept.port("flower", ports.flower), "flower")
        self.desk_port = Port(self.kept.port("desk", ports.desk), "desk")
        self.metrics_port = Port(self.kept.port("metrics", ports.metrics), "metrics")
        self.flower_user = given("FLOWER_USER") or "escalation"
        self.given_flower_password = given("FLOWER_PASSWORD")
        self.flower_password = self.given_flower_password or self.kept.password("flower")

    def local_mail(self, ports: Ports) -> LocalMailServer:
        return LocalMailServer(
            self.folder / "mail",
            port=self.kept.port("smtp", ports.smtp),
            page_port=self.kept.port("inbox", ports.inbox),
            password=self.kept.password("smtp"),
        )

    def local_valkey(self, ports: Ports) -> EmbeddedValkey:
        port, password = self.kept.port("redis", ports.redis), self.kept.password("redis")
        return EmbeddedValkey(self.folder / "valkey", port=port, password=password)

    def start(self) -> None:
        """Start everything; each part answers when this returns.

        :raises StackError: a part failed; with the end of its log
        :raises StopRequested: somebody asked for the end meanwhile
        """
        self.keep_choices()
        self.supervisor.start([part for part in (self.postgres, self.valkey, self.mail) if part])
        self.supervisor.finish(self.once("migrate", "db", "migrate"))
        if self.postgres:
            self.supervisor.finish(self.once("seed", "db", "seed", "--quiet"))
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:8]
        ports = (self.flower_port.number, self.desk_port.number, self.metrics_port.number)
        self.supervisor.start([self.child(spec) for spec in children(name, self.redis_url, *ports)])
        self.write_description()

    def keep_choices(self) -> None:
        """Let the next start choose the same ports and passwords."""
        ports = {"flower": self.flower_port, "desk": self.desk_port, "metrics": self.metrics_port}
        numbers = {name: port.number for name, port in ports.items()}
        numbers |= {"redis": self.valkey.port} if self.valkey else {}
        numbers |= {"smtp": self.mail.port, "inbox": self.mail.page_port} if self.mail else {}
        self.kept.write(**numbers)

    def once(self, name: str, *arguments: str) -> Child:
        return self.child(ChildSpec(name, ("worker", *arguments), answers=lambda: True))

    def child(self, spec: ChildSpec) -> Child:
        return Child(spec, self.folder / spec.name, inherited(self.variables()))

    def variables(self) -> Mapping[str, str]:
        """What the programs are told; `.env.example` says what each means."""
        return {
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "SUPPORT_EMAIL": os.environ.get("SUPPORT_EMAIL") or _EXAMPLE_SUPPORT,
            "FLOWER_USER": self.flower_user,
            "FLOWER_PASSWORD": self.flower_password,
            "FLOWER_ADDRESS": HOST,
            "FLOWER_PORT": str(self.flower_port.number),
            "DESK_HOST": HOST,
            "DESK_PORT": str(self.desk_port.number),
            "PUBLIC_URL": given("PUBLIC_URL") or self.desk_url,
            "LINK_SECRET": given("LINK_SECRET") or self.link_secret(),
            "EXPORTER_ADDRESS": HOST,
            "EXPORTER_PORT": str(self.metrics_port.number),
            "ESCALATION_VAR_DIR": str(self.folder),
            "ESCALATION_EMBEDDED": os.environ.get("ESCALATION_EMBEDDED") or "1",
            **_mail_variables(self.mail),
        }

    @property
    def desk_url(self) -> str:
        return f"http://{HOST}:{self.desk_port.number}"

    def link_secret(self) -> str:
        """Kept beside the data, so that a restart does not spoil the links in mails."""
        file = self.folder / "link_secret"
        if not file.exists():
            write_atomically(file, secrets.token_hex(32))
        return file.read_text()

    def warnings(self) -> list[str]:
        """What is right for trying things out, and wrong where real users wait."""
        found = []
        if self.given_mail and not os.environ.get("SUPPORT_EMAIL"):
            found.append(f"SUPPORT_EMAIL is not set: support mails go to {_EXAMPLE_SUPPORT}, which reaches nobody.")
        if self.given_mail and not self.postgres:
            found.append("Example contacts are accepted here; set ESCALATION_EMBEDDED=0 to have them refused.")
        return found

    def description(self) -> dict[str, Any]:
        """Where everything is, with the logins that the stack made itself and the pids of this moment."""
        login = f"{quote(self.flower_user, safe='')}:{quote(self.flower_password, safe='')}"
        flower_url = f"http://{login}@{HOST}:{self.flower_port.number}/"
        return {
            "redis_url": self.redis_url if self.valkey else _without_password(self.redis_url),
            "database_url": self.database_url if self.postgres else _without_password(self.database_url),
            "smtp_url": self.mail.url if self.mail else self.given_mail,
            "smtp_ca_file": str(self.mail.ca_file) if self.mail else os.environ.get("SMTP_CA_FILE"),
            "inbox_url": self.mail.inbox_url if self.mail else None,
            "mail_dir": str(self.mail.mail_dir) if self.mail else None,
            "flower_url": _without_password(flower_url) if self.given_flower_password else flower_url,
            "desk_url": f"{self.desk_url}/",
            "metrics_url": f"http://{HOST}:{self.metrics_port.number}/metrics",
            "var": str(self.folder),
            "pids": {part.name: part.pid for part in self.supervisor.parts},
        }

    @property
    def environment_file(self) -> Path:
        """For a shell that wants to ask this stack something: `. var/environment`."""
        return self.folder / ENVIRONMENT

    def write_description(self) -> None:
        write_atomically(self.folder / DESCRIPTION, json.dumps(self.description()))
        lines = [f"export {name}={shlex.quote(value)}\n" for name, value in self.variables().items()]
        write_atomically(self.environment_file, "".join(lines))

    def stop(self) -> None:
        """End everything within ten seconds and leave no process behind."""
        self.supervisor.stop()
        for file in (self.folder / DESCRIPTION, self.environment_file):
            file.unlink(missing_ok=True)


def _without_password(url: str) -> str:
    """The URL of a server that was given: whoever gave it knows its password."""
    if names_sentinels(url):
        return Sentinels.named_by(url).without_passwords()
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    user, colon, _ = login.partition(":")
    query = "&".join(part for part in parts.query.split("&") if not part.startswith("password="))
    return urlunsplit(parts._replace(netloc=f"{user}{colon and ':***'}{at}{host}", query=query))


def _mail_variables(mail: LocalMailServer | None) -> Mapping[str, str]:
    if mail is None:
        return {}
    return {
        "SMTP_SERVER": mail.host,
        "SMTP_PORT": str(mail.port),
        "SMTP_USERNAME": mail.username,
        "SMTP_PASSWORD": mail.password,
        "SMTP_USE_TLS": "true",
        "SMTP_USE_SSL": "false",
        "FROM_EMAIL": os.environ.get("FROM_EMAIL") or "escalation@example.com",
        "SMTP_CA_FILE": str(mail.ca_file),
    }
