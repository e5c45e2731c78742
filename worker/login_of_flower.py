"""Flower's login; without one it waits, where nobody sits who could read the error and start it again."""

import sys
import time

import structlog

from config.settings import get_settings
from worker.liveness.program.report import Report

logger = structlog.get_logger()

_MISSING = (
    "Flower does not start without a login, since its pages would be open to everyone.\n"
    "Set FLOWER_USER and FLOWER_PASSWORD (or FLOWER_PASSWORD_FILE)."
)
_STATE = "waits for FLOWER_USER and FLOWER_PASSWORD"
_SECONDS_BETWEEN_LOOKS = 5.0


def login_of_flower() -> tuple[str, str]:
    """Name and password, as soon as both are given; a file of the password may be filled while it waits.

    :raises SystemExit: one is missing, and somebody sits at the terminal
    """
    report = None
    while not (login := _login()):
        if sys.stderr.isatty():
            raise SystemExit(_MISSING)
        if report is None:
            report = Report(get_settings().liveness_file)
            logger.error("flower_waits_for_a_login", remedy=_MISSING)
        report.write(_STATE)
        time.sleep(_SECONDS_BETWEEN_LOOKS)
        get_settings.cache_clear()
    return login


def _login() -> tuple[str, str] | None:
    settings = get_settings()
    if not settings.flower_user or not settings.flower_password:
        return None
    return settings.flower_user, settings.flower_password.get_secret_value()
