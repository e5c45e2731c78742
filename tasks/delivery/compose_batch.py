"""Composing the mails of a batch: together, and one by one when one of them cannot be composed."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from services.delivery.claim import ClaimedMail
from services.mail.compose import ComposedMail

logger = structlog.get_logger()

_Composed = dict[tuple[UUID, bool], ComposedMail]


class Compose(Protocol):
    """What makes messages out of mails."""

    def __call__(
        self, connection: Connection, mail_ids: Sequence[UUID], *, short: bool = False
    ) -> dict[UUID, ComposedMail]: ...


def compose_all(connection: Connection, compose: Compose, mails: Sequence[ClaimedMail]) -> _Composed:
    """The messages by mail and length; one that fails is missing, and stops no other."""
    composed: _Composed = {}
    for short in (False, True):
        alike = [mail for mail in mails if mail.short is short]
        if alike:
            messages = _together_or_alone(connection, compose, alike, short)
            composed.update({(mail_id, short): message for mail_id, message in messages.items()})
    return composed


def _together_or_alone(
    connection: Connection, compose: Compose, mails: Sequence[ClaimedMail], short: bool
) -> dict[UUID, ComposedMail]:
    try:
        with connection.begin():
            return compose(connection, [mail.mail_id for mail in mails], short=short)
    except SQLAlchemyError:
        raise
    except Exception:
        # Any mistake in one mail's data or template must not keep the others from leaving.
        if len(mails) == 1:
            logger.exception("mail_not_composed", **mails[0].trace)
            return {}
        alone = [_together_or_alone(connection, compose, [mail], short) for mail in mails]
        return {mail_id: message for messages in alone for mail_id, message in messages.items()}
