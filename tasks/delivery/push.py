"""Push messages: claimed, begun, handed over side by side with no transaction open, and recorded, as mails are."""

import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import Connection

from config.settings import Settings
from rules.delivery import (
    Case,
    Lane,
    LocalFault,
    Phase,
    ReplyClass,
    ReplyKind,
    ReplyScope,
    ServerReply,
    Times,
    next_transition,
)
from rules.push import find_channels
from services.database.engine import begin, standalone
from services.delivery.claim import ClaimedMail, claim
from services.delivery.lease import lease, take_place
from services.delivery.record import AttemptedMail, DeliveryResult, begin_body, record
from services.installation import get_installation
from services.mail.push_text import PushText, write_pushes
from services.outbox.outcomes import push_acceptances
from services.transports.push import send_push

logger = structlog.get_logger()

# So many at a time, side by side: a service that does not answer must not keep the others waiting.
_AT_ONCE: Final = 8
_ACCOUNT: Final = "push"
_GONE = "this channel is not in the contacts file any more, or the ticket is gone"
_Answer = tuple[ServerReply, ReplyClass]


def deliver_pushes(settings: Settings) -> "Counter[str]":
    """Send the push messages that are due, the gravest first; the number of channels by the state they reached."""
    tally: Counter[str] = Counter()
    deadline = time.monotonic() + settings.mail_run_seconds
    with standalone() as session, lease(session) as lease_id:
        if not take_place(session, _ACCOUNT, 1):
            return tally
        channels = find_channels(get_installation().contacts)
        while time.monotonic() < deadline:
            with begin() as connection:
                pushes = claim(connection, lease_id, [Lane.PUSH], _AT_ONCE)
                texts = write_pushes(connection, [push.mail_id for push in pushes], settings)
            if not pushes:
                return tally
            _begin(session, lease_id, pushes)
            answers = _send_all(pushes, channels, texts)
            tally.update(_record(lease_id, pushes, answers, settings.mail_times))
    tally["more"] = 1
    return tally


def _begin(session: Connection, lease_id: UUID, pushes: Sequence[ClaimedMail]) -> None:
    """Put on record that they begin: one that is never recorded afterwards is sent once more, and no oftener."""
    with session.begin():
        begin_body(session, lease_id, [recipient_id for push in pushes for recipient_id in push.recipient_ids])


def _send_all(
    pushes: Sequence[ClaimedMail], channels: Mapping[str, str], texts: Mapping[UUID, PushText]
) -> dict[UUID, _Answer]:
    """The answer for each recipient."""
    jobs = {
        recipient.recipient_id: partial(_send, channels.get(recipient.address), texts.get(push.mail_id))
        for push in pushes
        for recipient in push.recipients
    }
    with ThreadPoolExecutor(_AT_ONCE, "push") as threads:
        return dict(zip(jobs, threads.map(lambda job: job(), jobs.values()), strict=True))


def _send(url: str | None, text: PushText | None) -> _Answer:
    if url is None or text is None:
        fault = ServerReply(Phase.COMPOSE, text=_GONE, finding=LocalFault.NOT_COMPOSED)
        return fault, ReplyClass(ReplyKind.PERMANENT, ReplyScope.RECIPIENT)
    return send_push(url, text.title, text.body, alarming=text.alarming)


def _record(
    lease_id: UUID, pushes: Sequence[ClaimedMail], answers: Mapping[UUID, _Answer], times: Times
) -> "Counter[str]":
    states: Counter[str] = Counter()
    with begin() as connection:
        acceptances = push_acceptances(connection, [push.mail_id for push in pushes])
        for push in pushes:
            results = _judge(push, answers, times)
            written = record(connection, lease_id, AttemptedMail(push.mail_id, results, acceptances.get(push.mail_id)))
            states.update(written)
            logger.info("push_tried", **push.trace, states=sorted(written))
    return states


def _judge(push: ClaimedMail, answers: Mapping[UUID, _Answer], times: Times) -> list[DeliveryResult]:
    results = []
    for recipient in push.recipients:
        reply, reply_class = answers[recipient.recipient_id]
        case = Case(recipient.attempts, recipient.repeats, urgent=push.urgent)
        step = next_transition(reply_class, reply.phase, case, times, random.random())
        results.append(DeliveryResult(recipient.recipient_id, reply, reply_class, step))
    return results
