"""The files of the rules: policy and contacts."""

from collections.abc import Iterator

from config.contacts import ensure_real, load_contacts
from config.errors import ConfigurationError
from config.policy import load_policy
from config.settings import Settings
from rules.contacts import ContactBook
from rules.explanation import counted
from rules.push import find_channels
from services.transports.push import is_known_service
from worker.doctor.finding import CheckedPart, CheckResult

PART = CheckedPart("contacts")
_POLICY = CheckedPart("policy")
_FIX = "Fix the file and restart the workers; running ones keep what they read."


def check(settings: Settings) -> Iterator[CheckResult]:
    yield policy(settings)
    tried = f"read {settings.contacts_file}"
    try:
        book = load_contacts(settings.contacts_file)
        ensure_real(book, settings.escalation_embedded)
    except ConfigurationError as error:
        yield PART.broken(tried, str(error), _FIX)
        return
    yield PART.ok(tried, f"{counted(len(book.contacts), 'contact')}, version {book.version}")
    yield from _check_channels(book)
    if not settings.support_email:
        remedy = "Set SUPPORT_EMAIL to a mailbox that people read."
        yield PART.warning(tried, "SUPPORT_EMAIL is not set: only the contacts' routes are mailed", remedy)


def _check_channels(book: ContactBook) -> Iterator[CheckResult]:
    """Whether the push channels are such as apprise knows; nothing is sent."""
    channels = find_channels(book)
    if not channels:
        return
    tried = f"read the push channels of {counted(len(channels), 'address', 'addresses')}"
    if unfit := [name for name, url in channels.items() if not is_known_service(url)]:
        yield PART.broken(tried, f"apprise does not know {', '.join(unfit)}", "Correct `notify` in the contacts file.")
    else:
        yield PART.ok(tried, "python -m worker notify test --contact NAME sends one")


def policy(settings: Settings) -> CheckResult:
    tried = f"read {settings.policy_file}"
    try:
        return _POLICY.ok(tried, f"version {load_policy(settings.policy_file).version}")
    except ConfigurationError as error:
        return _POLICY.broken(tried, str(error), f"{_FIX} POLICY_… in the environment wins over it.")
