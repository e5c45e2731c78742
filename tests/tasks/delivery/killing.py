"""Senders killed at a step of their conversation, and what a reaper finds of them."""

import os

from config.settings import get_settings
from services.database.engine import begin
from services.delivery.lease import reap
from tests.processes import Process, Processes, wait_for
from tests.services.delivery.office import Office
from tests.smtp_session import Reply


def killed_at(senders: Processes, office: Office, step: str, act: Reply) -> None:
    """A sender that was killed with -9 while the server let it wait at this step."""
    office.server.on(step, act)
    before = office.server.count(step)
    senders.environment.update(os.environ)  # a test may have set more since
    sender: Process = senders.start("tests.tasks.delivery.sender")
    wait_for(lambda: office.server.count(step) > before, f"the sender at {step}")
    if step in {"body", "dot"}:
        wait_for(lambda: office.rows("SELECT FROM escalation.mail_recipients WHERE body_started_at IS NOT NULL"), step)
    sender.kill()


def reaped() -> dict[str, int]:
    """What a reaper that does its round right now takes over."""
    found: dict[str, int] = {}

    def something() -> bool:
        with begin() as connection:
            found.update(reap(connection, get_settings().mail_times))
        return bool(found)

    wait_for(something, "the lease of the killed sender")
    return found
