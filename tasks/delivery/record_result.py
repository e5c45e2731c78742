"""Recording what became of a mail, even when PostgreSQL is away for a moment: a sent mail must not be sent again."""

import random
from collections.abc import Sequence
from dataclasses import replace

import structlog
from sqlalchemy import Connection
from tenacity import retry, retry_if_exception, stop_after_delay, wait_random_exponential

from config.settings import get_settings
from rules.delivery import (
    BEFORE_MAIL,
    Case,
    Phase,
    RecipientState,
    ReplyClass,
    ReplyKind,
    ServerReply,
    Times,
    among_others,
    classify,
    next_transition,
)
from services.database.engine import begin
from services.database.errors import DatabaseFailure, classify_failure
from services.delivery.account_signs import not_reached, reached, recent_refusals
from services.delivery.circuit_breaker import (
    TRIAL,
    close_circuit,
    give_trial_back,
    open_circuit,
    pause,
    read_circuit,
    suspect,
    suspect_again,
)
from services.delivery.claim import ClaimedMail
from services.delivery.record import DeliveryResult, record
from services.installation import get_installation
from services.outbox.customer_notice import tell_customers
from services.transports.base import TransportAccount
from tasks.delivery.sender import Attempt

logger = structlog.get_logger()

_PATIENCE_SECONDS = 60


def _is_passing(error: BaseException) -> bool:
    return isinstance(error, Exception) and classify_failure(error) is not DatabaseFailure.CONTENT


_surely = retry(
    retry=retry_if_exception(_is_passing),
    stop=stop_after_delay(_PATIENCE_SECONDS),
    wait=wait_random_exponential(multiplier=0.1, max=3),
    reraise=True,
)


@_surely
def record_failed_login(account: TransportAccount, answer: ServerReply, times: Times) -> None:
    """Wrong settings hold the queue; a server that cannot be reached says nothing about them."""
    reply_class = classify(answer, account.provider)
    if reply_class.kind is ReplyKind.CONFIGURATION:
        with begin() as connection:
            open_circuit(connection, account.key, answer, reply_class, times)


@_surely
def record_surely(attempt: Attempt, account: str, times: Times, *, after_suspicion: bool = False) -> list[str]:
    """Record what came of a mail and what it means for the account, all or nothing; the states that were written.

    :param after_suspicion: it was answered after this sender had suspected the account
    """
    with begin() as connection:
        states = record(connection, attempt.lease_id, attempt.attempted)
        # Asked first: a process that only sends should not load word lists for it.
        if RecipientState.ACCEPTED in states and get_settings().customer_notice:
            tell_customers(connection, [attempt.mail.mail_id], get_installation())
        _settle_account(connection, attempt, account, times)
        if after_suspicion and _is_accepted(attempt) and read_circuit(connection, account).state == TRIAL:
            # It was on its way already, so it was not claimed as the trial, and shows as much.
            close_circuit(connection, account)
    log_attempt(attempt, states)
    return states


def is_plain(attempt: Attempt) -> bool:
    """Accepted as expected: there is nothing to write but the record itself, so one statement will do."""
    return _is_accepted(attempt) and not attempt.claim.circuit.narrow and not get_settings().customer_notice


def _is_accepted(attempt: Attempt) -> bool:
    return all(result.reply_class.kind is ReplyKind.ACCEPTED for result in attempt.results)


def is_suspicious(attempt: Attempt) -> bool:
    """Refused in words that may mean the account or only this mail."""
    classes = [result.reply_class for result in attempt.results]
    return any(each.kind is ReplyKind.CONFIGURATION and not each.sure for each in classes)


def _settle_account(connection: Connection, attempt: Attempt, account: str, times: Times) -> None:
    """Open or close the circuit, let the account rest, and remember whether its server can be reached."""
    results, circuit = attempt.results, attempt.claim.circuit
    kinds = {result.reply_class.kind for result in results}
    suspected = False
    for result in results:
        if result.reply_class.kind is ReplyKind.CONFIGURATION:
            if result.reply_class.sure:
                open_circuit(connection, account, result.answer, result.reply_class, times)
            elif not suspected:
                # Once a mail, however many recipients it has: a second time stands for another mail.
                suspect(connection, account, result.answer, result.reply_class, times)
                suspected = True
            if circuit.state == TRIAL and not result.reply_class.sure:
                suspect_again(connection, account, result.answer, result.reply_class)
        elif result.reply_class.kind is ReplyKind.THROTTLED:
            pause(connection, account, _rest_of(result, times))
    if circuit.state == TRIAL and ReplyKind.CONFIGURATION not in kinds:
        # It said nothing against the account, and perhaps nothing for it: another mail may try.
        give_trial_back(connection, account)
    if _is_unreachable(results):
        not_reached(connection, account)
    elif circuit.narrow:
        reached(connection, account)
        if ReplyKind.ACCEPTED in kinds:
            close_circuit(connection, account)


def _rest_of(throttled: DeliveryResult, times: Times) -> float:
    """How many seconds the account rests: as the server asked, but no longer than for a quota that is used up."""
    asked = throttled.answer.retry_after
    return min(asked, times.quota_pause) if asked else times.pause(throttled.reply_class.pause)


def _is_unreachable(results: Sequence[DeliveryResult]) -> bool:
    return any(
        result.reply_class.kind is ReplyKind.TRANSIENT and result.answer.phase in BEFORE_MAIL for result in results
    )


def concerns_account(results: Sequence[DeliveryResult]) -> bool:
    """The next mail would meet the same: wrong settings, a throttle, or a server that cannot be reached."""
    return _is_unreachable(results) or any(
        result.reply_class.kind in {ReplyKind.CONFIGURATION, ReplyKind.THROTTLED} for result in results
    )


def log_attempt(attempt: Attempt, states: Sequence[str]) -> None:
    """Log what became of it: ids and codes, no addresses; a reply's text may hold one, so it stays in the database."""
    log = logger.info if all(state == RecipientState.ACCEPTED for state in states) else logger.warning
    first = attempt.results[0]
    log(
        "mail_tried",
        **attempt.mail.trace,
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
    """The class and the next step for each recipient, by its own answer.

    :param on_trial: another mail was refused just before, so that a doubtful refusal is the account's now
    """
    reply_classes = _classify_all(answers, account.provider)
    if on_trial:
        reply_classes = {address: replace(reply_class, sure=True) for address, reply_class in reply_classes.items()}
    reply_classes = recent_refusals(account.key).weigh(mail.mail_id, answers, reply_classes)
    alone = all(reply_class.kind is ReplyKind.SPLIT for reply_class in reply_classes.values())
    results = []
    for recipient in mail.recipients:
        answer, reply_class = answers[recipient.address], reply_classes[recipient.address]
        case = Case(recipient.attempts, recipient.repeats, mail.short, mail.urgent, alone)
        step = next_transition(reply_class, answer.phase, case, times, random.random())
        results.append(DeliveryResult(recipient.recipient_id, answer, reply_class, step))
    return results


def _classify_all(answers: dict[str, ServerReply], provider: str) -> dict[str, ReplyClass]:
    reply_classes = {address: classify(answer, provider) for address, answer in answers.items()}
    if any(answer.phase in _TAKEN for answer in answers.values()):
        return {
            address: among_others(reply_class, answers[address].phase) for address, reply_class in reply_classes.items()
        }
    return reply_classes
