"""Mails that a sender holds: claimed, loaded and composed ahead, the gravest first."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from services.delivery.claim import ClaimedMail
from services.mail.compose import ComposedMail, LoadedMail, compose_loaded, load_for_composing
from tasks.delivery.sender import Claim

logger = structlog.get_logger()

# Composed mails that wait for a connection: enough to go on while the disk takes long over a commit, few enough to
# stay fresh.
_MOST_READY: Final = 50


@dataclass(slots=True)
class HeldMail:
    """A mail in hand. No `message`: it is to be composed, or could not be. `counted`: it has its place in the rates.

    `asked_at`: when its server was last given something to answer (monotonic).
    """

    mail: ClaimedMail
    claim: Claim
    loaded: LoadedMail | None
    message: ComposedMail | None = None
    counted: bool = False
    asked_at: float = 0.0

    def compose(self) -> None:
        """Make the message; whatever mistake is in one mail's data must not keep the others from leaving."""
        if self.loaded is None:
            return
        try:
            self.message = compose_loaded(self.loaded, self.mail.trace, short=self.mail.short)
        except Exception:
            logger.exception("mail_not_composed", **self.mail.trace)


class Stock:
    """Safety mail overtakes whatever waits here."""

    def __init__(self) -> None:
        self._claimed: deque[HeldMail] = deque()
        self.ready: deque[HeldMail] = deque()

    def __len__(self) -> int:
        return len(self._claimed) + len(self.ready)

    @property
    def may_compose(self) -> bool:
        """Whether a mail waits to be composed and there is room for it."""
        return bool(self._claimed) and (len(self.ready) < _MOST_READY or self._claimed[0].mail.urgent)

    def add(self, claim: Claim, loaded: Mapping[UUID, LoadedMail]) -> None:
        """Take up what was claimed."""
        for mail in claim.mails:
            _insert(self._claimed, HeldMail(mail, claim, loaded.get(mail.mail_id)))

    def compose_next(self) -> None:
        """Compose the gravest mail that is not yet."""
        held = self._claimed.popleft()
        held.compose()
        _insert(self.ready, held)

    def put_back(self, held: HeldMail) -> None:
        """A mail that was not offered after all is the next one again."""
        self.ready.appendleft(held)

    def take_any(self) -> HeldMail | None:
        """The gravest mail, composed or not."""
        waiting = self.ready or self._claimed
        return waiting.popleft() if waiting else None

    def clear(self) -> list[HeldMail]:
        """All mails, to be given back."""
        held = [*self.ready, *self._claimed]
        self.ready.clear()
        self._claimed.clear()
        return held


def _insert(waiting: "deque[HeldMail]", held: HeldMail) -> None:
    if held.mail.urgent:
        waiting.insert(sum(other.mail.urgent for other in waiting), held)
    else:
        waiting.append(held)


def load_claimed(connection: Connection, mails: Sequence[ClaimedMail]) -> dict[UUID, LoadedMail]:
    """What the mails are made of: together, and one by one when the data of one is broken."""
    try:
        return load_for_composing(connection, [mail.mail_id for mail in mails])
    except SQLAlchemyError:
        raise
    except Exception:
        if len(mails) == 1:
            logger.exception("mail_not_loaded", **mails[0].trace)
            return {}
        return {mail_id: loaded for mail in mails for mail_id, loaded in load_claimed(connection, [mail]).items()}
