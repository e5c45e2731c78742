"""A probe before its time: once somebody has changed the settings of an account whose mail is held."""

import json

from sqlalchemy import Connection, text

# Settings that are looked at in an hour, those that failed among them: workers with different ones must not log in over
# and over, as a provider might lock the account.
MOST_PER_HOUR = 8
STATE = text("""
    SELECT phase, extract(epoch FROM opened_at)::float AS opened, extract(epoch FROM clock_timestamp())::float AS now
    FROM escalation.mail_accounts WHERE account = :account AND state = 'open' FOR UPDATE
""")
TRIED = text("SELECT value -> 'tried' FROM escalation.settings WHERE key = :key")
NOTE = text("""
    INSERT INTO escalation.settings (key, value) VALUES (:key, jsonb_build_object('tried', CAST(:tried AS jsonb)))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = clock_timestamp()
""")


def take_early_probe(connection: Connection, account: str, mark: str) -> str | None:
    """Take a probe when the account is held and was not tried with these settings since; the phase that had failed.

    Whoever looks first after the account failed has the settings with which it did, so a worker that ends and starts
    over and over with wrong settings makes no login.
    """
    state = connection.execute(STATE, {"account": account}).one_or_none()
    if state is None:
        return None
    key = {"key": f"mail_settings:{account}"}
    earlier = connection.execute(TRIED, key).scalar() or []
    tried = [(one, at) for one, at in earlier if at > state.now - 3600 or at >= state.opened]
    since = {one for one, at in tried if at >= state.opened}
    if mark in since or len(tried) >= MOST_PER_HOUR:
        return None
    connection.execute(NOTE, {**key, "tried": json.dumps([*tried, (mark, state.now)])})
    return str(state.phase) if since else None
