"""A session's conversation and all that was found out in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.conversation.models import Confidence, Diagnosis, Evidence, Message, Request, Step

_LONGEST: Final = 4_000
_LONGEST_QUOTE: Final = 300
_SESSION_UNKNOWN: Final = "The session is unknown: the assistant had lost its id.\n"
_MOST_STEPS: Final = 12
_REPEATED_WITHIN: Final = timedelta(minutes=1)
RESULTS: Final = {True: "helped", False: "did not help", None: "result unknown"}


def _summarise(messages: Sequence[Message], steps: Sequence[Step], diagnosis: Diagnosis | None) -> str:
    """The problem, what was tried and what is unknown."""
    said = [message for message in messages if message.is_from_user]
    lines = [*_describe_problem(said, diagnosis), *_describe_steps(steps), *_list_missing(said, steps, diagnosis)]
    return "\n".join(lines)


def _describe_problem(said: Sequence[Message], diagnosis: Diagnosis | None) -> Iterator[str]:
    if said:
        yield f"The user wrote first: {_quote(said[0].content)}"
    if len(said) > 1:
        yield f"The user wrote last: {_quote(said[-1].content)}"
    if diagnosis:
        yield f"Diagnosis: {_flatten(diagnosis.category)}, confidence {diagnosis.confidence_level.replace('_', ' ')}"
        if diagnosis.likely_causes:
            yield f"Likely causes: {_join_texts(diagnosis.likely_causes)}"
        if diagnosis.safety_warnings:
            yield f"Safety warnings: {_join_texts(diagnosis.safety_warnings)}"


def _describe_steps(steps: Sequence[Step]) -> Iterator[str]:
    done = [step for step in steps if step.completed]
    if not done:
        return
    helped = sum(step.success is True for step in done)
    yield f"Tried: {len(done)} {'step' if len(done) == 1 else 'steps'}, {helped or 'none'} of them helped"
    for step in done[-_MOST_STEPS:]:
        feedback = f" {_quote(step.feedback)}" if step.feedback else ""
        yield f"{step.number}. {_flatten(step.instruction) or 'step'}: {RESULTS[step.success]}{feedback}"


def _list_missing(said: Sequence[Message], steps: Sequence[Step], diagnosis: Diagnosis | None) -> Iterator[str]:
    missing = []
    if not said:
        missing.append("what the user says")
    if diagnosis is None:
        missing.append("a diagnosis")
    if not any(step.completed for step in steps):
        missing.append("what was tried")
    if waiting := [step.number for step in steps if not step.completed]:
        missing.append(f"how step {', '.join(map(str, waiting))} went")
    if missing:
        yield f"Unknown: {'; '.join(missing)}"


def _join_texts(texts: Sequence[str]) -> str:
    return "; ".join(map(_flatten, texts))


def _quote(text: str) -> str:
    return f'"{_flatten(text)}"'


def _flatten(text: str) -> str:
    """One line without control characters, cut where it is long."""
    line = " ".join(text.split())
    return _cut(line if line.isprintable() else "".join(filter(str.isprintable, line)), _LONGEST_QUOTE)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What was said, tried and thought, in the order of its time; steps in the order of their numbers.

    `session_unknown` says that the assistant had lost the session's id, so that the id is one of our own.
    """

    session_id: str
    messages: tuple[Message, ...] = ()
    steps: tuple[Step, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    session_unknown: bool = False

    @property
    def distinct_messages(self) -> tuple[Message, ...]:
        """The messages without repetitions: ABParts stores a clarification twice, under two ids."""
        kept: list[Message] = []
        latest: dict[tuple[str, str], datetime] = {}
        for message in self.messages:
            text = (message.sender, " ".join(message.content.split()))
            if text not in latest or message.at - latest[text] > _REPEATED_WITHIN:
                kept.append(message)
            latest[text] = message.at
        return tuple(kept)

    @property
    def diagnosis(self) -> Diagnosis | None:
        """The latest."""
        return self.diagnoses[-1] if self.diagnoses else None

    @property
    def category(self) -> str | None:
        """The kind of problem by the latest diagnosis; it may be any text."""
        return self.diagnosis.category if self.diagnosis else None

    def message(self, message_id: str | None) -> Message | None:
        """The message with this id."""
        return next((message for message in self.messages if message.message_id == message_id), None)

    def summary(self, limit: int = _LONGEST) -> str:
        """The session in some lines of plain text: the problem, what was tried, what is unknown."""
        text = _summarise(self.distinct_messages, self.steps, self.diagnosis)
        return _cut(_SESSION_UNKNOWN + text if self.session_unknown else text, limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation(Story):
    """A session's story and all else that is known of it.

    `evidence` holds whatever the rules fired for, `hurt` what was said of injuries (said, denied, unknown).
    """

    confidences: tuple[Confidence, ...] = ()
    requests: tuple[Request, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    hurt: str = "unknown"
