"""An installation that can be broken: servers, a worker, beat, a webhook, and all that was ever published to it."""

import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from config.contacts import load_contacts
from config.settings import Settings
from escalation_client import Publisher
from models.migrations import upgrade
from services.database.engine import driver_url
from services.events.stream import connect
from tests.config.changed_contacts import SHIPPED
from tests.events import confidence, message
from tests.observe.webhook import Webhook, listening
from tests.processes import Processes, processes, wait_for
from tests.worker.doctor.doctor import Doctor, Examination, whole_configuration
from worker.doorbell import silent_seconds
from worker.embedded import EmbeddedPostgres, EmbeddedValkey, LocalMailServer
from worker.embedded.paths import temporary_folder
from worker.liveness.last_seen import BEAT, last_runs

# The least that may be set, so that no alarm lets a test wait for a minute; all else is as it is shipped.
PATIENCE = {"ALERT_AFTER_SECONDS": "10"}
IN_INBOX = text("SELECT CAST(event_id AS text) FROM escalation.event_inbox")
REACHED = text("""
    SELECT t.session_id FROM public.support_tickets AS t WHERE EXISTS (
        SELECT FROM escalation.mails AS m JOIN escalation.mail_recipients AS r USING (mail_id)
        WHERE m.ticket_id = t.id AND r.state = 'accepted')
""")
TICKETS = text("SELECT session_id FROM public.support_tickets ORDER BY session_id")
SET_ASIDE = text("SELECT reason FROM escalation.rejected_events")


class Installation:
    """What an engineer on call has before them."""

    def __init__(self, family: Processes, postgres: EmbeddedPostgres, valkey: EmbeddedValkey, webhook: Webhook) -> None:
        self.family, self.postgres, self.valkey, self.webhook = family, postgres, valkey, webhook
        self.doctor = Doctor(family)
        self.publisher = Publisher(valkey.url, spool=family.folder / "spool")
        self.engine = create_engine(driver_url(postgres.url), isolation_level="AUTOCOMMIT", pool_pre_ping=True)
        self.sessions: list[str] = []
        self.events: list[str] = []
        self.worker, self.beat = family.worker(), family.beat()

    @property
    def contacts(self) -> Path:
        return Path(self.family.environment["CONTACTS_FILE"])

    @property
    def settings(self) -> Settings:
        """Those of its processes; the contacts are read anew."""
        load_contacts.cache_clear()
        told = {name.lower(): value for name, value in self.family.environment.items()}
        return Settings.model_validate({name: told[name] for name in told.keys() & Settings.model_fields.keys()})

    def publish(self) -> None:
        """Two sessions that need a human, one of them at once."""
        number = len(self.sessions)
        for event in (confidence(f"calm-{number}", 0.1), message(f"urgent-{number}", "planted words: there is smoke")):
            self.publisher.publish(event)
            self.sessions.append(event.session_id)
            self.events.append(str(event.id))

    def restart_worker(self, **changed: str) -> None:
        """As after an edit of its settings."""
        self.family.environment.update(changed)
        self.worker.stop()
        self.worker.environment.update(changed)
        self.worker.restart()

    def supervise(self) -> None:
        """What a supervisor does with programs that ended."""
        for process in (self.worker, self.beat):
            if process.popen.poll() is not None:
                process.restart()

    def alerted(self, words: str) -> None:
        wait_for(lambda: [said for said in self.webhook.texts() if words in said], f"the alert {words!r}", 90)

    def all_clear(self, words: str) -> None:
        wait_for(
            lambda: [said for said in self.webhook.texts() if said.startswith(f"Over: {words}")], "that it is over"
        )

    def examine(self) -> Examination:
        """What the doctor says, who has to find something broken."""
        found = self.doctor.examine()
        assert found.code == 1, found.output
        return found

    def nothing_is_lost(self) -> None:
        """Every event ever published is in the inbox, every session has one ticket, and a server accepted its mail."""
        self.supervise()
        assert self.publisher.flush(60), "events still wait on the publisher's disk"
        wait_for(lambda: self.column(IN_INBOX) >= set(self.events), "all events in the inbox")
        wait_for(lambda: self.column(REACHED) == set(self.sessions), "an accepted mail for every session", 90)
        with self.engine.connect() as connection:
            assert list(connection.execute(TICKETS).scalars()) == sorted(self.sessions)
        assert self.column(SET_ASIDE) == set()

    def gives_signs_of_life(self) -> bool:
        """A cheaper question than the doctor's."""
        self.supervise()
        with connect(self.valkey.url) as redis:
            return max(silent_seconds(redis), last_runs(redis).get(BEAT, math.inf)) < 6

    def beat_is_silent_for(self, seconds: float) -> bool:
        with connect(self.valkey.url) as redis:
            return last_runs(redis)[BEAT] > seconds

    def column(self, statement: object) -> set[str]:
        with self.engine.connect() as connection:
            return set(connection.execute(statement).scalars())  # type: ignore[call-overload]

    def close(self) -> None:
        self.publisher.close()
        self.engine.dispose()


@contextmanager
def installed(mail_server: LocalMailServer) -> Iterator[Installation]:
    """A whole installation on servers of its own, but for the mail server."""
    with pytest.MonkeyPatch.context() as patch, temporary_folder() as folder, listening() as webhook:
        for name in Settings.model_fields:
            patch.delenv(name.upper(), raising=False)
        with EmbeddedPostgres(folder / "postgres") as postgres, EmbeddedValkey(folder / "valkey") as valkey:
            prepare(postgres)
            shutil.copy(SHIPPED, folder)
            told = whole_configuration(mail_server) | PATIENCE | {
                "DATABASE_URL": postgres.url,
                "REDIS_URL": valkey.url,
                "SUPPORT_EMAIL": "support@example.com",
                "ESCALATION_EMBEDDED": "true",
                "CONTACTS_FILE": str(folder / SHIPPED.name),
                "ALERT_WEBHOOK_URL": webhook.url,
            }  # fmt: skip
            with processes(told, folder) as family:
                installation = Installation(family, postgres, valkey, webhook)
                yield installation
                installation.close()


def prepare(postgres: EmbeddedPostgres) -> None:
    engine = create_engine(driver_url(postgres.url))
    upgrade(engine)
    engine.dispose()
