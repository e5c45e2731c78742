"""The conversation and the steps, as much of them as a mail can hold."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.conversation import Message, Step
from services.mail.i18n.labels import MESSAGE_TYPES, RESULTS, SENDERS, STEP_FIGURES
from services.mail.i18n.presenter import Presenter, TruncatedList
from services.mail.sanitize import direction
from services.ticket_details import TicketDetails


@dataclass(frozen=True, slots=True)
class _ShownMessage:
    """A message; `day` is empty where the message before is of the same day, `kind` where it is plain text."""

    sender: str
    who: str
    kind: str
    clock: str
    day: str
    text: str

    @property
    def direction(self) -> str:
        return direction(self.text)


@dataclass(frozen=True, slots=True)
class _StepResult:
    """A step; `result` is one of `services.mail.i18n.labels.RESULTS` and `result_words` says it."""

    number: int
    instruction: str
    feedback: str
    result: str
    result_words: str


def list_messages(details: TicketDetails, presenter: Presenter) -> TruncatedList[_ShownMessage]:
    """The beginning and the end of what was said."""
    messages, limits = details.conversation.distinct_messages, presenter.limits
    part = presenter.excerpt(messages, limits.head, limits.tail)
    head, last = _present_messages(part.head, None, presenter)
    tail, _ = _present_messages(part.tail, last, presenter)
    return TruncatedList(head, part.omitted, tail)


def _present_messages(
    messages: Sequence[Message], day: date | None, presenter: Presenter
) -> tuple[list[_ShownMessage], date | None]:
    shown = []
    for message in messages:
        today = message.at.astimezone(presenter.formatter.zone).date()
        shown.append(_present_message(message, today != day, presenter))
        day = today
    return shown, day


def _present_message(message: Message, new_day: bool, presenter: Presenter) -> _ShownMessage:
    return _ShownMessage(
        sender=message.sender,
        who=presenter.word(message.sender, SENDERS),
        kind="" if message.message_type == "text" else presenter.word(message.message_type, MESSAGE_TYPES),
        clock=presenter.formatter.clock(message.at),
        day=f"{presenter.formatter.day(message.at)}{presenter.formatter.comma}{presenter.formatter.place}"
        if new_day
        else "",
        text=presenter.long(message.content),
    )


def list_steps(details: TicketDetails, presenter: Presenter) -> TruncatedList[_StepResult]:
    """The first and the last steps."""
    half = presenter.limits.entries // 2
    part = presenter.excerpt(details.conversation.steps, half, half)
    return TruncatedList(
        [_present_step(step, presenter) for step in part.head],
        part.omitted,
        [_present_step(step, presenter) for step in part.tail],
    )


def _present_step(step: Step, presenter: Presenter) -> _StepResult:
    result = name_result(step)
    return _StepResult(
        number=step.number,
        instruction=presenter.short(step.instruction),
        feedback=presenter.short(step.feedback),
        result=result,
        result_words=presenter.word(result, RESULTS),
    )


def name_result(step: Step) -> str:
    if not step.completed:
        return "helped" if step.success else "unanswered"
    return {True: "helped", False: "failed", None: "unreported"}[step.success]


def summarize_steps(details: TicketDetails, presenter: Presenter) -> str:
    """Say how many steps were tried, and how many of them helped, did not help or were not answered."""
    results = Counter(name_result(step) for step in details.conversation.steps)
    if not results:
        return presenter.say("No step is recorded.")
    figures = [
        presenter.say(STEP_FIGURES[result], number=presenter.formatter.number(results[result]))
        for result in STEP_FIGURES
        if results[result]
    ]
    return " ".join([presenter.count("%(number)s step.", "%(number)s steps.", results.total()), *figures])
