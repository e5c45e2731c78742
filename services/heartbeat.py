"""A sign of life for a monitoring service that raises the alarm when it stays away."""

from http.client import HTTPException
from urllib.error import URLError
from urllib.request import Request, urlopen

import structlog

logger = structlog.get_logger()

SECONDS = 10


def beat(url: str) -> bool:
    """Call the address, which may hold a secret and so is not logged; False when that failed."""
    try:
        with urlopen(Request(url, headers={"User-Agent": "escalation-worker"}), timeout=SECONDS):
            return True
    except (URLError, OSError, HTTPException) as error:
        logger.warning("heartbeat_failed", error=type(error).__name__)
        return False
