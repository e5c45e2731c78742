"""What a person has to know about the outbox: held, refused, late and stuck mail, each as one alert."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, text

from config.errors import ConfigurationError
from config.settings import Settings
from rules.delivery import CLAIMABLE, UNDELIVERED, RecipientState
from services.database.encoding import sql_list
from services.delivery.circuit_breaker import ALERT as ACCOUNT_ALERT
from services.monitoring.alerts import any_open, clear_alerts, raise_alert
from services.outbox.outcomes import mail_held
from services.transports.base import Transport

_ALERT = "mail_settings"
_HINT = "fix the setting and start the worker again; nothing is lost meanwhile"


def check_mail_settings(connection: Connection, make: Callable[[], Transport]) -> bool:
    """Whether a transport can be made of the settings; raises or clears the alert."""
    try:
        make()
    except ConfigurationError as error:
        raise_alert(connection, _ALERT, f"mail cannot be sent: {error}", _HINT)
        return False
    clear_alerts(connection, _ALERT)
    return True


# An account whose quota is used up for so long is a person's matter; so is what waits for it.
_HOLD_THROTTLED = text("""
    UPDATE escalation.mail_recipients SET state = 'held'
    WHERE recipient_id IN (
        SELECT recipient_id FROM escalation.mail_recipients
        WHERE state = 'queued' AND reply_class = 'throttled'
          AND queued_at < clock_timestamp() - make_interval(secs => :give_up)
        LIMIT 1000 FOR UPDATE SKIP LOCKED
    )
""")
_TROUBLES = text(f"""
    SELECT count(*) FILTER (WHERE r.state = 'held') AS held,
           count(*) FILTER (WHERE r.state = 'refused') AS refused,
           count(*) FILTER (WHERE r.state IN {sql_list(*CLAIMABLE)} AND tried.since IS NOT NULL
                            AND recovery.is_over) AS late,
           count(*) FILTER (WHERE r.state = 'queued' AND r.reply_class IS NULL AND recovery.is_over
                            AND r.next_attempt_at < clock_timestamp() - make_interval(secs => :warn)) AS waiting,
           count(*) FILTER (WHERE r.state IN {sql_list(*CLAIMABLE, RecipientState.HELD)} AND r.rank <= 1
                            AND r.handed_on_at IS NOT NULL) AS stuck
    FROM escalation.mail_recipients AS r
    CROSS JOIN (
        -- What an open circuit held back is not late anew: it has as much time again.
        SELECT coalesce(max(closed_at) < clock_timestamp() - make_interval(secs => :warn), true) AS is_over
        FROM escalation.mail_accounts
    ) AS recovery
    LEFT JOIN LATERAL (
        SELECT 1 AS since FROM escalation.delivery_attempts AS a
        WHERE r.reply_class IS NOT NULL AND a.recipient_id = r.recipient_id
          AND a.started_at < clock_timestamp() - make_interval(secs => :warn) LIMIT 1
    ) AS tried ON r.state IN {sql_list(*CLAIMABLE)}
    WHERE r.state IN {sql_list(*UNDELIVERED)}
      AND (r.state <> 'refused' OR r.queued_at > clock_timestamp() - interval '1 day') AND r.lane <> 'push'
""")
# A push message is to wake somebody: one that could not be delivered three times is a person's matter.
_PUSHES = text(f"""
    SELECT count(*) FROM escalation.mail_recipients
    WHERE lane = 'push' AND state IN {sql_list(*UNDELIVERED)} AND queued_at > clock_timestamp() - interval '1 day'
      AND (state IN ('held', 'refused') OR attempts >= 3)
""")
_PUSH_ALERT: Final = "push_failing"
_LIST: Final = "see: python -m worker mail list --state"
ALERTS: Final = {
    "held": ("mail_held", "{count} mails are held for a person", f"{_LIST} held; then mail retry or mail cancel"),
    "refused": ("mail_refused", "{count} recipients were refused for good", f"{_LIST} refused; correct the addresses"),
    "late": ("mail_late", "{count} mails could not be delivered for a while", f"{_LIST} deferred"),
    "waiting": (
        "mail_waiting",
        "{count} mails are due and have not been tried for a while",
        f"MAIL_PER_MINUTE, MAIL_PER_DAY or too few workers hold them back; {_LIST} queued",
    ),
    "stuck": ("urgent_mail_stuck", "{count} urgent mails are stuck and went to the next contact", f"{_LIST} deferred"),
}  # fmt: skip


def watch(connection: Connection, settings: Settings, *, account_works: bool) -> None:
    """Raise and clear the alerts of the outbox. While the account's own alert is open, it speaks for late mail too."""
    connection.execute(_HOLD_THROTTLED, {"give_up": settings.mail_give_up_seconds})
    if account_works:
        # An alert of an account that is not in use any more, too.
        clear_alerts(connection, ACCOUNT_ALERT)
    spoken_for = not account_works and any_open(connection, ACCOUNT_ALERT, _ALERT)
    counts = connection.execute(_TROUBLES, {"warn": settings.mail_warn_seconds}).mappings().one()
    for name, (key, summary, hint) in ALERTS.items():
        quiet = name in {"late", "waiting", "stuck"} and spoken_for
        if counts[name] and not quiet:
            raise_alert(connection, key, summary.format(count=counts[name]), hint)
        elif not counts[name]:
            clear_alerts(connection, key)
    if failing := connection.execute(_PUSHES).scalar_one():
        summary = f"{failing} push messages could not be delivered"
        raise_alert(connection, _PUSH_ALERT, summary, "see: python -m worker notify test --contact NAME")
    else:
        clear_alerts(connection, _PUSH_ALERT)


# What is told: nobody has this mail yet, and nobody will within the usual moments.
_TELL_HELD = text(f"""
    UPDATE escalation.mails SET held_at = clock_timestamp()
    WHERE mail_id IN (
        SELECT r.mail_id FROM escalation.mail_recipients AS r JOIN escalation.mails AS m ON m.mail_id = r.mail_id
        WHERE m.held_at IS NULL AND r.state IN {sql_list(*UNDELIVERED)}
          AND CASE r.state
                  WHEN 'held' THEN true
                  WHEN 'refused' THEN r.queued_at > clock_timestamp() - interval '1 day'
                  ELSE :account_fails AND r.next_attempt_at <= clock_timestamp() OR r.handed_on_at IS NOT NULL
              END
          AND NOT EXISTS (SELECT FROM escalation.mail_recipients AS o
                          WHERE o.mail_id = r.mail_id AND o.state IN ('accepted', 'sending'))
          AND m.lane <> 'push'
          AND NOT EXISTS (SELECT FROM escalation.mails AS p JOIN escalation.mail_recipients AS o USING (mail_id)
                          WHERE p.ticket_id = m.ticket_id AND p.template = 'push_opened' AND o.state = 'accepted')
        LIMIT :limit
    )
    RETURNING mail_id
""")


def tell_held(connection: Connection, *, account_works: bool, limit: int = 1_000) -> int:
    """Tell the assistant, once a mail, that nobody has been reached yet; how many mails."""
    parameters = {"account_fails": not account_works, "limit": limit}
    mail_ids = list(connection.execute(_TELL_HELD, parameters).scalars())
    if mail_ids:
        mail_held(connection, mail_ids)
    return len(mail_ids)
