"""The whole session as plain text, for the attachment of a mail that could hold only parts of it."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from services.conversation import Conversation, Message
from services.mail.context.conversation import result_of
from services.mail.i18n.labels import CATEGORIES, LEVELS, MESSAGE_TYPES, RESULTS, SENDERS
from services.mail.i18n.presenter import Presenter
from services.mail.sanitize import clean, one_line
from services.ticket_details import TicketDetails

_MARK: Final = "\ufeff"


def transcript(details: TicketDetails, presenter: Presenter, limit: int) -> str:
    """Everything that was said and tried; in about `limit` bytes, if need be without its middle.

    It begins with a byte order mark: without one the text viewers of Windows and Android guess the encoding wrongly.
    """
    parts = [
        one_line(details.ticket.number),
        *_requests(details, presenter),
        *_diagnoses(details.conversation, presenter),
    ]
    parts += [
        *_steps(details.conversation, presenter),
        *messages(_ends(details.conversation.messages, limit), presenter),
    ]
    return _MARK + _within("\n\n".join(parts) + "\n", limit, presenter)


def _ends(messages: Sequence[Message], limit: int) -> Sequence[Message]:
    """The messages without those in the middle that would be cut out anyway: very many would take long."""
    head = _taken(messages, limit)
    tail = _taken(messages[::-1], limit)
    return messages if head + tail >= len(messages) else [*messages[:head], *messages[-tail:]]


def _taken(messages: Sequence[Message], limit: int) -> int:
    """How many messages hold `limit` characters, from the first on."""
    sizes = accumulate(len(one.content) for one in messages)
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
    for one in details.conversation.requests:
        if one.notes:
            yield f"{label} ({presenter.formatter.both(one.at)})\n{clean(one.notes)}"


def _diagnoses(conversation: Conversation, presenter: Presenter) -> Iterator[str]:
    for one in conversation.diagnoses:
        kind = presenter.say("Kind of problem: %(category)s", category=presenter.word(one.category, CATEGORIES))
        level = presenter.say("Confidence: %(level)s", level=presenter.word(one.confidence_level, LEVELS))
        yield "\n".join([kind, level, *_listed(presenter.say("Safety warnings"), one.safety_warnings),
                         *_listed(presenter.say("Likely causes"), one.likely_causes),
                         *_listed(presenter.say("Recommended steps"), one.recommended_steps)])  # fmt: skip


def _listed(label: str, texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield f"{label}: {clean(text)}"


def _steps(conversation: Conversation, presenter: Presenter) -> Iterator[str]:
    for one in conversation.steps:
        result = presenter.word(result_of(one), RESULTS)
        answer = f"\n   “{clean(one.feedback)}”" if one.feedback else ""
        yield f"{one.number}. {clean(one.instruction)}: {result}{answer}"


def messages(told: Iterable[Message], presenter: Presenter) -> Iterator[str]:
    day = None
    for one in told:
        today = one.at.astimezone(presenter.formatter.zone).date()
        if today != day:
            yield f"--- {presenter.formatter.day(one.at)} ---"
            day = today
        kind = f" ({presenter.word(one.message_type, MESSAGE_TYPES)})" if one.message_type in MESSAGE_TYPES else ""
        yield f"{presenter.formatter.clock(one.at)} {presenter.word(one.sender, SENDERS)}{kind}:\n{clean(one.content)}"
