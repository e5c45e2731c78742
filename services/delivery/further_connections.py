"""Whether an account may have connections beside those that it has: not for a while after one was refused."""

from sqlalchemy import Connection, text

from services.database.prepared import prepared

# Else each run would try the login again as long as the others last, which may lock the account. Once they have ended
# the first login that is refused holds the queue.
_REFUSED_SECONDS = 300
# What lies further ahead is from before PostgreSQL's clock was set back.
_MAY_HAVE_MORE = prepared("""
    SELECT state = 'closed' AND coalesce(
        login_refused_until NOT BETWEEN clock_timestamp() AND clock_timestamp() + make_interval(secs => :seconds), true
    )
    FROM escalation.mail_accounts WHERE account = :account
""")


def may_have_more_connections(connection: Connection, account: str) -> bool:
    """Whether the circuit is closed, and no login beside other connections was refused lately; nothing is locked."""
    parameters = {"account": account, "seconds": _REFUSED_SECONDS}
    return connection.execute(_MAY_HAVE_MORE, parameters).scalar() is not False


_REFUSE_MORE = text("""
    UPDATE escalation.mail_accounts SET login_refused_until = clock_timestamp() + make_interval(secs => :seconds)
    WHERE account = :account
""")


def refuse_more_connections(connection: Connection, account: str) -> None:
    """For five minutes, of all processes: a login was refused while other connections of the account go on."""
    connection.execute(_REFUSE_MORE, {"account": account, "seconds": _REFUSED_SECONDS})
