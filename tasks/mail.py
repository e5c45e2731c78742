"""Tasks that bring mail to a server. Each message of Celery is a hint only; the outbox says what is to be done."""

import os
import time
from collections import Counter
from dataclasses import replace
from typing import Any, Final

import structlog
from celery import shared_task
from celery.signals import worker_process_shutdown
from sqlalchemy.exc import DBAPIError

from config.settings import Settings, get_settings
from services.database.engine import begin, only_one
from services.database.errors import DatabaseFailure, classify_failure
from services.delivery.alerts import check_mail_settings, tell_held, watch
from services.delivery.circuit_breaker import OPEN, account_works, probe_due, take_probe
from services.delivery.fallback_recipient import escalate_stuck
from services.delivery.lease import leave_turn, reap
from services.delivery.rate_limits import Rates, limiter
from services.delivery.settings_probe import settings_mark, take_early_probe
from services.escalation.process_batch import BatchResult
from services.events.rings import answer_ring
from services.events.stream import redis_client
from services.installation import get_installation
from services.transports.base import Transport
from services.transports.factory import account_of, close_transport, has_transport, process_transport
from tasks.delivery.deliver import deliver
from tasks.delivery.probe import probe
from tasks.delivery.sender import Sender
from tasks.evaluation.drain import FEW_MAILS, POSTGRESQL_AWAY
from tasks.evaluation.end_of_batch import MaySend
from tasks.hints import hint

logger = structlog.get_logger()

# Above one message's longest time and the time in which a run claims; the lease of a mail is longer still.
HARD_LIMIT_SECONDS: Final = 420
# A run that took no longer was fast.
_FAST_SECONDS: Final = 0.25
# A drain's own run: no mail is offered afterwards; what the server has in hand is waited for, and so is a login.
_DIRECT_SECONDS: Final = 1.0


@shared_task(name="escalation.deliver_urgent", time_limit=HARD_LIMIT_SECONDS)
def deliver_urgent() -> str:
    """Send safety mail."""
    return send("deliver_urgent", urgent_only=True)


@shared_task(name="escalation.deliver_due", time_limit=HARD_LIMIT_SECONDS)
def deliver_due() -> str:
    """Send the mail that is due, the gravest first."""
    return send("deliver_due", urgent_only=False)


@shared_task(name="escalation.reap_leases")
def reap_leases() -> str:
    """Take over what killed senders left, hand stuck mail to the next contact, and raise or clear alerts."""
    settings = get_settings()
    done: Counter[str] = Counter()
    with begin() as connection:
        if only_one(connection, "reap_leases"):
            done.update(reap(connection, settings.mail_times))
            account = account_of(settings).key
            works = check_mail_settings(connection, process_transport) and account_works(connection, account)
            done["handed_on"] = escalate_stuck(connection, get_installation().contacts, settings.mail_stuck_seconds)
            watch(connection, settings, account_works=works)
            done["told"] = tell_held(connection, account_works=works)
            done["probe"] = probe_due(connection, account)
    _ring_for(done)
    return summary(done)


@shared_task(name="escalation.probe_account", time_limit=HARD_LIMIT_SECONDS)
def probe_account() -> str:
    """Log in, without sending anything, when the account's circuit is open and a probe is due."""
    answer_ring(redis_client(), "probe_account")
    settings = get_settings()
    transport = process_transport()
    with begin() as connection:
        failed_phase = take_probe(connection, transport.account.key, settings.mail_times)
    if failed_phase is None:
        return "idle"
    return f"state={_probe_and_ring(transport, failed_phase, settings)}"


def _probe_and_ring(transport: Transport, failed_phase: str, settings: Settings) -> str:
    probed = probe(transport, failed_phase, settings.mail_times)
    if probed.works:
        hint("deliver_urgent")
        hint("deliver_due")
    return probed.state or OPEN


def _try_changed_settings(settings: Settings) -> None:
    """Here, since it is the mailer that was restarted with other settings than those that failed."""
    transport = process_transport()
    account = transport.account.key
    with begin() as connection:
        if account_works(connection, account):
            return
    # Redis is asked with no transaction open.
    mark = settings_mark(settings, redis_client())
    with begin() as connection:
        failed_phase = take_early_probe(connection, account, mark)
    if failed_phase:
        _probe_and_ring(transport, failed_phase, settings)


def send(name: str, *, urgent_only: bool) -> str:
    """Deliver, and ring again when there is more; a database that is away is waited for by the next sweep."""
    answer_ring(redis_client(), name)
    settings = get_settings()
    try:
        tally = _deliver(sender_of(settings), name, urgent_only=urgent_only)
        _try_changed_settings(settings)
    except DBAPIError as error:
        _raise_unless_away(error)
        return POSTGRESQL_AWAY
    return summary(tally)


def send_directly(result: BatchResult, may_send: MaySend) -> None:
    """Deliver the few mails of one lane that a drain has queued, as any sender would; ring for what may be left."""
    # A process without the account's secrets never has the turn. One that has sent gets ready while Redis tells.
    if not (has_transport() or may_send()):
        return
    urgent_only = result.mails == result.urgent
    name = "deliver_urgent" if urgent_only else "deliver_due"
    sender = replace(sender_of(get_settings()), claim_size=FEW_MAILS, run_seconds=_DIRECT_SECONDS, may_claim=may_send)
    accepted = 0
    try:
        accepted = _deliver(sender, name, urgent_only=urgent_only)["accepted"]
    except DBAPIError as error:
        _raise_unless_away(error)
    # Also where it may not: whoever was rung for by then may have found this run in the account's only place.
    if accepted < result.mails:
        hint(name)


def _deliver(sender: Sender, name: str, *, urgent_only: bool) -> "Counter[str]":
    """One run, and the hints that follow from it."""
    began = time.monotonic()
    tally = deliver(sender, urgent_only=urgent_only)
    was_fast = set(tally) == {"accepted"} and time.monotonic() - began < _FAST_SECONDS
    if tally.pop("more", 0):
        hint(name)
    if tally["accepted"]:
        hint("relay_outcomes")
    if was_fast:
        leave_turn()
    return tally


def _raise_unless_away(error: DBAPIError) -> None:
    if classify_failure(error) is DatabaseFailure.CONTENT:
        raise error
    logger.warning("mail_waits_for_postgresql", error=type(error.orig).__name__)


def sender_of(settings: Settings) -> Sender:
    transport = process_transport()
    counters = limiter(settings.redis_url.get_secret_value(), os.getpid())
    return Sender(
        sender=settings.sender,
        transport=transport,
        rates=Rates(counters, transport.account.key, transport.account.limits),
        times=settings.mail_times,
        claim_size=settings.mail_claim_size,
        run_seconds=settings.mail_run_seconds,
    )


def _ring_for(done: "Counter[str]") -> None:
    if done["queued"] or done["handed_on"]:
        hint("deliver_urgent")
        hint("deliver_due")
    if done["told"]:
        hint("relay_outcomes")
    if done["probe"]:
        hint("probe_account")


_SHOWN = {"accepted": "sent"}


def summary(tally: "Counter[str]") -> str:
    """For Flower: counts only."""
    return " ".join(f"{_SHOWN.get(name, name)}={count:d}" for name, count in sorted(tally.items()) if count) or "idle"


@worker_process_shutdown.connect
def end_the_connection(**_: Any) -> None:
    close_transport()
