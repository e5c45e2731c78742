"""ABParts before and while the worker is switched on: its tables, its old sessions, and all that goes on."""

import threading
from contextlib import closing
from typing import Any

import psycopg2
from sqlalchemy import Connection, text

from models import shared
from models.metadata import SHARED

OLD_SESSIONS = 1_000
ASSISTANT = [
    table.name
    for table in (
        shared.AiSession,
        shared.AiMessage,
        shared.TroubleshootingStep,
        shared.SupportTicket,
        shared.EscalationTrigger,
    )
]
SESSIONS = text("""
    INSERT INTO public.ai_sessions SELECT 'old-' || n, 'user', NULL, 'active', 'en', now(), now(), NULL
    FROM generate_series(0, :last) AS n
""")
MESSAGES = text("""
    INSERT INTO public.ai_messages
    SELECT 'm-' || n, 'old-' || n, 'user', 'the net stays dirty', 'text', 'en', now(), NULL
    FROM generate_series(0, :last) AS n
""")


def as_today(connection: Connection) -> None:
    """The assistant's tables, with old sessions of a message each."""
    SHARED.create_all(connection, [SHARED.tables[f"public.{name}"] for name in ASSISTANT])
    for statement in (SESSIONS, MESSAGES):
        connection.execute(statement, {"last": OLD_SESSIONS - 1})


class AbParts(threading.Thread):
    """Goes on inserting sessions and messages as ABParts does; waits for no lock longer than 50 ms."""

    def __init__(self, database_url: str) -> None:
        super().__init__()
        self.database_url = database_url
        self.ended = threading.Event()
        self.sessions: list[str] = []
        self.errors: list[str] = []

    def run(self) -> None:
        with closing(psycopg2.connect(self.database_url, options="-c lock_timeout=50ms")) as connection:
            while not self.ended.wait(0.005):
                try:
                    self.one_message(connection, f"new-{len(self.sessions) // 3}")
                    connection.commit()
                except psycopg2.Error as error:
                    connection.rollback()
                    self.errors.append(str(error))

    def one_message(self, connection: Any, session: str) -> None:
        """Select, insert the session when it is not there, and the message, in one transaction."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM ai_sessions WHERE id = %s", (session,))
            if cursor.fetchone() is None:
                cursor.execute(
                    "INSERT INTO ai_sessions VALUES (%s, 'user', NULL, 'active', 'en', now(), now(), NULL)", (session,)
                )
            cursor.execute("UPDATE ai_sessions SET updated_at = now() WHERE id = %s", (session,))
            cursor.execute(
                "INSERT INTO ai_messages VALUES (%s, %s, 'user', 'hello', 'text', 'en', now(), NULL)",
                (f"{session}-{len(self.sessions)}", session),
            )
        self.sessions.append(session)
