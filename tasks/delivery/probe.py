"""A probe of the mail account: one login, no mail."""

from dataclasses import dataclass

import structlog

from rules.delivery import ReplyClass, ReplyKind, ServerReply, Times, classify
from services.database.engine import begin
from services.delivery.circuit_breaker import open_circuit, probe_succeeded
from services.transports.base import Transport

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Probed:
    """What came of a probe: the circuit's state when the login worked, else the answer and what it means."""

    state: str | None
    answer: ServerReply | None = None
    reply_class: ReplyClass | None = None

    @property
    def works(self) -> bool:
        return self.answer is None


def probe(transport: Transport, failed_phase: str, times: Times) -> _Probed:
    """Log in with no transaction open, and record what came of it."""
    answer = transport.probe()
    account = transport.account
    if answer is None:
        with begin() as connection:
            probed = _Probed(probe_succeeded(connection, account.key, failed_phase))
    else:
        probed = _Probed(None, answer, classify(answer, account.provider))
        _record_failure(account.key, probed, times)
    logger.info("mail_account_probed", works=probed.works, state=probed.state, code=answer.code if answer else None)
    return probed


def _record_failure(account: str, probed: _Probed, times: Times) -> None:
    """Wrong settings hold the queue; a server that cannot be reached says nothing about them."""
    if probed.answer and probed.reply_class and probed.reply_class.kind is ReplyKind.CONFIGURATION:
        with begin() as connection:
            open_circuit(connection, account, probed.answer, probed.reply_class, times)
