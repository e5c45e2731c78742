"""What was said and tried, as much of it as a mail can hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.conversation import Message, Step
from services.mail.i18n.labels import MESSAGE_TYPES, RESULTS, SENDERS
from services.mail.i18n.presenter import Presenter, TruncatedList
from services.mail.sanitize import direction
from services.ticket_details import TicketDetails


@dataclass(frozen=True, slots=True)
class _Said:
    """A message; `day` is told when it is another than that of the message before, `kind` when it is no plain text."""

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


def conversation(details: TicketDetails, presenter: Presenter) -> TruncatedList[_Said]:
    """The beginning and the end of what was said."""
    messages, limits = details.conversation.messages, presenter.limits
    part = presenter.excerpt(messages, limits.head, limits.tail)
    head, last = said(part.head, None, presenter)
    tail, _ = said(part.tail, last, presenter)
    return TruncatedList(head, part.omitted, tail)


def said(messages: Sequence[Message], day: date | None, presenter: Presenter) -> tuple[list[_Said], date | None]:
    told = []
    for message in messages:
        today = message.at.astimezone(presenter.formatter.zone).date()
        told.append(_said_of(message, today != day, presenter))
        day = today
    return told, day


def _said_of(message: Message, new_day: bool, presenter: Presenter) -> _Said:
    return _Said(
        sender=message.sender,
        who=presenter.word(message.sender, SENDERS),
        kind="" if message.message_type == "text" else presenter.word(message.message_type, MESSAGE_TYPES),
        clock=presenter.formatter.clock(message.at),
        day=f"{presenter.formatter.day(message.at)}{presenter.formatter.comma}{presenter.formatter.place}"
        if new_day
        else "",
        text=presenter.long(message.content),
    )


def steps(details: TicketDetails, presenter: Presenter) -> TruncatedList[_StepResult]:
    """The first and the last steps."""
    half = presenter.limits.entries // 2
    part = presenter.excerpt(details.conversation.steps, half, half)
    return TruncatedList(
        [tried(one, presenter) for one in part.head], part.omitted, [tried(one, presenter) for one in part.tail]
    )


def tried(step: Step, presenter: Presenter) -> _StepResult:
    result = result_of(step)
    return _StepResult(
        number=step.number,
        instruction=presenter.short(step.instruction),
        feedback=presenter.short(step.feedback),
        result=result,
        result_words=presenter.word(result, RESULTS),
    )


def result_of(step: Step) -> str:
    if step.success is not None:
        return "helped" if step.success else "failed"
    return "untold" if step.completed else "waiting"


def summary(details: TicketDetails, presenter: Presenter) -> str:
    """How many steps were tried and how many of them helped; nothing where none was."""
    done = [step for step in details.conversation.steps if step.completed]
    if not done:
        return presenter.say("Nothing has been tried yet.")
    helped = sum(step.success is True for step in done)
    if helped:
        figures = {"tried": presenter.formatter.number(len(done)), "helped": presenter.formatter.number(helped)}
        return presenter.say("Steps tried: %(tried)s. Of these helped: %(helped)s.", **figures)
    return presenter.count(
        "%(number)s step was tried and did not help.", "%(number)s steps were tried; none of them helped.", len(done)
    )
