"""All checks in the order in which they matter."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from config.errors import ConfigurationError
from config.settings import Settings, get_settings
from worker.doctor import alerts, celery_nodes, contacts, events, flower, mail, postgres, redis, settings
from worker.doctor.finding import CheckedPart, CheckResult

_Check = tuple[CheckedPart, Callable[[Settings], Iterator[CheckResult]]]
_CHECKS: tuple[_Check, ...] = (
    (settings.PART, settings.check),
    (contacts.PART, contacts.check),
    (postgres.PART, postgres.check),
    (redis.PART, redis.check),
    (events.PART, events.check),
    (mail.PART, mail.check),
    (celery_nodes.PART, celery_nodes.check),
    (flower.PART, flower.check),
    (alerts.PART, alerts.check),
)

_SET_IT = "Set it as .env.example says; beside `make up` the settings of its stack are read in by: . var/environment"


def examine(checks: Sequence[_Check] = _CHECKS) -> Iterator[CheckResult]:
    """Each finding as soon as it is known; without usable settings nothing else can be tried."""
    try:
        given = get_settings()
    except ConfigurationError as error:
        for line in str(error).splitlines():
            yield CheckedPart("settings").broken("read the environment", line, _SET_IT)
        yield from settings.misspelt()
        return
    for part, check in checks:
        try:
            yield from check(given)
        except Exception as error:
            yield _surprise(part, error)


def _surprise(part: CheckedPart, error: Exception) -> CheckResult:
    """Something that no check expects keeps no other from being made; its words may hold a secret and are not shown."""
    *_, where = traceback.extract_tb(error.__traceback__)
    found = f"could not check: {type(error).__name__} in {Path(where.filename).name}, line {where.lineno}"
    return part.unknown("try it", found, "Please report it; the other checks went on.")
