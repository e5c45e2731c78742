"""One run of a sender: claim, send with no transaction open, record, until nothing is due or the time is up."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy import Connection

from rules.delivery import Answer, Case, Finding, Kind, Limits, Phase, Times, classify, next_step
from services.circuit import TRIAL, Gate, gate, take_trial
from services.database import engine
from services.delivery.claim import ClaimedMail, claim, release, safety_waits
from services.delivery.lease import lease, take_slot
from services.delivery.record import LeaseLost, Result, begin_body
from services.mail.compose import ComposedMail
from services.outbox import NORMAL, URGENT
from services.rates import Rates
from services.transports.base import Envelope, Transport
from tasks.composing import Compose, compose_all
from tasks.hints import hint
from tasks.recording import concerns_account, record_surely

logger = structlog.get_logger()

# For a server that we know nothing of; safety mail has one more. MAIL_CONNECTIONS says otherwise.
SENDERS = 2


@dataclass(frozen=True, slots=True)
class Sender:
    """What a run needs; `claim_size` in mails, `run_seconds` is when it stops claiming."""

    sender: str
    transport: Transport
    rates: Rates
    compose: Compose
    times: Times
    claim_size: int
    run_seconds: float


@dataclass(slots=True)
class Run:
    """A sender at work: its session's connection and lease, and what became of the mails so far."""

    sender: Sender
    urgent_only: bool
    connection: Connection
    lease_id: UUID
    deadline: float
    tally: "Counter[str]"

    @property
    def account(self) -> str:
        return self.sender.transport.account.key

    @property
    def time_is_up(self) -> bool:
        return time.monotonic() > self.deadline

    def go_on(self) -> None:
        """Claim and send until nothing is due, the account wants a rest, or the time is up."""
        while not self.time_is_up:
            mails, state = self.claim()
            if len(mails) == self.sender.claim_size:
                # There is probably more: let another child join in before this one starts to work.
                hint("deliver_due")
            if not mails or not self.send_all(mails, state):
                return
        self.tally["more"] = 1

    def claim(self) -> tuple[list[ClaimedMail], Gate | None]:
        """The next mails, few at a time, so that a graver one that comes meanwhile waits for a few sends only."""
        room = self.sender.rates.room(self.urgent_only, self.sender.claim_size)
        if room < 1:
            return [], None
        with self.connection.begin():
            state = gate(self.connection, self.account)
            if state.shut:
                return [], state
            lanes = [URGENT] if self.urgent_only else [URGENT, NORMAL]
            if state.just_closed and safety_waits(self.connection):
                lanes = [URGENT]
            mails = claim(self.connection, self.lease_id, lanes, 1 if state.narrow else room)
            if mails and state.state == TRIAL:
                take_trial(self.connection, self.account)
        return mails, state

    def send_all(self, mails: Sequence[ClaimedMail], state: Gate | None) -> bool:
        """Send them one after the other; whether the account takes more. What was not tried is given back."""
        composed = compose_all(self.connection, self.sender.compose, mails)
        for number, mail in enumerate(mails):
            if (number and self.time_is_up) or not self.sender.rates.take(mail.urgent, len(mail.recipients)):
                self.give_back(mails[number:])
                return False
            results = self.send(mail, composed.get((mail.mail_id, mail.short)))
            self.tally.update(record_surely(self.lease_id, mail, results, self.account, self.sender.times, state))
            if concerns_account(results):
                self.give_back(mails[number + 1 :])
                return False
        return True

    def send(self, mail: ClaimedMail, composed: ComposedMail | None) -> list[Result]:
        """Hand one mail over and judge the answers; nothing to record when somebody else has it by now."""
        if composed is None:
            missing = Answer(Phase.COMPOSE, text="the mail could not be put together", finding=Finding.NOT_COMPOSED)
            return self.judge(mail, {one.address: missing for one in mail.recipients})
        addresses = tuple(one.address for one in mail.recipients)
        envelope = Envelope(self.sender.sender, addresses, composed.needs_smtputf8)
        try:
            answers = self.sender.transport.send(envelope, composed.message, self.begin_body_of(mail))
        except LeaseLost:
            logger.warning("lease_lost", mail_id=str(mail.mail_id))
            return []
        return self.judge(mail, answers)

    def begin_body_of(self, mail: ClaimedMail) -> "BeginBodyOf":
        return BeginBodyOf(self.connection, self.lease_id, {one.address: one.recipient_id for one in mail.recipients})

    def judge(self, mail: ClaimedMail, answers: dict[str, Answer]) -> list[Result]:
        provider = self.sender.transport.account.provider
        verdicts = {address: classify(answer, provider) for address, answer in answers.items()}
        alone = all(verdict.kind is Kind.SPLIT for verdict in verdicts.values())
        results = []
        for one in mail.recipients:
            answer, verdict = answers[one.address], verdicts[one.address]
            case = Case(one.attempts, one.repeats, mail.short, mail.urgent, alone)
            step = next_step(verdict, answer.phase, case, self.sender.times, random.random())
            results.append(Result(one.recipient_id, answer, verdict, step))
        return results

    def give_back(self, mails: Sequence[ClaimedMail]) -> None:
        if mails:
            with self.connection.begin():
                release(self.connection, self.lease_id, mails)


@dataclass(frozen=True, slots=True)
class BeginBodyOf:
    """Commits that a mail's body begins, for the recipients that the server took."""

    connection: Connection
    lease_id: UUID
    ids: dict[str, UUID]

    def __call__(self, addresses: Sequence[str]) -> None:
        with self.connection.begin():
            begin_body(self.connection, self.lease_id, [self.ids[address] for address in addresses])


def senders_at_once(limits: Limits, urgent_only: bool) -> int:
    """How many may send at once; where the provider sets no limit, a silent server must not take every child."""
    slots = limits.slots(urgent_only)
    return slots if slots is not None else SENDERS + int(urgent_only)


def deliver(sender: Sender, *, urgent_only: bool) -> "Counter[str]":
    """Send what is due, safety mail first; the number of recipients by the state that they reached."""
    tally: Counter[str] = Counter()
    account = sender.transport.account
    with engine().connect() as connection, lease(connection) as lease_id:
        if not take_slot(connection, account.key, senders_at_once(account.limits, urgent_only)):
            return tally
        try:
            deadline = time.monotonic() + sender.run_seconds
            Run(sender, urgent_only, connection, lease_id, deadline, tally).go_on()
        finally:
            if account.limits.connections is not None:
                # The slot belongs to this run, and so does the connection that it stands for.
                sender.transport.close()
    return tally
