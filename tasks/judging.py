"""What the answers of a server mean for each recipient of a mail."""

import random
from dataclasses import replace

from rules.delivery import Answer, Case, Kind, Phase, Times, Verdict, among_others, classify, next_step
from services.delivery.claim import ClaimedMail
from services.delivery.record import Result

# Phases in which the server has taken a recipient already.
TAKEN = frozenset({Phase.DATA, Phase.BODY, Phase.DOT})


def judge(
    mail: ClaimedMail, answers: dict[str, Answer], provider: str, times: Times, *, on_trial: bool = False
) -> list[Result]:
    """A verdict and the next step for each recipient, by its own answer.

    :param on_trial: another mail was refused just before, so that a doubtful refusal is the account's now
    """
    verdicts = verdicts_of(answers, provider)
    if on_trial:
        verdicts = {address: replace(verdict, sure=True) for address, verdict in verdicts.items()}
    alone = all(verdict.kind is Kind.SPLIT for verdict in verdicts.values())
    results = []
    for one in mail.recipients:
        answer, verdict = answers[one.address], verdicts[one.address]
        case = Case(one.attempts, one.repeats, mail.short, mail.urgent, alone)
        step = next_step(verdict, answer.phase, case, times, random.random())
        results.append(Result(one.recipient_id, answer, verdict, step))
    return results


def verdicts_of(answers: dict[str, Answer], provider: str) -> dict[str, Verdict]:
    verdicts = {address: classify(answer, provider) for address, answer in answers.items()}
    if any(answer.phase in TAKEN for answer in answers.values()):
        return {address: among_others(verdict, answers[address].phase) for address, verdict in verdicts.items()}
    return verdicts
