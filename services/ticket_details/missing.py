"""What a ticket's reader has to find out, as words to translate."""

from collections.abc import Iterator
from typing import Final

from services.conversation import Conversation
from services.directory import MachineRecord, Person

WORDS: Final = (
    "user",
    "user_name",
    "user_email",
    "organisation",
    "machine",
    "machine_hours",
    "language",
    "conversation",
    "diagnosis",
    "steps",
)


def unknown_of(
    user: Person | None, machine: MachineRecord | None, language: str | None, conversation: Conversation
) -> tuple[str, ...]:
    """Those of WORDS that nobody knows, in that order; a missing user or machine stands for all of its parts."""
    missing = {*unknown_user(user), *_unknown_machine(machine)}
    facts = {
        "language": language,
        "conversation": conversation.messages,
        "diagnosis": conversation.diagnosis,
        "steps": conversation.steps,
    }
    missing.update(name for name, value in facts.items() if not value)
    return tuple(word for word in WORDS if word in missing)


def unknown_user(user: Person | None) -> Iterator[str]:
    if user is None:
        yield "user"
        return
    if not user.name:
        yield "user_name"
    if not user.email:
        yield "user_email"
    if user.organisation is None:
        yield "organisation"


def _unknown_machine(machine: MachineRecord | None) -> Iterator[str]:
    if machine is None:
        yield "machine"
    elif machine.hours is None:
        yield "machine_hours"
