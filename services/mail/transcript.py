"""The whole session as plain text, for the attachment of a mail that could hold only parts of it."""

from collections.abc import Iterable, Iterator
from typing import Final

from services.conversation import Conversation, Message
from services.mail.cleaning import clean, one_line
from services.mail.talk import result_of
from services.mail.teller import Teller
from services.mail.wording import CATEGORIES, LEVELS, MESSAGE_TYPES, RESULTS, SENDERS
from services.story import Story

MARK: Final = "\ufeff"


def transcript(story: Story, teller: Teller, limit: int) -> str:
    """Everything that was said and tried; in at most `limit` bytes, if need be without its middle.

    It begins with a byte order mark: without one the text viewers of Windows and Android guess the encoding wrongly.
    """
    parts = [one_line(story.ticket.number), *requests(story, teller), *diagnoses(story.conversation, teller)]
    parts += [*steps(story.conversation, teller), *messages(story.conversation.messages, teller)]
    return MARK + within("\n\n".join(parts) + "\n", limit, teller)


def within(text: str, limit: int, teller: Teller) -> str:
    content = text.encode()
    if len(content) <= limit:
        return text
    half = limit // 2
    left_out = teller.say("[%(bytes)s bytes are left out here]", bytes=teller.manners.number(len(content) - 2 * half))
    first, last = content[:half].decode(errors="ignore"), content[-half:].decode(errors="ignore")
    return f"{first}\n\n{left_out}\n\n{last}"


def requests(story: Story, teller: Teller) -> Iterator[str]:
    label = teller.say("Notes with the request")
    for one in story.conversation.requests:
        if one.notes:
            yield f"{label} ({teller.manners.both(one.at)})\n{clean(one.notes)}"


def diagnoses(conversation: Conversation, teller: Teller) -> Iterator[str]:
    for one in conversation.diagnoses:
        kind = teller.say("Kind of problem: %(category)s", category=teller.word(one.category, CATEGORIES))
        level = teller.say("Confidence: %(level)s", level=teller.word(one.confidence_level, LEVELS))
        yield "\n".join([kind, level, *listed(teller.say("Safety warnings"), one.safety_warnings),
                         *listed(teller.say("Likely causes"), one.likely_causes),
                         *listed(teller.say("Recommended steps"), one.recommended_steps)])  # fmt: skip


def listed(label: str, texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield f"{label}: {clean(text)}"


def steps(conversation: Conversation, teller: Teller) -> Iterator[str]:
    for one in conversation.steps:
        result = teller.word(result_of(one), RESULTS)
        answer = f"\n   “{clean(one.feedback)}”" if one.feedback else ""
        yield f"{one.number}. {clean(one.instruction)}: {result}{answer}"


def messages(told: Iterable[Message], teller: Teller) -> Iterator[str]:
    day = None
    for one in told:
        today = one.at.astimezone(teller.manners.zone).date()
        if today != day:
            yield f"--- {teller.manners.day(one.at)} ---"
            day = today
        kind = f" ({teller.word(one.message_type, MESSAGE_TYPES)})" if one.message_type in MESSAGE_TYPES else ""
        yield f"{teller.manners.clock(one.at)} {teller.word(one.sender, SENDERS)}{kind}:\n{clean(one.content)}"
