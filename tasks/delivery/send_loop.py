"""A sender at work: claim, log in, send with no transaction open, record; over and over."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import Connection

from rules.delivery import MAIL_LANES, Lane, LocalFault, Phase, ServerReply
from services.database.engine import begin
from services.delivery.circuit_breaker import CLOSED, TRIAL, account_works, give_trial_back, read_circuit, take_trial
from services.delivery.claim import ClaimedMail, claim, release, safety_waits
from services.delivery.lease import login_turn
from services.delivery.record import LeaseLost, begin_body
from services.outbox.outcomes import acceptances
from services.transports.base import Envelope
from tasks.delivery.record_result import concerns_account, judge, record_surely
from tasks.delivery.sender import Attempt, Claim, Sender
from tasks.delivery.stock import HeldMail, load_claimed
from tasks.hints import hint

logger = structlog.get_logger()

NOT_COMPOSED: Final = ServerReply(
    Phase.COMPOSE, text="the mail could not be put together", finding=LocalFault.NOT_COMPOSED
)


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
            self.share(claimed)
            if not self.log_in(claimed) or not self.send_all(claimed):
                return
        self.tally["more"] = 1

    def claim(self, *, held: int = 0, ahead: int = 0, safety_only: bool = False) -> Claim | None:
        """The next mails, few at a time, so that a graver one that comes meanwhile waits for a few sends only.

        :param held: mails that this run has in hand and has not yet sent
        :param ahead: so many leave in a moment: they may be claimed although they are more than usual
        """
        safety_only = safety_only or self.urgent_only
        room = self.sender.rates.room(safety_only, max(self.sender.claim_size, ahead) + held) - held
        if room < 1:
            return None
        with begin() as connection:
            state = read_circuit(connection, self.account)
            if state.shut:
                return None
            safety_first = not safety_only and state.just_closed and safety_waits(connection)
            lanes = (Lane.URGENT,) if safety_only or safety_first else MAIL_LANES
            limit = 1 if state.narrow else room
            mails = claim(connection, self.lease_id, lanes, limit)
            if mails and state.state == TRIAL:
                take_trial(connection, self.account)
            if not mails:
                return None
            told = acceptances(connection, [mail.mail_id for mail in mails])
        return Claim(mails, state, told, safety_first or sum(len(mail.recipients) for mail in mails) >= limit)

    def share(self, claimed: Claim) -> None:
        """Where there is probably more, let another child join in before this one starts to work."""
        if claimed.may_be_more and not claimed.circuit.narrow:
            hint("deliver_urgent" if self.urgent_only else "deliver_due")

    def log_in(self, claimed: Claim) -> bool:
        """Connect, one sender at a time: when the first finds the settings wrong, the others need not try them."""
        if self.sender.transport.is_open:
            return True
        mine, *others = claimed.mails
        with login_turn(self.session, self.account) as my_turn:
            if my_turn and (claimed.circuit.state != CLOSED or self.account_works()):
                answer = self.sender.transport.prepare()
                if answer is None:
                    return True
                self.record(self.judge(mine, dict.fromkeys(mine.addresses, answer), claimed), self.session)
                self.give_back(others)
                return False
        self.give_back(claimed.mails, on_trial=claimed.circuit.state == TRIAL)
        if not my_turn:
            # Another sender takes long to log in: ask again later.
            self.tally["more"] = 1
        return False

    def account_works(self) -> bool:
        with self.session.begin():
            return account_works(self.session, self.account)

    def send_all(self, claimed: Claim) -> bool:
        """Send them one after the other; whether the account takes more. What was not tried is given back."""
        with self.session.begin():
            loaded = load_claimed(self.session, claimed.mails)
        for number, mail in enumerate(claimed.mails):
            over = number > 0 and self.is_over
            if over or not self.sender.rates.take(mail.urgent, len(mail.recipients)):
                self.give_back(claimed.mails[number:], on_trial=claimed.circuit.state == TRIAL)
                return over
            held = HeldMail(mail, claimed, loaded.get(mail.mail_id))
            held.compose()
            attempt = self.judge(mail, self.send(held), claimed)
            self.record(attempt, self.session)
            if concerns_account(attempt.results):
                self.give_back(claimed.mails[number + 1 :])
                return False
        return True

    def send(self, held: HeldMail) -> dict[str, ServerReply]:
        """Hand one mail over; no answers when somebody else has it by now."""
        mail, composed = held.mail, held.message
        if composed is None:
            return dict.fromkeys(mail.addresses, NOT_COMPOSED)
        envelope = Envelope(self.sender.sender, mail.addresses, composed.needs_smtputf8)
        ids = {recipient.address: recipient.recipient_id for recipient in mail.recipients}

        def body_begins(taken: Sequence[str]) -> None:
            with self.session.begin():
                begin_body(self.session, self.lease_id, [ids[address] for address in taken])

        try:
            return self.sender.transport.send(envelope, composed.message, body_begins)
        except LeaseLost:
            logger.warning("lease_lost", **mail.trace)
            return {}

    def judge(self, mail: ClaimedMail, answers: dict[str, ServerReply], claimed: Claim) -> Attempt:
        """What the answers mean; nothing when there are none."""
        on_trial = claimed.circuit.state == TRIAL
        account, times = self.sender.transport.account, self.sender.times
        results = judge(mail, answers, account, times, on_trial=on_trial) if answers else []
        return Attempt(self.lease_id, mail, claimed, results)

    def record(self, attempt: Attempt, session: Connection | None = None) -> None:
        """Put on record what came of a mail, whatever it takes, and count it."""
        self.tally.update(record_surely(session, attempt, self.account, self.sender.times))

    def give_back(self, mails: Sequence[ClaimedMail], *, on_trial: bool = False) -> None:
        if mails:
            with begin() as connection:
                release(connection, self.lease_id, mails)
                if on_trial:
                    give_trial_back(connection, self.account)
