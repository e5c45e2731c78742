"""What the answers of a server mean for each recipient of a mail."""

import random

from rules.delivery import Answer, Case, Kind, Times, classify, next_step
from services.delivery.claim import ClaimedMail
from services.delivery.record import Result


def judge(mail: ClaimedMail, answers: dict[str, Answer], provider: str, times: Times) -> list[Result]:
    """A verdict and the next step for each recipient, by its own answer."""
    verdicts = {address: classify(answer, provider) for address, answer in answers.items()}
    alone = all(verdict.kind is Kind.SPLIT for verdict in verdicts.values())
    results = []
    for one in mail.recipients:
        answer, verdict = answers[one.address], verdicts[one.address]
        case = Case(one.attempts, one.repeats, mail.short, mail.urgent, alone)
        step = next_step(verdict, answer.phase, case, times, random.random())
        results.append(Result(one.recipient_id, answer, verdict, step))
    return results
