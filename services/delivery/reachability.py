"""Whether an account's server can be reached; when it can again, everything that only waited for that goes at once."""

from sqlalchemy import Connection, text

from rules.delivery import BEFORE_MAIL

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
