"""The circuit of an account. Wrong settings open it and hold the queue; a login that works closes it again."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from rules.delivery import BEFORE_MAIL, UNDELIVERED, ReplyClass, ServerReply, Times, same_refusal
from services.database.encoding import sql_list
from services.database.prepared import prepared
from services.database.quick import fetch
from services.monitoring.alerts import clear_alerts, raise_alert

CLOSED, OPEN, TRIAL = "closed", "open", "trial"
_REPLY_LENGTH = 500
ALERT = "mail_account"


@dataclass(frozen=True, slots=True)
class CircuitState:
    """What an account lets through now: its state, whether it rests, and whether its server could not be reached."""

    state: str
    resting: bool
    unreachable: bool
    just_closed: bool

    @property
    def shut(self) -> bool:
        return self.state == OPEN or self.resting

    @property
    def narrow(self) -> bool:
        """One mail at a time: it is to show whether the others can follow."""
        return self.state == TRIAL or self.unreachable


_ENSURE = text("INSERT INTO escalation.mail_accounts (account) VALUES (:account) ON CONFLICT (account) DO NOTHING")
_GATE = prepared("""
    SELECT state, coalesce(paused_until > clock_timestamp(), false) AS resting,
           unreachable_since IS NOT NULL AS unreachable,
           coalesce(closed_at > clock_timestamp() - make_interval(secs => :first_seconds), false) AS just_closed
    FROM escalation.mail_accounts WHERE account = :account FOR UPDATE
""")
# After the circuit has closed safety mail goes alone for so long, if there is any.
_SAFETY_FIRST_SECONDS = 60


def read_circuit(connection: Connection, account: str) -> CircuitState:
    """The account's gate, locked: one claim at a time, none while the circuit changes."""
    parameters = {"account": account, "first_seconds": _SAFETY_FIRST_SECONDS}
    rows = fetch(connection, _GATE, parameters)
    if not rows:
        connection.execute(_ENSURE, {"account": account})
        rows = fetch(connection, _GATE, parameters)
    return CircuitState(**rows[0])


_WORKS = prepared("SELECT state = 'closed' FROM escalation.mail_accounts WHERE account = :account")


def account_works(connection: Connection, account: str) -> bool:
    """Whether the circuit is closed; nothing is locked."""
    return connection.execute(_WORKS, {"account": account}).scalar() is not False


_OPEN_CIRCUIT = text("""
    UPDATE escalation.mail_accounts
    SET state = 'open', phase = :phase, reply = :reply, hint = :hint,
        probes = CASE WHEN state = 'closed' THEN 0 ELSE probes END,
        opened_at = CASE WHEN state = 'closed' THEN clock_timestamp() ELSE opened_at END,
        next_probe_at = CASE WHEN state = 'closed' THEN clock_timestamp() + make_interval(secs => :first_probe)
                             ELSE next_probe_at END
    WHERE account = :account
""")


def open_circuit(
    connection: Connection, account: str, answer: ServerReply, reply_class: ReplyClass, times: Times
) -> None:
    """Hold the account's queue and say so once; an open circuit stays as it is, with the newest reply."""
    read_circuit(connection, account)
    connection.execute(_OPEN_CIRCUIT, _parameters_of(account, answer, reply_class, times))
    code = answer.code or (answer.finding.value if answer.finding else "no reply")
    summary = (
        f"mail is held: the mail account does not work ({answer.phase.value}: {code} {answer.enhanced or ''}".strip()
    )
    raise_alert(connection, ALERT, summary + ")", reply_class.remedy)


_SUSPECT = text("""
    UPDATE escalation.mail_accounts
    SET state = 'trial', phase = :phase, reply = :reply, hint = :hint, probes = 0, opened_at = clock_timestamp(),
        next_probe_at = clock_timestamp() + make_interval(secs => :first_probe)
    WHERE account = :account AND state = 'closed'
""")


def suspect(connection: Connection, account: str, answer: ServerReply, reply_class: ReplyClass, times: Times) -> None:
    """Let one mail show whether it is the account or only the mail that was refused; nobody is alarmed yet.

    If the account is on trial already, another mail failed first, so the circuit opens now. Not for the same words
    twice: those may be two unknown addresses.
    """
    if read_circuit(connection, account).state == TRIAL and reply_class != same_refusal():
        open_circuit(connection, account, answer, reply_class, times)
    else:
        connection.execute(_SUSPECT, _parameters_of(account, answer, reply_class, times))


def _parameters_of(account: str, answer: ServerReply, reply_class: ReplyClass, times: Times) -> dict[str, object]:
    return {
        "account": account,
        "phase": answer.phase.value,
        "reply": answer.kept[:_REPLY_LENGTH],
        "hint": reply_class.remedy,
        "first_probe": times.first_probe,
    }


def suspect_again(connection: Connection, account: str, answer: ServerReply, reply_class: ReplyClass) -> None:
    """The mail of the trial was refused as others were: raise the alarm, and let the next one be the trial."""
    give_trial_back(connection, account)
    code = f"{answer.code or ''} {answer.enhanced or ''}".strip()
    summary = f"mail after mail is refused in the same words ({answer.phase.value}: {code})"
    raise_alert(connection, ALERT, summary, reply_class.remedy)


# Else two addresses that nobody knows would be tried for ever.
_MOST_ATTEMPTS = 4
# The words without what differs from mail to mail: addresses, ids, numbers.
_WORDS = "regexp_replace(lower({}), '\\S*[0-9@<]\\S*', '', 'g')"
# The first of them was refused before anybody suspected the account. One mail alone may be to blame itself.
_REQUEUE = text(f"""
    WITH alike AS (
        SELECT r.recipient_id, r.mail_id, r.state, r.attempts
        FROM escalation.mail_accounts AS a
        JOIN escalation.mail_recipients AS r ON r.reply_phase = a.phase
             AND {_WORDS.format("r.reply")} = {_WORDS.format("a.reply")}
        WHERE a.account = :account AND a.state <> 'closed' AND r.state IN {sql_list(*UNDELIVERED)}
          AND r.next_attempt_at > a.opened_at - interval '1 hour' AND r.reply_class IN ('permanent', 'configuration')
    )
    UPDATE escalation.mail_recipients SET state = 'queued', short = false, next_attempt_at = clock_timestamp()
    WHERE recipient_id IN (SELECT recipient_id FROM alike WHERE state IN ('refused', 'held')
                           AND (:by_hand OR attempts < {_MOST_ATTEMPTS}))
      AND (:by_hand OR (SELECT count(DISTINCT mail_id) FROM alike) > 1)
""")


def requeue_refused(connection: Connection, account: str, *, by_hand: bool = False) -> int:
    """Send again what was refused in the words that made the account suspicious; the number of recipients.

    :param by_hand: somebody has fixed the account, so that also what was refused alone or often is sent again
    """
    return connection.execute(_REQUEUE, {"account": account, "by_hand": by_hand}).rowcount


_TAKE_PROBE = text("""
    UPDATE escalation.mail_accounts
    SET probes = probes + CASE WHEN :now THEN 0 ELSE 1 END,
        next_probe_at = CASE WHEN :now THEN next_probe_at
                             ELSE clock_timestamp() + make_interval(secs => :next_probe) END
    WHERE account = :account AND state <> 'closed' AND (:now OR next_probe_at <= clock_timestamp())
    RETURNING phase
""")


def take_probe(connection: Connection, account: str, times: Times, *, now: bool = False) -> str | None:
    """Take the probe that is due, so that nobody else makes it; returns the phase that had failed.

    :param now: by hand, whether due or not: the mailer's own probe stays due when it was
    """
    parameters = {"account": account, "next_probe": times.next_probe, "now": now}
    return connection.execute(_TAKE_PROBE, parameters).scalar()


_PROBE_DUE = text("""
    SELECT EXISTS (SELECT FROM escalation.mail_accounts
                   WHERE account = :account AND state <> 'closed' AND next_probe_at <= clock_timestamp())
""")


def probe_due(connection: Connection, account: str) -> bool:
    """Whether a probe should be made now."""
    return bool(connection.execute(_PROBE_DUE, {"account": account}).scalar_one())


_TO_TRIAL = text("UPDATE escalation.mail_accounts SET state = 'trial' WHERE account = :account AND state = 'open'")
_TAKE_TRIAL = text("UPDATE escalation.mail_accounts SET state = 'open' WHERE account = :account AND state = 'trial'")
_CLOSE = text("""
    UPDATE escalation.mail_accounts
    SET state = 'closed', closed_at = clock_timestamp(), phase = NULL, reply = NULL, hint = NULL, next_probe_at = NULL
    WHERE account = :account AND state <> 'closed' RETURNING account
""")


def probe_succeeded(connection: Connection, account: str, failed_phase: str) -> str:
    """Close the circuit when the login was what had failed, else let one mail try; the state now."""
    if failed_phase in BEFORE_MAIL:
        close_circuit(connection, account)
        return CLOSED
    connection.execute(_TO_TRIAL, {"account": account})
    return TRIAL


def give_trial_back(connection: Connection, account: str) -> None:
    """Let another mail be the one of the trial."""
    connection.execute(_TO_TRIAL, {"account": account})


def take_trial(connection: Connection, account: str) -> None:
    """The one mail of a trial is claimed: no other goes until it was accepted."""
    connection.execute(_TAKE_TRIAL, {"account": account})


def close_circuit(connection: Connection, account: str) -> bool:
    """Let the queue go, and what was refused for the account's sake; whether it had been held."""
    requeue_refused(connection, account)
    closed = connection.execute(_CLOSE, {"account": account}).scalar() is not None
    clear_alerts(connection, ALERT)
    return closed


_PAUSE = text("""
    UPDATE escalation.mail_accounts
    SET paused_until = greatest(paused_until, clock_timestamp() + make_interval(secs => :seconds))
    WHERE account = :account
""")


def pause(connection: Connection, account: str, seconds: float) -> None:
    """Let the account rest; a longer rest that is under way stays."""
    read_circuit(connection, account)
    connection.execute(_PAUSE, {"account": account, "seconds": seconds})
