"""A message to be."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from rules.delivery import Lane, MailTemplate, PushKind
from services.database.encoding import derive_id


@dataclass(frozen=True, slots=True)
class NewMail:
    """A message to be: what it is about, how urgent, and to whom.

    `cause` names why it exists and makes its id; `apart_seconds` is the distance kept to the ticket's previous mail.
    """

    cause: tuple[str, ...]
    template: MailTemplate | PushKind
    recipients: tuple[str, ...]
    rank: int
    ticket_id: str | None = None
    session_id: str | None = None
    language: str = "en"
    content: dict[str, Any] = field(default_factory=dict)
    published_at: datetime | None = None
    apart_seconds: float = 0.0

    @property
    def mail_id(self) -> UUID:
        return derive_id("mail", self.template, *self.cause)

    @property
    def lane(self) -> Lane:
        """Safety mail has a lane of its own, and what is no mail."""
        if isinstance(self.template, PushKind):
            return Lane.PUSH
        return Lane.URGENT if self.rank == 0 else Lane.NORMAL
