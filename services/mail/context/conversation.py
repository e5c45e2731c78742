"""What was said and tried, as much of it as a mail can hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.conversation import Message, Step
from services.mail.i18n.labels import MESSAGE_TYPES, RESULTS, SENDERS
from services.mail.i18n.presenter import Excerpt, Teller
from services.mail.sanitize import direction
from services.ticket_details import Story


@dataclass(frozen=True, slots=True)
class Said:
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
class Tried:
    """A step; `result` is one of `services.mail.i18n.labels.RESULTS` and `result_words` says it."""

    number: int
    instruction: str
    feedback: str
    result: str
    result_words: str


def conversation(story: Story, teller: Teller) -> Excerpt[Said]:
    """The beginning and the end of what was said."""
    messages, limits = story.conversation.messages, teller.limits
    part = teller.excerpt(messages, limits.head, limits.tail)
    head, last = said(part.head, None, teller)
    tail, _ = said(part.tail, last, teller)
    return Excerpt(head, part.omitted, tail)


def said(messages: Sequence[Message], day: date | None, teller: Teller) -> tuple[list[Said], date | None]:
    told = []
    for message in messages:
        today = message.at.astimezone(teller.manners.zone).date()
        told.append(said_of(message, today != day, teller))
        day = today
    return told, day


def said_of(message: Message, new_day: bool, teller: Teller) -> Said:
    return Said(
        sender=message.sender,
        who=teller.word(message.sender, SENDERS),
        kind="" if message.message_type == "text" else teller.word(message.message_type, MESSAGE_TYPES),
        clock=teller.manners.clock(message.at),
        day=f"{teller.manners.day(message.at)}{teller.manners.comma}{teller.manners.place}" if new_day else "",
        text=teller.long(message.content),
    )


def steps(story: Story, teller: Teller) -> Excerpt[Tried]:
    """The first and the last steps."""
    half = teller.limits.entries // 2
    part = teller.excerpt(story.conversation.steps, half, half)
    return Excerpt([tried(one, teller) for one in part.head], part.omitted, [tried(one, teller) for one in part.tail])


def tried(step: Step, teller: Teller) -> Tried:
    result = result_of(step)
    return Tried(
        number=step.number,
        instruction=teller.short(step.instruction),
        feedback=teller.short(step.feedback),
        result=result,
        result_words=teller.word(result, RESULTS),
    )


def result_of(step: Step) -> str:
    if step.success is not None:
        return "helped" if step.success else "failed"
    return "untold" if step.completed else "waiting"


def summary(story: Story, teller: Teller) -> str:
    """How many steps were tried and how many of them helped; nothing where none was."""
    done = [step for step in story.conversation.steps if step.completed]
    if not done:
        return teller.say("Nothing has been tried yet.")
    helped = sum(step.success is True for step in done)
    if helped:
        figures = {"tried": teller.manners.number(len(done)), "helped": teller.manners.number(helped)}
        return teller.say("Steps tried: %(tried)s. Of these helped: %(helped)s.", **figures)
    return teller.count(
        "%(number)s step was tried and did not help.", "%(number)s steps were tried; none of them helped.", len(done)
    )
