"""What a run of a sender works with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from rules.delivery import Times
from services.delivery.circuit_breaker import CircuitState
from services.delivery.claim import ClaimedMail
from services.delivery.rate_limits import Rates
from services.delivery.record import AttemptedMail, DeliveryResult
from services.outbox.outcomes import NewOutcome
from services.transports.base import Transport


@dataclass(frozen=True, slots=True)
class Sender:
    """What a run needs; `claim_size` in mails, `run_seconds` is when it stops claiming.

    `may_claim` is asked once, when the run has its place: a drain learns only by then whether the mails are its own.
    """

    sender: str
    transport: Transport
    rates: Rates
    times: Times
    claim_size: int
    run_seconds: float
    may_claim: Callable[[], bool] = field(default=lambda: True)


@dataclass(frozen=True, slots=True)
class Claim:
    """What was claimed, how the account's circuit stood, and what to tell the assistant when a mail was accepted.

    `may_be_more`: not all that was due has been claimed.
    """

    mails: Sequence[ClaimedMail]
    circuit: CircuitState
    acceptances: Mapping[UUID, NewOutcome]
    may_be_more: bool


@dataclass(frozen=True, slots=True)
class Attempt:
    """A mail that was handed over under a lease, and what came of each recipient."""

    lease_id: UUID
    mail: ClaimedMail
    claim: Claim
    results: Sequence[DeliveryResult]

    @property
    def attempted(self) -> AttemptedMail:
        """As it is recorded."""
        return AttemptedMail(self.mail.mail_id, self.results, self.claim.acceptances.get(self.mail.mail_id))
