"""What a ticket's reader has to find out, as words to translate."""

from collections.abc import Iterator
from typing import Final

from services.conversation import Conversation
from services.directory import MachineRecord, Person

UNKNOWN_WORDS: Final = (
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


def list_unknown(
    user: Person | None, machine: MachineRecord | None, language: str | None, conversation: Conversation
) -> tuple[str, ...]:
    """List what nobody knows, in the order of UNKNOWN_WORDS; a missing user or machine stands for all its parts."""
    missing = {*_list_unknown_user(user), *_list_unknown_machine(machine)}
    facts = {
        "language": language,
        "conversation": conversation.messages,
        "diagnosis": conversation.diagnosis,
        "steps": conversation.steps,
    }
    missing.update(name for name, value in facts.items() if not value)
    return tuple(word for word in UNKNOWN_WORDS if word in missing)


def _list_unknown_user(user: Person | None) -> Iterator[str]:
    if user is None:
        yield "user"
        return
    if not user.name:
        yield "user_name"
    if not user.email:
        yield "user_email"
    if user.organisation is None:
        yield "organisation"


def _list_unknown_machine(machine: MachineRecord | None) -> Iterator[str]:
    if machine is None:
        yield "machine"
    elif machine.hours is None:
        yield "machine_hours"
