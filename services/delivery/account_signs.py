"""What servers' replies say of the account itself: it cannot be reached, or refuses different mails in the same words.

The same refusal for two different mails in a row makes the account suspicious, whatever the reply's code says.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, text

from rules.delivery import BEFORE_MAIL, Phase, ReplyClass, ReplyKind, ReplyScope, ServerReply, same_refusal

# What differs from mail to mail: addresses, ids, numbers.
_OWN_TO_A_MAIL: Final = re.compile(r"\S*[0-9@<]\S*")


@dataclass(frozen=True, slots=True)
class _Refusal:
    """What a server said of a mail to these addresses."""

    mail_id: UUID
    words: frozenset[tuple[Phase, int | None, str | None, str]]
    addresses: frozenset[str]
    by_address: bool

    def is_like(self, other: "_Refusal") -> bool:
        """Not when the same unknown address was refused again: that is the address's fault."""
        same_address = self.by_address and bool(self.addresses & other.addresses)
        return self.mail_id != other.mail_id and bool(self.words & other.words) and not same_address


class _RecentRefusals:
    """The last refusal that this process has seen at an account, until the account takes a mail."""

    def __init__(self) -> None:
        self.last: _Refusal | None = None

    def weigh(
        self, mail_id: UUID, answers: Mapping[str, ServerReply], reply_classes: dict[str, ReplyClass]
    ) -> dict[str, ReplyClass]:
        """The classes as they are, or the account's where the mail before was refused in the same words."""
        if any(reply_class.kind is ReplyKind.ACCEPTED for reply_class in reply_classes.values()):
            self.last = None
            return reply_classes
        refused = {
            address: answers[address]
            for address, reply_class in reply_classes.items()
            if reply_class.kind is ReplyKind.PERMANENT and answers[address].code
        }
        if not refused:
            return reply_classes
        earlier, self.last = self.last, _read_refusal(mail_id, refused, reply_classes)
        if earlier is None or not self.last.is_like(earlier):
            return reply_classes
        return reply_classes | dict.fromkeys(refused, same_refusal())


def _read_refusal(
    mail_id: UUID, refused: Mapping[str, ServerReply], reply_classes: Mapping[str, ReplyClass]
) -> _Refusal:
    words = frozenset(
        (answer.phase, answer.code, answer.enhanced, _OWN_TO_A_MAIL.sub("", answer.text.lower()))
        for answer in refused.values()
    )
    by_address = all(
        answer.phase is Phase.RCPT and reply_classes[address].scope is ReplyScope.RECIPIENT
        for address, answer in refused.items()
    )
    return _Refusal(mail_id, words, frozenset(refused), by_address)


@lru_cache(maxsize=8)
def recent_refusals(account: str) -> _RecentRefusals:
    """Those of this process at this account."""
    return _RecentRefusals()


_LOST = text("""
    UPDATE escalation.mail_accounts SET unreachable_since = clock_timestamp()
    WHERE account = :account AND unreachable_since IS NULL
""")
_FOUND = text("""
    WITH found AS (
        UPDATE escalation.mail_accounts SET unreachable_since = NULL
        WHERE account = :account AND unreachable_since IS NOT NULL RETURNING account
    )
    UPDATE escalation.mail_recipients SET next_attempt_at = clock_timestamp()
    WHERE EXISTS (SELECT FROM found) AND state = 'deferred' AND reply_phase = ANY(CAST(:phases AS text[]))
""")


def not_reached(connection: Connection, account: str) -> None:
    """Remember that the server could not be reached, so that one mail at a time finds out when it can."""
    connection.execute(_LOST, {"account": account})


def reached(connection: Connection, account: str) -> int:
    """The server answered: mails that were deferred because it had not are due now; how many."""
    phases = sorted(phase.value for phase in BEFORE_MAIL)
    return connection.execute(_FOUND, {"account": account, "phases": phases}).rowcount
