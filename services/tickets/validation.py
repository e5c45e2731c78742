"""What staff type: names and notes, checked before they are stored and shown."""

import unicodedata
from uuid import UUID

from sqlalchemy import Connection

from models.abparts import User
from rules.ticket_states import Refusal, UnknownExpert
from services.directory.tables import find_readable, select_rows

_LONGEST_NAME = 120
_LONGEST_NOTE = 4_000


class UnfitText(Refusal, ValueError):
    """A name or note cannot be used; the text says why, without repeating it."""


def checked_name(name: str) -> str:
    """One printable line.

    :raises UnfitText: it is empty, too long, or has control characters
    """
    name = " ".join(name.split())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise UnfitText("A name should be one line of 1 to %(most)s printable characters.", most=_LONGEST_NAME)
    return name


def checked_note(note: str) -> str:
    """Some lines of text.

    :raises UnfitText: it is empty, too long, or has control characters
    """
    note = note.replace("\r\n", "\n").strip()
    if not note:
        raise UnfitText("Write something first.")
    if len(note) > _LONGEST_NOTE:
        raise UnfitText(
            "The text is %(num)s character too long; %(most)s fit.",
            "The text is %(num)s characters too long; %(most)s fit.",
            num=len(note) - _LONGEST_NOTE,
            most=_LONGEST_NOTE,
        )
    if any(unicodedata.category(letter) in {"Cc", "Cs"} and letter not in "\n\t" for letter in note):
        raise UnfitText("The text should have no control characters.")
    return note


def checked_expert(connection: Connection, number: str, expert: str) -> tuple[str, bool]:
    """The id as ABParts writes it, and whether it could be checked: without the right to read users any id is taken.

    :raises UnknownExpert: ABParts has no such user
    """
    known = find_readable(connection, User)
    if "id" not in known.get(User.name, ()):
        return expert, False
    try:
        user_id = UUID(expert)
    except ValueError:
        raise UnknownExpert(number, expert) from None
    if not select_rows(connection, known, User, [user_id]):
        raise UnknownExpert(number, expert)
    return str(user_id), True
