"""Alerts: somebody has to be told, and the webhook has to take them."""

from collections.abc import Iterator

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from config.settings import Settings
from rules.explanation import counted
from services.database.engine import engine
from services.monitoring.webhooks import offer
from worker.doctor.finding import CheckedPart, CheckResult
from worker.doctor.postgres import not_read
from worker.doctor.reachability import reach

PART = CheckedPart("alerts")
TEST = "Escalation worker: TEST of the alerts (python -m worker doctor --test-alert). Nothing is wrong."
_NOBODY = "Set ALERT_WEBHOOK_URL and HEARTBEAT_URL (docs/operate.md)."
# `untried`: a worker that has a webhook tries an alert within a minute.
_POSTS = text("""
    SELECT count(*) FILTER (WHERE is_open AND tried_at < clock_timestamp() - interval '15 seconds') AS refused,
           count(*) FILTER (WHERE is_open AND tried_at IS NULL
                            AND raised_at < clock_timestamp() - interval '2 minutes') AS untried,
           to_char(max(posted_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS last
    FROM (SELECT *, cleared_at IS NULL AND posted_at IS NULL AS is_open FROM escalation.alerts) AS alert
""")


def check(settings: Settings) -> Iterator[CheckResult]:
    webhook, heartbeat = settings.alert_webhook_url, settings.heartbeat_url
    if webhook is None and heartbeat is None:
        tried = "look who is told when something breaks"
        yield PART.note(tried, "nobody, unless a Prometheus with an Alertmanager reads the exporter", _NOBODY)
    if webhook is not None:
        yield reach(PART, "ALERT_WEBHOOK_URL", webhook.get_secret_value())
        yield _check_posts()
    if heartbeat is not None:
        yield reach(PART, "HEARTBEAT_URL", heartbeat.get_secret_value())


def _check_posts() -> CheckResult:
    """What the workers have posted; whether they have this webhook or any, only an alert can show."""
    tried = "look whether the webhook took the alerts"
    try:
        with engine().connect() as connection:
            found = connection.execute(_POSTS).one()
    except DBAPIError as error:
        return not_read(PART, tried, error)
    if found.refused:
        remedy = "Check ALERT_WEBHOOK_URL; the worker's log says webhook_refused or webhook_failed."
        return PART.broken(tried, f"{counted(found.refused, 'open alert')} could not be posted", remedy)
    if found.untried:
        remedy = "Restart worker and beat with ALERT_WEBHOOK_URL: those that run were started without it."
        return PART.broken(tried, f"nobody tried to post {counted(found.untried, 'open alert')}", remedy)
    if found.last is None:
        remedy = "See whether it takes one: python -m worker doctor --test-alert"
        return PART.note(tried, "nothing was posted yet", remedy)
    return PART.ok(tried, f"it took all of them, the last at {found.last} UTC")


def try_alert(settings: Settings) -> Iterator[CheckResult]:
    """Post one alert that says that it is none."""
    tried = "post a test alert to ALERT_WEBHOOK_URL"
    if settings.alert_webhook_url is None:
        yield PART.broken(tried, "it is not set", _NOBODY)
        return
    answer = offer(settings.alert_webhook_url.get_secret_value(), TEST)
    if answer.taken:
        yield PART.ok(tried, f"{answer.words}; look whether it has arrived in the channel")
    else:
        yield PART.broken(
            tried, answer.words, "Check ALERT_WEBHOOK_URL: make a new incoming webhook if it was removed."
        )
