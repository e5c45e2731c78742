"""The conversation and the steps: as much of them as a mail can hold, and all as plain text for its attachment."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Final

from services.conversation import Conversation, Message, Step
from services.mail.i18n.labels import CATEGORIES, LEVELS, MESSAGE_TYPES, RESULTS, SENDERS, STEP_FIGURES
from services.mail.i18n.presenter import Presenter, TruncatedList
from services.mail.sanitize import clean, direction, one_line
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
    result = _name_result(step)
    return _StepResult(
        number=step.number,
        instruction=presenter.short(step.instruction),
        feedback=presenter.short(step.feedback),
        result=result,
        result_words=presenter.word(result, RESULTS),
    )


def _name_result(step: Step) -> str:
    if not step.completed:
        return "helped" if step.success else "unanswered"
    return {True: "helped", False: "failed", None: "unreported"}[step.success]


def summarize_steps(details: TicketDetails, presenter: Presenter) -> str:
    """Say how many steps were tried, and how many of them helped, did not help or were not answered."""
    results = Counter(_name_result(step) for step in details.conversation.steps)
    if not results:
        return presenter.say("No step is recorded.")
    figures = [
        presenter.say(STEP_FIGURES[result], number=presenter.formatter.number(results[result]))
        for result in STEP_FIGURES
        if results[result]
    ]
    return " ".join([presenter.count("%(number)s step.", "%(number)s steps.", results.total()), *figures])


_MARK: Final = "\ufeff"


def render_transcript(details: TicketDetails, presenter: Presenter, limit: int) -> str:
    """Render the conversation and the steps in about `limit` bytes; what does not fit is left out of the middle.

    It begins with a byte order mark: without one the text viewers of Windows and Android guess the encoding wrongly.
    """
    conversation = details.conversation
    parts = [
        one_line(details.ticket.number),
        *_requests(details, presenter),
        *_diagnoses(conversation, presenter),
        *_steps(conversation, presenter),
        *_messages(_ends(conversation.distinct_messages, limit), presenter),
    ]
    return _MARK + _within("\n\n".join(parts) + "\n", limit, presenter)


def _ends(messages: Sequence[Message], limit: int) -> Sequence[Message]:
    """Leave out the messages in the middle that `_within` would cut anyway: rendering very many takes long."""
    head = _count_within(messages, limit)
    tail = _count_within(messages[::-1], limit)
    return messages if head + tail >= len(messages) else [*messages[:head], *messages[-tail:]]


def _count_within(messages: Sequence[Message], limit: int) -> int:
    """How many messages hold `limit` characters, from the first on."""
    sizes = accumulate(len(message.content) for message in messages)
    return next((place for place, size in enumerate(sizes, start=1) if size > limit), len(messages))


def _within(text: str, limit: int, presenter: Presenter) -> str:
    content = text.encode()
    if len(content) <= limit:
        return text
    first, last = content[: limit // 2].decode(errors="ignore"), content[-limit // 2 :].decode(errors="ignore")
    left_out = presenter.say("The middle of the session is left out here: all of it is too large for a mail.")
    return f"{first}\n\n[{left_out}]\n\n{last}"


def _requests(details: TicketDetails, presenter: Presenter) -> Iterator[str]:
    label = presenter.say("Notes with the request")
    for request in details.conversation.requests:
        if request.notes:
            yield f"{label} ({presenter.formatter.both(request.at)})\n{clean(request.notes)}"


def _diagnoses(conversation: Conversation, presenter: Presenter) -> Iterator[str]:
    for diagnosis in conversation.diagnoses:
        kind = presenter.say("Kind of problem: %(category)s", category=presenter.word(diagnosis.category, CATEGORIES))
        level = presenter.say("Confidence: %(level)s", level=presenter.word(diagnosis.confidence_level, LEVELS))
        yield "\n".join([kind, level, *_listed(presenter.say("Safety warnings"), diagnosis.safety_warnings),
                         *_listed(presenter.say("Likely causes"), diagnosis.likely_causes),
                         *_listed(presenter.say("Recommended steps"), diagnosis.recommended_steps)])  # fmt: skip


def _listed(label: str, texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield f"{label}: {clean(text)}"


def _steps(conversation: Conversation, presenter: Presenter) -> Iterator[str]:
    for step in conversation.steps:
        result = presenter.word(_name_result(step), RESULTS)
        answer = f"\n   “{clean(step.feedback)}”" if step.feedback else ""
        yield f"{step.number}. {clean(step.instruction)}: {result}{answer}"


def _messages(messages: Iterable[Message], presenter: Presenter) -> Iterator[str]:
    day = None
    for message in messages:
        today = message.at.astimezone(presenter.formatter.zone).date()
        if today != day:
            yield f"--- {presenter.formatter.day(message.at)} ---"
            day = today
        kind = (
            f" ({presenter.word(message.message_type, MESSAGE_TYPES)})" if message.message_type in MESSAGE_TYPES else ""
        )
        sender = presenter.word(message.sender, SENDERS)
        yield f"{presenter.formatter.clock(message.at)} {sender}{kind}:\n{clean(message.content)}"
