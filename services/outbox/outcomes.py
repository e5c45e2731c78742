"""What the assistant is told: written in the transaction of its cause, published to Redis later, at least once."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import structlog
from redis import Redis
from sqlalchemy import Connection, text

from config.settings import TEMPLATES_FOLDER
from rules.delivery import TICKET_NEWS, PushKind
from services.database.encoding import derive_text, json_text, sql_list
from services.database.prepared import prepared
from services.database.quick import fetch, write
from services.database.unnest import json_array, json_list
from services.events.stream import OUTCOMES

_SENTENCES = TEMPLATES_FOLDER / "say.toml"
_FALLBACK = "en"
# Whoever is on duty was sent it, by one way or the other.
_SAME_WORDS = {"push.accepted": "mail.accepted"}


@lru_cache(maxsize=1)
def _sentences() -> dict[str, dict[str, str]]:
    return tomllib.loads(_SENTENCES.read_text(encoding="utf-8"))


def _say(kind: str, language: str | None, *, number: str | None = None, safety: bool = False) -> str | None:
    """The sentence for an outcome; nothing is claimed about a human before a server accepted the message."""
    known, kind = _sentences(), _SAME_WORDS.get(kind, kind)
    by_language = known.get(f"{kind}.safety" if safety else kind) or known.get(kind)
    if by_language is None:
        return None
    return by_language.get(language or _FALLBACK, by_language[_FALLBACK]).format(number=number or "")


logger = structlog.get_logger()

_VERSION = 1


@dataclass(frozen=True, slots=True)
class NewOutcome:
    """One outcome; `cause` names what brought it about, and its id is made from it."""

    cause: tuple[object, ...]
    type: str
    session_id: str | None
    language: str | None = None
    event_id: UUID | None = None
    ticket_id: str | None = None
    ticket_number: str | None = None
    priority: str | None = None
    reasons: tuple[str, ...] = ()
    contact: dict[str, Any] | None = None
    phrase: str | None = None
    message_id: str | None = None
    outcome_id: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "outcome_id", derive_text("outcome", self.type, *self.cause))

    def payload(self, now: datetime) -> dict[str, Any]:
        members: dict[str, Any] = {
            "id": self.outcome_id,
            "version": _VERSION,
            "type": self.type,
            "session_id": self.session_id,
            "event_id": str(self.event_id) if self.event_id else None,
            "ticket_id": self.ticket_id,
            "ticket_number": self.ticket_number,
            "priority": self.priority,
            "reasons": list(self.reasons),
            "occurred_at": now.isoformat(),
            "contact": self.contact,
            "phrase": self.phrase,
            "message_id": self.message_id,
            "say": _say(self.type, self.language, number=self.ticket_number, safety="safety_concern" in self.reasons),
        }
        return {name: value for name, value in members.items() if value is not None}


_INSERT = prepared(f"""
    INSERT INTO escalation.outcomes (outcome_id, session_id, payload)
    SELECT * FROM unnest(CAST(:outcome_ids AS uuid[]), CAST(:session_ids AS text[]), {json_array("payloads")})
    ON CONFLICT (outcome_id) DO NOTHING
""")


def queue_outcomes(connection: Connection, outcomes: Sequence[NewOutcome]) -> None:
    """Write outcomes into the transaction of what they tell; a repeat writes nothing."""
    write(connection, _INSERT, _columns_of(outcomes))


def _columns_of(outcomes: Sequence[NewOutcome]) -> dict[str, Any]:
    """The parameters of a statement that writes them, as of now."""
    now = datetime.now(UTC)
    return {
        "outcome_ids": [outcome.outcome_id for outcome in outcomes],
        "session_ids": [outcome.session_id for outcome in outcomes],
        "payloads": json_list([json_text(outcome.payload(now)) for outcome in outcomes]),
    }


# The event is for the log: outcomes of mails do not name one.
_WAITING = text("""
    SELECT outcome_id, payload, coalesce(payload->>'event_id', (
        SELECT i.event_id::text FROM escalation.event_inbox AS i
        WHERE i.session_id = o.session_id AND i.ticket_id = o.payload->>'ticket_id'
        ORDER BY i.received_at, i.event_id LIMIT 1)) AS event_id
    FROM escalation.outcomes AS o
    WHERE published_at IS NULL ORDER BY position LIMIT :limit FOR UPDATE OF o SKIP LOCKED
""")
_PUBLISHED = text("""
    UPDATE escalation.outcomes SET published_at = clock_timestamp() WHERE outcome_id = ANY(CAST(:ids AS uuid[]))
""")


def relay(connection: Connection, redis: Redis, limit: int, keep: int) -> int:
    """Publish waiting outcomes and mark them; a crash between the two publishes them again with the same id."""
    rows = connection.execute(_WAITING, {"limit": limit}).all()
    if not rows:
        return 0
    with redis.pipeline(transaction=False) as pipeline:
        for row in rows:
            pipeline.xadd(OUTCOMES, {"outcome": json_text(row.payload)}, maxlen=keep)
        pipeline.execute()
    connection.execute(_PUBLISHED, {"ids": [str(row.outcome_id) for row in rows]})
    for row in rows:
        _log_outcome(row.payload, row.event_id)
    return len(rows)


def _log_outcome(payload: dict[str, Any], event_id: str | None) -> None:
    """What came of a session, by ids: the lines to search the log for."""
    logger.info(
        "outcome_published",
        type=payload["type"],
        event_id=event_id,
        session_id=payload.get("session_id"),
        ticket=payload.get("ticket_number"),
        priority=payload.get("priority"),
        reasons=payload.get("reasons"),
    )


_TICKETS_OF = prepared(f"""
    SELECT m.mail_id, m.ticket_id, m.session_id, t.ticket_number, t.priority, t.reasons, s.language
    FROM escalation.mails AS m
    JOIN escalation.tickets AS t ON t.ticket_id = m.ticket_id
    LEFT JOIN escalation.sessions AS s ON s.session_id = m.session_id
    WHERE m.mail_id = ANY(CAST(:mail_ids AS uuid[])) AND m.template IN {sql_list(*TICKET_NEWS, PushKind.OPENED)}
""")


def acceptances(connection: Connection, mail_ids: Sequence[UUID]) -> dict[UUID, NewOutcome]:
    """What to tell the assistant, that a human has it, as soon as a mail server has accepted one of these mails."""
    return _of_mails(connection, "mail.accepted", mail_ids)


def push_acceptances(connection: Connection, mail_ids: Sequence[UUID]) -> dict[UUID, NewOutcome]:
    """What to tell the assistant as soon as a push service has taken one of these messages."""
    return _of_mails(connection, "push.accepted", mail_ids)


def mail_held(connection: Connection, mail_ids: Sequence[UUID]) -> None:
    """Tell the assistant that nobody has been reached yet."""
    outcomes = list(_of_mails(connection, "mail.held", mail_ids).values())
    if outcomes:
        queue_outcomes(connection, outcomes)


def _of_mails(connection: Connection, kind: str, mail_ids: Sequence[UUID]) -> dict[UUID, NewOutcome]:
    """An outcome by mail; mails that bring no news of a ticket have none."""
    rows = fetch(connection, _TICKETS_OF, {"mail_ids": [str(mail_id) for mail_id in mail_ids]})
    return {
        row["mail_id"]: NewOutcome(
            cause=(row["mail_id"],),
            type=kind,
            session_id=row["session_id"],
            language=row["language"],
            ticket_id=row["ticket_id"],
            ticket_number=row["ticket_number"],
            priority=row["priority"],
            reasons=tuple(row["reasons"]),
        )
        for row in rows
    }
