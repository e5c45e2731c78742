"""Recording what became of a mail, even when PostgreSQL is away for a moment: a sent mail must not be sent again."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import structlog
from sqlalchemy import Connection
from tenacity import retry, retry_if_exception, stop_after_delay, wait_random_exponential

from config.settings import get_settings
from rules.delivery import (
    BEFORE_MAIL,
    Case,
    Phase,
    ReplyClass,
    ReplyKind,
    ServerReply,
    Times,
    among_others,
    classify,
    next_transition,
)
from services.database.engine import begin
from services.database.errors import DatabaseFailure, trouble
from services.delivery.circuit_breaker import (
    TRIAL,
    CircuitState,
    close_circuit,
    give_trial_back,
    open_circuit,
    pause,
    suspect,
    suspect_again,
)
from services.delivery.claim import ClaimedMail
from services.delivery.reachability import not_reached, reached
from services.delivery.record import DeliveryResult, record
from services.delivery.refusals import recent_refusals
from services.installation import get_installation
from services.outbox.customer_notice import tell_customers
from services.outbox.outcomes import NewOutcome
from services.transports.base import TransportAccount

logger = structlog.get_logger()

_PATIENCE_SECONDS = 60


def _is_passing(error: BaseException) -> bool:
    return isinstance(error, Exception) and trouble(error) is not DatabaseFailure.CONTENT


@dataclass(frozen=True, slots=True)
class AttemptedMail:
    """A mail that was handed over under a lease: what came of each recipient, and what an acceptance tells."""

    lease_id: UUID
    mail: ClaimedMail
    results: Sequence[DeliveryResult]
    acceptance: NewOutcome | None

    def record(self, connection: Connection) -> list[str]:
        return record(connection, self.lease_id, self.results, self.acceptance)


@retry(
    retry=retry_if_exception(_is_passing),
    stop=stop_after_delay(_PATIENCE_SECONDS),
    wait=wait_random_exponential(multiplier=0.1, max=3),
    reraise=True,
)
def record_surely(
    session: Connection, tried: AttemptedMail, account: str, times: Times, gate: CircuitState
) -> list[str]:
    """Record what came of a mail and what it means for the account, all or nothing; the states that were written.

    :param session: one whose statements each commit by themselves; a new one is used when it has failed
    """
    if not tried.results:
        return []
    if _is_plain(tried, gate) and not session.invalidated:
        with session.begin():
            states = tried.record(session)
    else:
        with begin() as connection:
            states = tried.record(connection)
            # Asked first: a process that only sends should not load word lists for it.
            if "accepted" in states and get_settings().customer_notice:
                tell_customers(connection, [tried.mail.mail_id], get_installation())
            _settle_account(connection, tried.results, account, times, gate)
    _say(tried.mail, tried.results, states)
    return states


def _is_plain(tried: AttemptedMail, gate: CircuitState) -> bool:
    """Accepted as expected: there is nothing to write but the record itself, so one statement will do."""
    accepted = all(one.reply_class.kind is ReplyKind.ACCEPTED for one in tried.results)
    return accepted and not gate.narrow and not get_settings().customer_notice


def _settle_account(
    connection: Connection, results: Sequence[DeliveryResult], account: str, times: Times, gate: CircuitState
) -> None:
    """Open or close the circuit, let the account rest, and remember whether its server can be reached."""
    for one in results:
        if one.reply_class.kind is ReplyKind.CONFIGURATION:
            doubt = open_circuit if one.reply_class.sure else suspect
            doubt(connection, account, one.answer, one.reply_class, times)
            if gate.state == TRIAL and not one.reply_class.sure:
                suspect_again(connection, account, one.answer, one.reply_class)
        elif one.reply_class.kind is ReplyKind.THROTTLED:
            pause(connection, account, _rest_of(one, times))
    if gate.state == TRIAL and not any(one.reply_class.kind is ReplyKind.CONFIGURATION for one in results):
        # It said nothing against the account, and perhaps nothing for it: another mail may try.
        give_trial_back(connection, account)
    if _is_unreachable(results):
        not_reached(connection, account)
    elif gate.narrow:
        reached(connection, account)
        if any(one.reply_class.kind is ReplyKind.ACCEPTED for one in results):
            close_circuit(connection, account)


def _rest_of(throttled: DeliveryResult, times: Times) -> float:
    """How many seconds the account rests: as the server asked, but no longer than for a quota that is used up."""
    asked = throttled.answer.retry_after
    return min(asked, times.quota_pause) if asked else times.pause(throttled.reply_class.pause)


def _is_unreachable(results: Sequence[DeliveryResult]) -> bool:
    return any(one.reply_class.kind is ReplyKind.TRANSIENT and one.answer.phase in BEFORE_MAIL for one in results)


def concerns_account(results: Sequence[DeliveryResult]) -> bool:
    """The next mail would meet the same: wrong settings, a throttle, or a server that cannot be reached."""
    return _is_unreachable(results) or any(
        one.reply_class.kind in {ReplyKind.CONFIGURATION, ReplyKind.THROTTLED} for one in results
    )


def _say(mail: ClaimedMail, results: Sequence[DeliveryResult], states: Sequence[str]) -> None:
    """Log what became of it: ids and codes, no addresses; a reply's text may hold one, so it stays in the database."""
    log = logger.info if all(state == "accepted" for state in states) else logger.warning
    first = results[0]
    log(
        "mail_tried",
        **mail.trace,
        states=sorted(states),
        phase=first.answer.phase.value,
        code=first.answer.code,
        enhanced_code=first.answer.enhanced,
        finding=first.answer.finding,
    )


# Phases in which the server has taken a recipient already.
_TAKEN = frozenset({Phase.DATA, Phase.BODY, Phase.DOT})


def judge(
    mail: ClaimedMail,
    answers: dict[str, ServerReply],
    account: TransportAccount,
    times: Times,
    *,
    on_trial: bool = False,
) -> list[DeliveryResult]:
    """A verdict and the next step for each recipient, by its own answer.

    :param on_trial: another mail was refused just before, so that a doubtful refusal is the account's now
    """
    reply_classes = _verdicts_of(answers, account.provider)
    if on_trial:
        reply_classes = {address: replace(reply_class, sure=True) for address, reply_class in reply_classes.items()}
    reply_classes = recent_refusals(account.key).weigh(mail.mail_id, answers, reply_classes)
    alone = all(reply_class.kind is ReplyKind.SPLIT for reply_class in reply_classes.values())
    results = []
    for one in mail.recipients:
        answer, reply_class = answers[one.address], reply_classes[one.address]
        case = Case(one.attempts, one.repeats, mail.short, mail.urgent, alone)
        step = next_transition(reply_class, answer.phase, case, times, random.random())
        results.append(DeliveryResult(one.recipient_id, answer, reply_class, step))
    return results


def _verdicts_of(answers: dict[str, ServerReply], provider: str) -> dict[str, ReplyClass]:
    reply_classes = {address: classify(answer, provider) for address, answer in answers.items()}
    if any(answer.phase in _TAKEN for answer in answers.values()):
        return {
            address: among_others(reply_class, answers[address].phase) for address, reply_class in reply_classes.items()
        }
    return reply_classes
