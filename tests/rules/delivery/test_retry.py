"""What happens to a recipient's mail after an answer, and when."""

from itertools import pairwise

import pytest

from rules.delivery import (
    AccountLimits,
    Case,
    LocalFault,
    Phase,
    RecipientState,
    ServerReply,
    Times,
    Transition,
    classify,
    limits_of,
    next_transition,
    retry_delay,
)

TIMES = Times()
ACCEPTED = ServerReply(Phase.DOT, 250, "2.0.0 ok")
LATER = ServerReply(Phase.RCPT, 450, "4.2.0 later")
LOST = ServerReply(Phase.DOT)
REFUSED_MESSAGE = ServerReply(Phase.DOT, 554, "5.6.0 no")
REFUSED_RECIPIENT = ServerReply(Phase.RCPT, 550, "5.1.1 no")
WRONG_PASSWORD = ServerReply(Phase.AUTH, 535, "5.7.3 no")
NO_SEND_AS = ServerReply(Phase.MAIL, 550, "5.7.60 no")
TOO_FAST = ServerReply(Phase.MAIL, 421, "4.4.2 submission rate")
TOO_MANY = ServerReply(Phase.RCPT, 452, "4.5.3 Too many recipients")


def step(answer: ServerReply, case: Case | None = None, jitter: float = 0.5) -> Transition:
    return next_transition(classify(answer, "microsoft"), answer.phase, case or Case(), TIMES, jitter)


def test_an_accepted_mail_is_done() -> None:
    assert step(ACCEPTED).state == "accepted"


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(1, 30), (2, 120), (3, 300), (4, 600), (5, 1_200), (6, 2_400), (7, 3_600), (8, 3_600), (20, 3_600)],
)
def test_attempts_become_rarer(attempts: int, seconds: float) -> None:
    assert step(LATER, Case(attempts)) == Transition(RecipientState.DEFERRED, seconds)


def test_attempts_end_after_a_day() -> None:
    last = next(number for number in range(1, 100) if retry_delay(number, TIMES) is None)
    waits = [delay for number in range(1, last) if (delay := retry_delay(number, TIMES))]
    assert TIMES.give_up - 3_600 < sum(waits) <= TIMES.give_up
    assert step(LATER, Case(last)).state == "held"


@pytest.mark.parametrize(("jitter", "factor"), [(0.0, 0.8), (0.25, 0.9), (0.5, 1.0), (1.0, 1.2)])
def test_delays_are_spread(jitter: float, factor: float) -> None:
    assert step(LATER, jitter=jitter).delay == pytest.approx(30 * factor)


def test_a_recipient_with_an_hourly_limit_is_left_alone_for_an_hour() -> None:
    assert step(ServerReply(Phase.DOT, 554, "5.2.121 limit")) == Transition(RecipientState.DEFERRED, 3_600)


def test_a_throttle_uses_no_attempt() -> None:
    assert step(TOO_FAST) == Transition(RecipientState.QUEUED, counts=False)


def test_wrong_settings_burn_nothing() -> None:
    assert step(WRONG_PASSWORD, Case(attempts=7)) == Transition(RecipientState.QUEUED, counts=False)


def test_a_mail_refused_after_the_login_lets_others_be_the_next_to_try() -> None:
    refused = step(NO_SEND_AS)
    assert (refused.state, refused.counts) == ("queued", False)
    assert refused.delay > TIMES.next_probe


def test_a_mail_that_may_itself_be_to_blame_goes_short_after_the_others_and_then_to_a_person() -> None:
    for answer in (ServerReply(Phase.DOT, 550, "5.7.1 looks like spam"), ServerReply(Phase.RCPT, 550, "5.7.1 not you")):
        assert step(answer) == Transition(RecipientState.QUEUED, TIMES.retries[0], short=True)
        assert step(answer, Case(short=True)) == Transition(RecipientState.HELD, short=True)
    assert step(ServerReply(Phase.MAIL, 550, "5.7.1 not this sender")).counts is False


def test_a_refused_recipient_stops() -> None:
    assert step(REFUSED_RECIPIENT).state == "refused"
    assert step(ServerReply(Phase.RCPT, finding=LocalFault.NO_SMTPUTF8)).state == "refused"


def test_a_refused_message_is_tried_short_once() -> None:
    assert step(REFUSED_MESSAGE) == Transition(RecipientState.QUEUED, short=True)
    assert step(REFUSED_MESSAGE, Case(short=True)) == Transition(RecipientState.REFUSED, short=True)


@pytest.mark.parametrize(("urgent", "seconds"), [(True, 60), (False, 900)])
def test_a_lost_reply_leads_to_one_repeat(urgent: bool, seconds: float) -> None:
    assert step(LOST, Case(urgent=urgent)) == Transition(RecipientState.UNKNOWN, seconds, repeats=1)
    assert step(LOST, Case(urgent=urgent, repeats=1)) == Transition(RecipientState.HELD, repeats=1)


def test_that_a_reply_was_lost_once_is_never_forgotten() -> None:
    for answer in (LATER, TOO_FAST, WRONG_PASSWORD, NO_SEND_AS, REFUSED_MESSAGE, REFUSED_RECIPIENT, ACCEPTED):
        assert step(answer, Case(repeats=1)).repeats == 1, answer


def test_too_many_recipients_come_in_the_next_conversation() -> None:
    assert step(TOO_MANY, Case(alone=False)) == Transition(RecipientState.QUEUED, counts=False)


def test_a_server_for_which_one_recipient_is_too_many_is_asked_later() -> None:
    assert step(TOO_MANY, Case(alone=True)).state == "deferred"


def test_own_durations_are_kept() -> None:
    times = Times(retries=(1, 2), give_up=6)
    assert [retry_delay(number, times) for number in (1, 2, 3, 4)] == [1, 2, 2, None]


@pytest.mark.parametrize(
    ("host", "user", "limits"),
    [
        ("smtp.office365.com", "support@example.com", AccountLimits(2, 25, 10_000)),
        ("smtp.gmail.com", "someone@gmail.com", AccountLimits(per_day=500)),
        ("smtp.gmail.com", "support@example.com", AccountLimits(per_day=2_000)),
        ("mail.example.com", None, AccountLimits()),
    ],
)
def test_limits_are_known_by_the_provider(host: str, user: str | None, limits: AccountLimits) -> None:
    assert limits_of(host, user) == limits


@pytest.mark.parametrize(
    ("limits", "normal", "urgent"),
    [
        (AccountLimits(2, 25), (1, 20), (2, 25)),
        (AccountLimits(1, 1), (1, 1), (1, 1)),
        (AccountLimits(5, 10), (4, 8), (5, 10)),
        (AccountLimits(), (None, None), (None, None)),
    ],
)
def test_a_part_is_kept_for_safety_mail(
    limits: AccountLimits, normal: tuple[int | None, int | None], urgent: tuple[int | None, int | None]
) -> None:
    assert (limits.slots(urgent=False), limits.minute_share(urgent=False)) == normal
    assert (limits.slots(urgent=True), limits.minute_share(urgent=True)) == urgent


def test_the_share_of_safety_mail_grows_with_the_limit_up_to_five() -> None:
    kept = [limit - (AccountLimits(per_minute=limit).minute_share(urgent=False) or 0) for limit in range(2, 60)]
    assert all(later >= earlier for earlier, later in pairwise(kept))
    assert (kept[0], kept[-1]) == (1, 5)
