"""A sender at work: claim, log in, send with no transaction open, record; over and over."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from sqlalchemy import Connection

from rules.delivery import Lane, LocalFault, Phase, ServerReply
from services.database.engine import begin
from services.delivery.circuit_breaker import CLOSED, TRIAL, account_works, give_trial_back, read_circuit, take_trial
from services.delivery.claim import ClaimedMail, claim, release, safety_waits
from services.delivery.lease import login_turn
from services.delivery.record import DeliveryResult, LeaseLost, begin_body
from services.mail.compose import ComposedMail
from services.outbox.outcomes import acceptances
from services.transports.base import Envelope
from tasks.delivery.compose_batch import compose_all
from tasks.delivery.record_result import AttemptedMail, concerns_account, judge, record_surely
from tasks.delivery.sender import Claim, Sender
from tasks.hints import hint

logger = structlog.get_logger()


@dataclass(slots=True)
class Run:
    """A sender at work: its database session and lease, and what became of the mails so far."""

    sender: Sender
    urgent_only: bool
    session: Connection
    lease_id: UUID
    deadline: float
    tally: "Counter[str]"

    @property
    def account(self) -> str:
        return self.sender.transport.account.key

    @property
    def is_over(self) -> bool:
        """The time is up, or the session is lost, and with it the lease: nothing more may be sent under it."""
        return self.session.invalidated or time.monotonic() > self.deadline

    def go_on(self) -> None:
        """Claim and send until nothing is due, the account wants a rest, or the time is up."""
        while not self.is_over:
            claimed = self.claim()
            if claimed is None:
                return
            if len(claimed.mails) == self.sender.claim_size:
                # There is probably more: let another child join in before this one starts to work.
                hint("deliver_urgent" if self.urgent_only else "deliver_due")
            if not self.log_in(claimed) or not self.send_all(claimed):
                return
        self.tally["more"] = 1

    def claim(self) -> Claim | None:
        """The next mails, few at a time, so that a graver one that comes meanwhile waits for a few sends only."""
        room = self.sender.rates.room(self.urgent_only, self.sender.claim_size)
        if room < 1:
            return None
        with begin() as connection:
            state = read_circuit(connection, self.account)
            if state.shut:
                return None
            safety_only = self.urgent_only or (state.just_closed and safety_waits(connection))
            lanes = [Lane.URGENT] if safety_only else list(Lane)
            mails = claim(connection, self.lease_id, lanes, 1 if state.narrow else room)
            if mails and state.state == TRIAL:
                take_trial(connection, self.account)
            if not mails:
                return None
            return Claim(mails, state, acceptances(connection, [mail.mail_id for mail in mails]))

    def log_in(self, claimed: Claim) -> bool:
        """Connect, one sender at a time: when the first finds the settings wrong, the others need not try them."""
        if self.sender.transport.is_open:
            return True
        mine, *others = claimed.mails
        with login_turn(self.session, self.account) as my_turn:
            if my_turn and (claimed.gate.state != CLOSED or self.account_works()):
                answer = self.sender.transport.prepare()
                if answer is None:
                    return True
                self.record(mine, {one.address: answer for one in mine.recipients}, claimed)
                self.give_back(others)
                return False
        self.give_back(claimed.mails, on_trial=claimed.gate.state == TRIAL)
        if not my_turn:
            # Another sender takes long to log in: ask again later.
            self.tally["more"] = 1
        return False

    def account_works(self) -> bool:
        with self.session.begin():
            return account_works(self.session, self.account)

    def send_all(self, claimed: Claim) -> bool:
        """Send them one after the other; whether the account takes more. What was not tried is given back."""
        composed = compose_all(self.session, self.sender.compose, claimed.mails)
        for number, mail in enumerate(claimed.mails):
            over = number > 0 and self.is_over
            if over or not self.sender.rates.take(mail.urgent, len(mail.recipients)):
                self.give_back(claimed.mails[number:], on_trial=claimed.gate.state == TRIAL)
                return over
            answers = self.send(mail, composed.get((mail.mail_id, mail.short)))
            if concerns_account(self.record(mail, answers, claimed)):
                self.give_back(claimed.mails[number + 1 :])
                return False
        return True

    def send(self, mail: ClaimedMail, composed: ComposedMail | None) -> dict[str, ServerReply]:
        """Hand one mail over; no answers when somebody else has it by now."""
        addresses = tuple(one.address for one in mail.recipients)
        if composed is None:
            missing = ServerReply(
                Phase.COMPOSE, text="the mail could not be put together", finding=LocalFault.NOT_COMPOSED
            )
            return dict.fromkeys(addresses, missing)
        envelope = Envelope(self.sender.sender, addresses, composed.needs_smtputf8)
        ids = {one.address: one.recipient_id for one in mail.recipients}

        def body_begins(taken: Sequence[str]) -> None:
            with self.session.begin():
                begin_body(self.session, self.lease_id, [ids[address] for address in taken])

        try:
            return self.sender.transport.send(envelope, composed.message, body_begins)
        except LeaseLost:
            logger.warning("lease_lost", **mail.trace)
            return {}

    def record(self, mail: ClaimedMail, answers: dict[str, ServerReply], claimed: Claim) -> list[DeliveryResult]:
        account, times, on_trial = self.sender.transport.account, self.sender.times, claimed.gate.state == TRIAL
        results = judge(mail, answers, account, times, on_trial=on_trial) if answers else []
        tried = AttemptedMail(self.lease_id, mail, results, claimed.acceptances.get(mail.mail_id))
        self.tally.update(record_surely(self.session, tried, account.key, times, claimed.gate))
        return results

    def give_back(self, mails: Sequence[ClaimedMail], *, on_trial: bool = False) -> None:
        if mails:
            with begin() as connection:
                release(connection, self.lease_id, mails)
                if on_trial:
                    give_trial_back(connection, self.account)
