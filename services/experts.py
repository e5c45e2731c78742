"""Experts that a ticket is given to: an id that nobody has would stop the ladder, and nobody would come."""

from uuid import UUID

from sqlalchemy import Connection

from models.abparts import User
from rules.ticket_states import UnknownExpert
from services.directory.tables import readable, rows_of


def checked_expert(connection: Connection, number: str, expert: str) -> tuple[str, bool]:
    """The id as ABParts writes it, and whether it could be checked: without the right to read users any id is taken.

    :raises UnknownExpert: ABParts has no such user
    """
    known = readable(connection, User)
    if "id" not in known.get(User.__tablename__, ()):
        return expert, False
    try:
        user_id = UUID(expert)
    except ValueError:
        raise UnknownExpert(number, expert) from None
    if not rows_of(connection, known, User, "id", [user_id]):
        raise UnknownExpert(number, expert)
    return str(user_id), True
