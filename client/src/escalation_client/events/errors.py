"""What is wrong with an event, said so that its publisher can fix it."""

import reprlib
from typing import Any
from uuid import UUID

SHOWN = 80


class Unfit(ValueError):
    """A value that its member cannot take; the text says what would be right."""


class InvalidEvent(ValueError):
    """An event that cannot be used.

    `member` is the dotted name of what is wrong, `value` a short form of what stood there, `expected` what would be
    right. `event_id` and `session_id` are set when they could be read.
    """

    def __init__(self, member: str, value: Any, expected: str) -> None:
        self.member = member
        self.value = shorten(value)
        self.expected = expected
        self.event_id: UUID | None = None
        self.session_id: str | None = None
        super().__init__(f"{member} is {self.value}; expected {expected}")

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception that crosses processes is built again from its arguments.
        return type(self).__new__, (type(self), *self.args), self.__dict__


def shorten(value: Any) -> str:
    """A printable form of a value, at most 80 characters, also of a huge or deep one."""
    shortener = reprlib.Repr()
    shortener.maxstring = shortener.maxother = SHOWN
    shown = shortener.repr(value)
    return shown if len(shown) <= SHOWN else shown[: SHOWN - 1] + "…"
