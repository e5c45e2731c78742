"""What a run of a sender works with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from rules.delivery import Times
from services.delivery.circuit_breaker import CircuitState
from services.delivery.claim import ClaimedMail
from services.delivery.rate_limits import Rates
from services.outbox.outcomes import NewOutcome
from services.transports.base import Transport
from tasks.delivery.compose_batch import Compose


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


@dataclass(frozen=True, slots=True)
class Claim:
    """What was claimed, how the account's gate stood, and what to tell the assistant when a mail was accepted."""

    mails: Sequence[ClaimedMail]
    gate: CircuitState
    acceptances: Mapping[UUID, NewOutcome]
