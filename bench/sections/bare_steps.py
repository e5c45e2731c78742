"""The least that a ticket and its mail take: an entry in the stream, their rows in one commit, one conversation."""

import re
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from uuid import UUID, uuid4

import psycopg2
from psycopg2.extensions import cursor as Cursor

from bench.letter import SENDER, TO, letter
from bench.mix import escalating
from bench.sections.events import drained
from bench.sections.mails import mail_server
from bench.stand import Stand

# Those of the audit log are written by triggers, and the counter's row is there already.
TABLES = (
    "public.ai_sessions",
    "escalation.sessions",
    "escalation.event_inbox",
    "public.support_tickets",
    "public.escalation_triggers",
    "escalation.tickets",
    "escalation.outcomes",
    "escalation.mails",
    "escalation.mail_recipients",
)
COLUMNS = """
    SELECT quote_ident(attname) FROM pg_attribute
    WHERE attrelid = CAST(%s AS regclass) AND attnum > 0 AND NOT attisdropped AND attidentity = ''
"""
NAME = "bare"
ID = re.compile(rb"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")
NUMBER = re.compile(rb"(AB-\d{8})-0001")

Pace = Callable[[list[str], Callable[[str], None]], dict[str, float]]


def bare_steps(stand: Stand, count: int, pace: Pace) -> list[float]:
    """Seconds of so many times all three steps, one after the other, over connections that are open.

    :param pace: calls what it is given for each of these names, and returns when it did
    """
    whole, done = letter("AB-20260101-0001").as_bytes(), {}
    with (
        stand.round() as one,
        mail_server(stand, secured=False) as server,
        closing(psycopg2.connect(one.url)) as connection,
        connection.cursor() as cursor,
    ):
        (event,) = escalating(1, NAME)
        drained(one, [event])
        one.family.started[0].stop()
        rows = rows_of_ticket(cursor)
        connection.commit()
        transactions = {f"{NAME}-{number}": renamed(rows, number) for number in range(1, count + 1)}

        def take(name: str) -> None:
            one.publish([event])
            cursor.execute(transactions[name])
            connection.commit()
            server.sendmail(SENDER, [TO], whole)
            done[name] = time.time()

        began = pace(list(transactions), take)
    return [done[name] - at for name, at in began.items()]


def rows_of_ticket(cursor: Cursor) -> bytes:
    """Statements that write all rows of the only ticket that is there, one for each table."""
    statements = []
    for table in TABLES:
        cursor.execute(COLUMNS, [table])
        names = [name for (name,) in cursor.fetchall()]
        cursor.execute(f"SELECT {', '.join(f'{name}::text' for name in names)} FROM {table}")
        (row,) = cursor.fetchall()
        statements.append(cursor.mogrify(f"INSERT INTO {table} ({', '.join(names)}) VALUES %s", [row]))
    return b";".join(statements)


def renamed(statements: bytes, number: int) -> bytes:
    """The same for another ticket: with ids, a session and a ticket's number of its own."""
    fresh: defaultdict[bytes, UUID] = defaultdict(uuid4)
    statements = ID.sub(lambda found: str(fresh[found[0].replace(b"-", b"")]).encode(), statements)
    statements = NUMBER.sub(rb"\1-%04d" % (number + 1), statements)
    return statements.replace(f"{NAME}-0".encode(), f"{NAME}-{number}".encode())
