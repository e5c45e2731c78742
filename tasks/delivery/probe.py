"""A probe of the mail account: one login, no mail."""

from dataclasses import dataclass

import structlog

from rules.delivery import ReplyClass, ServerReply, Times, classify
from services.database.engine import begin
from services.delivery.circuit_breaker import probe_succeeded, requeue_refused
from services.transports.base import Transport
from tasks.delivery.record_result import record_failed_login

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Probed:
    """What came of a probe: the circuit's state when the login worked, else the answer and what it means.

    `requeued`: the recipients to whom mail is sent again that was refused while the account was suspicious.
    """

    state: str | None
    answer: ServerReply | None = None
    reply_class: ReplyClass | None = None
    requeued: int = 0

    @property
    def works(self) -> bool:
        return self.answer is None


def probe(transport: Transport, failed_phase: str, times: Times, *, by_hand: bool = False) -> _Probed:
    """Log in with no transaction open, and record what came of it.

    :param by_hand: somebody has fixed the account. Their shell may have other settings than the mailers, so that a
        failure holds no mail.
    """
    answer = transport.probe()
    account = transport.account
    if answer is None:
        with begin() as connection:
            requeued = requeue_refused(connection, account.key, by_hand=by_hand)
            probed = _Probed(probe_succeeded(connection, account.key, failed_phase), requeued=requeued)
    else:
        probed = _Probed(None, answer, classify(answer, account.provider))
        if not by_hand:
            record_failed_login(account, answer, times)
    logger.info(
        "mail_account_probed",
        works=probed.works,
        state=probed.state,
        requeued=probed.requeued,
        code=answer.code if answer else None,
    )
    return probed
