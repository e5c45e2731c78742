"""Who and which machine a session is about: from its announcement, else from ABParts' own row."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

from rules.decision import SessionState

READ = text("""
    SELECT id, user_id, machine_id, language, session_metadata FROM public.ai_sessions
    WHERE id = ANY(CAST(:session_ids AS text[]))
""")


@dataclass(frozen=True, slots=True)
class KnownSession:
    """A session's user, machine and language as far as anybody has told us."""

    session_id: str
    user_id: str | None
    machine_id: str | None
    language: str | None
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def machine_context(self) -> dict[str, Any] | None:
        """What the assistant itself had gathered of the machine."""
        context = self.metadata.get("machine_context")
        return context if isinstance(context, dict) else None


def known_sessions(connection: Connection, states: Sequence[SessionState]) -> dict[str, KnownSession]:
    """What is known of these sessions, by id; one that ABParts never stored is known by its events alone."""
    rows = connection.execute(READ, {"session_ids": [state.session_id for state in states]}).mappings()
    stored = {row["id"]: row for row in rows}
    return {state.session_id: combine(state, dict(stored.get(state.session_id, {}))) for state in states}


def combine(state: SessionState, row: dict[str, Any]) -> KnownSession:
    metadata = row.get("session_metadata")
    return KnownSession(
        session_id=state.session_id,
        user_id=state.user_id or row.get("user_id"),
        machine_id=state.machine_id or row.get("machine_id"),
        language=state.language or row.get("language"),
        metadata=metadata if isinstance(metadata, dict) else {},
    )
