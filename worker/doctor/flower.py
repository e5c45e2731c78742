"""Flower's login: without one it does not start, with a weak one its pages are open."""

from collections.abc import Iterator

from config.settings import Settings
from worker.doctor.finding import Finding, Part

PART = Part("flower")
SHORTEST = 12


def check(settings: Settings) -> Iterator[Finding]:
    tried = "look at Flower's login"
    if not settings.flower_user or not settings.flower_password:
        yield PART.note(tried, "none is set here, so Flower does not start", "Set FLOWER_USER and FLOWER_PASSWORD.")
        return
    password = settings.flower_password.get_secret_value()
    if len(password) < SHORTEST or settings.flower_user in password:
        yield PART.warning(tried, "the password is weak", f"Take {SHORTEST} random characters or more.")
    else:
        yield PART.ok(tried, "it has one")
    if not settings.flower_read_only:
        yield PART.warning(tried, "whoever logs in may stop workers", "Set FLOWER_READ_ONLY=true.")
