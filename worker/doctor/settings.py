"""Settings: unknown names, contradictions, and what is easily overlooked."""

import difflib
import os
from collections.abc import Iterator

from config.policy import PolicyFile
from config.secret_files import secret_file
from config.settings import Settings
from worker.doctor.finding import CheckedPart, CheckResult

PART = CheckedPart("settings")
_NAMES = {name.upper() for name in Settings.model_fields}
_KNOWN = _NAMES | {f"POLICY_{name.upper()}" for name in PolicyFile.model_fields}
# Names that begin so are meant for us.
_OURS = (
    *("SMTP_", "MAIL_", "OAUTH_", "GRAPH_", "FLOWER_", "DESK_", "EXPORTER_"),
    *("ESCALATION_", "POLICY_", "HEALTH_", "KEEP_", "ALERT_", "SUPPORT_"),
)
_CLOSE = 0.85
SUBMISSION, SUBMISSIONS = 587, 465
# Set by ABParts, by compose or for the tests, and not a setting of this program.
_FOREIGN = {"ESCALATION_REDIS_SERVER", "ESCALATION_POSTGRES_MAJOR", "ESCALATION_STACK"}


def check(settings: Settings) -> Iterator[CheckResult]:
    found = [*misspelt(), *_contradictions(settings)]
    yield from found
    if not found:
        yield PART.ok("read the environment", f"{len(_KNOWN)} settings are known, none is unknown or contradictory")


def misspelt() -> Iterator[CheckResult]:
    """Variables that look like ours and are none."""
    for name in sorted(os.environ):
        base = name.removesuffix("_FILE")
        if {name, base} & (_KNOWN | _FOREIGN):
            continue
        near = difflib.get_close_matches(base, _KNOWN, n=1, cutoff=_CLOSE)
        if near or base.startswith(_OURS):
            remedy = f"Did you mean {near[0]}?" if near else "Remove it, or see .env.example for the names."
            yield PART.warning("look for unknown names", f"{name} is no setting and is ignored", remedy)


def _contradictions(settings: Settings) -> Iterator[CheckResult]:
    tried = "look for contradictions"
    for name in sorted(_KNOWN & set(os.environ)):
        if os.environ[name] and secret_file(name.lower()):
            yield PART.warning(tried, f"{name} and {name}_FILE are both set; {name} is used", "Remove one.")
    if settings.mail_transport == "smtp":
        yield from _about_smtp(settings, tried)
    if settings.mode == "shadow":
        yield PART.note(tried, "MODE=shadow: decisions are recorded, nobody is informed", "Set MODE=active to begin.")
    if not settings.from_email and settings.mail_transport != "file":
        yield PART.note(tried, f"FROM_EMAIL is not set: mail comes from {settings.sender}")


def _about_smtp(settings: Settings, tried: str) -> Iterator[CheckResult]:
    if settings.smtp_use_ssl and settings.smtp_port == SUBMISSION:
        yield PART.broken(
            tried, "SMTP_USE_SSL=true at port 587", "587 speaks STARTTLS: SMTP_USE_SSL=false, or port 465."
        )
    if settings.smtp_port == SUBMISSIONS and not settings.smtp_use_ssl:
        yield PART.broken(tried, "port 465 without SMTP_USE_SSL", "465 speaks TLS at once: set SMTP_USE_SSL=true.")
    if settings.smtp_username and not (settings.smtp_use_tls or settings.smtp_use_ssl):
        yield PART.warning(tried, "the password travels in plain text", "Set SMTP_USE_TLS=true.")
    if settings.smtp_password and not settings.smtp_username:
        yield PART.warning(tried, "SMTP_PASSWORD without SMTP_USERNAME is not used", "Set SMTP_USERNAME.")
