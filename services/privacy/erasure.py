"""Removes a person from what is ours: texts, names and addresses go; ticket numbers, times and counts stay.

Of ABParts' own tables only the words are cleared that the worker wrote into tickets. ABParts' own erasure fails while a
ticket refers to one of the person's sessions; what has to go first is said here, and deleted on request.
"""

import json
from dataclasses import dataclass

from sqlalchemy import Connection, text

from models.abparts import User
from models.erased import bare
from rules.delivery import MailTemplate
from services.directory.tables import find_readable

ERASED = "erased"


class MailOnItsWay(Exception):
    """Mails that tell of the person have not been accepted yet; erasing them would hide that nobody was reached."""


class NotAllowed(Exception):
    """The role may not change the audit log, which is append-only for the worker's own."""


@dataclass(frozen=True, slots=True)
class _Traces:
    """Where the person is: sessions, their tickets, and the person's own address.

    `searched`: False when ABParts has users that this role may not read, so that the address is unknown.
    """

    sessions: list[str]
    tickets: list[str]
    address: str | None
    searched: bool


_SESSIONS = text("""
    SELECT session_id FROM escalation.sessions WHERE user_id = :user_id
    UNION SELECT id FROM public.ai_sessions WHERE CAST(user_id AS text) = :user_id
    UNION SELECT session_id FROM escalation.event_inbox
    WHERE type = 'session.started' AND payload -> 'data' ->> 'user_id' = :user_id
    UNION SELECT row_id FROM escalation.audit_log
    WHERE table_name = 'ai_sessions' AND row_id IS NOT NULL AND (
        :user_id IN (old ->> 'user_id', new ->> 'user_id')
        OR strpos(old #>> '{}', :member) > 0 OR strpos(new #>> '{}', :member) > 0)
    ORDER BY 1
""")
_TICKETS = text("SELECT ticket_id FROM escalation.tickets WHERE session_id = ANY(CAST(:sessions AS text[])) ORDER BY 1")
_ADDRESS_TABLE = text("SELECT to_regclass('public.users') IS NOT NULL")
_ADDRESS = text("SELECT email FROM public.users WHERE CAST(id AS text) = :user_id")
_ALLOWED = text("SELECT has_table_privilege('escalation.audit_log', 'UPDATE')")
_MAY_CLEAR = text("""
    SELECT to_regclass('public.support_tickets') IS NOT NULL
       AND has_column_privilege('public.support_tickets', 'session_summary', 'UPDATE')
       AND has_column_privilege('public.support_tickets', 'resolution_notes', 'UPDATE')
""")
# Foreign keys without ON DELETE, by the tables that hold rows of the sessions or tickets.
_HOLDING_KEYS = text("""
    SELECT CAST(k.conrelid::regclass AS text) AS child, quote_ident(a.attname) AS name,
           k.confrelid = to_regclass('public.support_tickets') AS of_tickets
    FROM pg_constraint AS k JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
    WHERE k.contype = 'f' AND k.confdeltype IN ('a', 'r') AND cardinality(k.conkey) = 1
      AND k.confrelid IN (to_regclass('public.ai_sessions'), to_regclass('public.support_tickets'))
    ORDER BY 3 DESC, 1
""")
# ABParts' erasure deletes these itself before the session (its own order of deletes).
_THEIR_ORDER = frozenset({"ai_messages", "troubleshooting_steps", "ai_sessions"})
_WAITING = text("""
    SELECT count(*) FROM escalation.mail_recipients AS r JOIN escalation.mails AS m USING (mail_id)
    WHERE (m.session_id = ANY(CAST(:sessions AS text[])) OR r.address = :address)
      AND r.state NOT IN ('accepted', 'refused', 'cancelled')
""")
# Of evidence only what is no text of the person's: when, which event, and numbers.
_BARE_REASONS = """(
    SELECT coalesce(jsonb_object_agg(reason, jsonb_strip_nulls(jsonb_build_object(
        'at', e -> 'at', 'event_id', e -> 'event_id', 'rule', e -> 'rule', 'limit', e -> 'limit',
        'observed', CASE WHEN jsonb_typeof(e -> 'observed') = 'number' THEN e -> 'observed' END))), '{}')
    FROM jsonb_each(t.reasons) AS each (reason, e))"""
_BARE_ROW = {row: f"CASE WHEN {row} IS NULL THEN NULL ELSE {bare(row)} END" for row in ("old", "new")}
_OF_PERSON = "session_id = ANY(CAST(:sessions AS text[]))"
_OURS = """SELECT ticket_id FROM escalation.tickets
        WHERE ticket_id = ANY(CAST(:tickets AS text[])) AND NOT adopted"""
_STATEMENTS = {
    # First, so that what changes from now on is kept without texts.
    "erased sessions": """
        INSERT INTO escalation.erased_sessions (session_id) SELECT unnest(CAST(:sessions AS text[]))
        ON CONFLICT DO NOTHING""",
    "events": f"UPDATE escalation.event_inbox SET payload = '{{}}', evidence = '[]' WHERE {_OF_PERSON}",
    "sessions": f"UPDATE escalation.sessions SET user_id = NULL WHERE {_OF_PERSON}",
    "events set aside": f"DELETE FROM escalation.rejected_events WHERE {_OF_PERSON}",
    "outcomes": f"DELETE FROM escalation.outcomes WHERE {_OF_PERSON} AND published_at IS NOT NULL",
    "mails": f"UPDATE escalation.mails SET content = '{{}}' WHERE {_OF_PERSON}",
    "attempts": f"""
        UPDATE escalation.delivery_attempts SET reply = NULL WHERE recipient_id IN (
            SELECT r.recipient_id FROM escalation.mail_recipients AS r JOIN escalation.mails AS m USING (mail_id)
            WHERE m.{_OF_PERSON} OR r.address = :address)""",
    # Whom a notice to the customer went to, also where ABParts has no address any more.
    "addresses": f"""
        UPDATE escalation.mail_recipients SET address = :erased, reply = NULL
        WHERE address <> :erased AND (address = :address OR mail_id IN (
            SELECT mail_id FROM escalation.mails
            WHERE template = '{MailTemplate.CUSTOMER_NOTICE}' AND {_OF_PERSON}))""",
    "tickets": f"UPDATE escalation.tickets AS t SET reasons = {_BARE_REASONS} WHERE t.{_OF_PERSON}",
    "notes": """UPDATE escalation.ticket_actions SET details = '{}'
        WHERE ticket_id = ANY(CAST(:tickets AS text[]))""",
    # What the worker wrote into ABParts' own rows; what ABParts or its staff wrote there is ABParts' business.
    "words in ABParts' tickets": f"""
        UPDATE public.support_tickets SET session_summary = :erased,
            resolution_notes = CASE WHEN resolution_notes IS NULL THEN NULL ELSE :erased END
        WHERE id IN ({_OURS})
          AND (session_summary <> :erased OR coalesce(resolution_notes <> :erased, false))""",
    "audit log": f"""
        UPDATE escalation.audit_log SET old = {_BARE_ROW["old"]}, new = {_BARE_ROW["new"]}
        WHERE row_id = ANY(CAST(:sessions AS text[])) OR row_id = ANY(CAST(:tickets AS text[]))
           OR escalation.session_of(table_name, row_id, coalesce(new, old)) = ANY(CAST(:sessions AS text[]))
           OR escalation.session_of(table_name, row_id, coalesce(old, new)) = ANY(CAST(:sessions AS text[]))""",
}


def traces_of(connection: Connection, user_id: str) -> _Traces:
    """Where a person is, by the id that ABParts gave them."""
    # As it stands in a row that is kept as text (models/audit.py).
    member = f'"user_id":{json.dumps(user_id, ensure_ascii=False)}'
    sessions = list(connection.execute(_SESSIONS, {"user_id": user_id, "member": member}).scalars())
    tickets = list(connection.execute(_TICKETS, {"sessions": sessions}).scalars())
    readable_columns = find_readable(connection, User).get(User.name, frozenset())
    if not readable_columns.issuperset({"id", "email"}):
        return _Traces(sessions, tickets, None, not connection.execute(_ADDRESS_TABLE).scalar_one())
    return _Traces(sessions, tickets, connection.execute(_ADDRESS, {"user_id": user_id}).scalar(), True)


def find_holders(connection: Connection, traces: _Traces) -> dict[str, int]:
    """Rows that must go before ABParts can delete the person's sessions, by table; tickets' own holders first."""
    found: dict[str, int] = {}
    for table, column, of_tickets in connection.execute(_HOLDING_KEYS):
        if table.removeprefix("public.") in _THEIR_ORDER:
            continue
        ids = traces.tickets if of_tickets else traces.sessions
        count = text(f"SELECT count(*) FROM {table} WHERE CAST({column} AS text) = ANY(CAST(:ids AS text[]))")
        if rows := connection.execute(count, {"ids": ids}).scalar_one():
            found[table] = rows
    return found


def delete_holders(connection: Connection, traces: _Traces) -> dict[str, int]:
    """Delete tickets and triggers of the person's sessions, so that ABParts' erasure succeeds; rows by table."""
    return {
        table: connection.execute(
            text(f"DELETE FROM public.{table} WHERE session_id = ANY(CAST(:sessions AS text[]))"),
            {"sessions": traces.sessions},
        ).rowcount
        for table in ("escalation_triggers", "support_tickets")
    }


def erase(connection: Connection, user_id: str) -> dict[str, int]:
    """Remove the person; rows that were changed, by kind. A second time finds the same sessions and changes no more.

    :raises MailOnItsWay: wait until those mails were accepted, or cancel them
    :raises NotAllowed: the role that migrates is needed
    """
    if not connection.execute(_ALLOWED).scalar_one():
        raise NotAllowed("this role may not change the audit log: use the DATABASE_URL of the role that migrates")
    if not connection.execute(_MAY_CLEAR).scalar_one():
        raise NotAllowed(
            "this role may not clear what the worker wrote into tickets: "
            "GRANT UPDATE (session_summary, resolution_notes) ON support_tickets TO it"
        )
    traces = traces_of(connection, user_id)
    parameters = {
        "sessions": traces.sessions,
        "tickets": traces.tickets,
        "address": traces.address,
        "erased": ERASED,
    }
    if waiting := connection.execute(_WAITING, parameters).scalar_one():
        raise MailOnItsWay(f"{waiting} mails that tell of this person are still on their way")
    return {name: connection.execute(text(sql), parameters).rowcount for name, sql in _STATEMENTS.items()}
