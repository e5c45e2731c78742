"""The whole session as plain text, for the attachment of a mail that could hold only parts of it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from services.conversation import Conversation, Message
from services.mail.context.conversation import name_result
from services.mail.i18n.labels import CATEGORIES, LEVELS, MESSAGE_TYPES, RESULTS, SENDERS
from services.mail.i18n.presenter import Presenter
from services.mail.sanitize import clean, one_line
from services.ticket_details import TicketDetails

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
        result = presenter.word(name_result(step), RESULTS)
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
