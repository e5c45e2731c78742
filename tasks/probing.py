"""A probe of the mail account: one login, no mail."""

import structlog

from rules.delivery import Kind, Times, classify
from services.circuit import OPEN, open_circuit, probe_succeeded
from services.database import begin
from services.transports.base import Transport

logger = structlog.get_logger()


def probe(transport: Transport, failed_phase: str, times: Times) -> str:
    """Log in with no transaction open, and record what came of it; the circuit's state now."""
    answer = transport.probe()
    with begin() as connection:
        if answer is None:
            state = probe_succeeded(connection, transport.account.key, failed_phase)
        else:
            state = OPEN
            verdict = classify(answer, transport.account.provider)
            if verdict.kind is Kind.CONFIGURATION:
                open_circuit(connection, transport.account.key, answer, verdict, times)
    logger.info("mail_account_probed", state=state, code=answer.code if answer else None)
    return state
