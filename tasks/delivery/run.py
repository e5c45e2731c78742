"""A sender at work: what its mails are claimed, judged, recorded and given back with."""

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
from services.database.quick import transaction
from services.delivery.circuit_breaker import TRIAL, give_trial_back, read_circuit, take_trial
from services.delivery.claim import ClaimedMail, claim, release, safety_waits
from services.outbox.outcomes import acceptances
from tasks.delivery.record_result import is_suspicious, judge, record_failed_login, record_surely
from tasks.delivery.sender import Attempt, Claim, Sender
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
    # Whether a mail was refused in words that may mean the account.
    suspects_account: bool = False

    @property
    def account(self) -> str:
        return self.sender.transport.account.key

    @property
    def is_over(self) -> bool:
        """The time is up, or the session is lost, and with it the lease: nothing more may be sent under it."""
        return self.session.invalidated or time.monotonic() > self.deadline

    def claim(
        self, connection: Connection, *, held: int = 0, ahead: int = 0, safety_only: bool = False
    ) -> Claim | None:
        """The next mails, few at a time, so that a graver one that comes meanwhile waits for a few sends only.

        :param connection: one of `standalone`
        :param held: mails that this run has in hand and has not yet sent
        :param ahead: so many leave in a moment: they may be claimed although they are more than usual
        """
        safety_only = safety_only or self.urgent_only
        room = self.sender.rates.room(safety_only, max(self.sender.claim_size, ahead) + held) - held
        if room < 1:
            return None
        with transaction(connection):
            state = read_circuit(connection, self.account)
            if state.shut:
                return None
            safety_first = not safety_only and state.just_closed and safety_waits(connection)
            lanes = (Lane.URGENT,) if safety_only or safety_first else MAIL_LANES
            limit = 1 if state.narrow else room
            mails = claim(connection, self.lease_id, lanes, limit)
            if mails and state.state == TRIAL:
                take_trial(connection, self.account)
            # Within the claim: where this cannot be read, the mails are as they were.
            told = acceptances(connection, [mail.mail_id for mail in mails]) if mails else {}
        if not mails:
            return None
        return Claim(mails, state, told, safety_first or sum(len(mail.recipients) for mail in mails) >= limit)

    def share(self, claimed: Claim) -> None:
        """Where there is probably more, let another child join in before this one starts to work."""
        if claimed.may_be_more and not claimed.circuit.narrow:
            hint("deliver_urgent" if self.urgent_only else "deliver_due")

    def judge(self, mail: ClaimedMail, answers: dict[str, ServerReply], claimed: Claim) -> Attempt:
        """What the answers mean."""
        on_trial = claimed.circuit.state == TRIAL
        account, times = self.sender.transport.account, self.sender.times
        return Attempt(self.lease_id, mail, claimed, judge(mail, answers, account, times, on_trial=on_trial))

    def record(self, attempt: Attempt) -> None:
        """Put on record what came of a mail, whatever it takes, and count it."""
        account, times = self.account, self.sender.times
        self.tally.update(record_surely(attempt, account, times, after_suspicion=self.suspects_account))
        self.suspects_account = self.suspects_account or is_suspicious(attempt)

    def record_failed_login(self, answer: ServerReply) -> None:
        """Put on record what it means for the account, whatever it takes."""
        record_failed_login(self.sender.transport.account, answer, self.sender.times)

    def give_back(self, mails: Sequence[ClaimedMail], *, on_trial: bool = False) -> None:
        if mails:
            with begin() as connection:
                release(connection, self.lease_id, mails)
                if on_trial:
                    give_trial_back(connection, self.account)
