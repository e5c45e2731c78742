"""Who is woken by a push message, and by which channels."""

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime
from urllib.parse import urlsplit

from rules.contacts import Contact, ContactBook
from rules.duty import on_duty
from rules.reasons import rank


def list_channels(contact: Contact) -> Iterator[tuple[str, str]]:
    """Each channel's name, such as `emergency via ntfys`, and its address; the name holds no secret and is kept."""
    seen: Counter[str] = Counter()
    for url in contact.notify:
        service = urlsplit(url).scheme
        seen[service] += 1
        number = f" {seen[service]}" if seen[service] > 1 else ""
        yield f"{contact.key} via {service}{number}", url


def find_channels(book: ContactBook) -> dict[str, str]:
    """The address of every channel by its name."""
    return {name: url for contact in book.contacts for name, url in list_channels(contact)}


def select_woken(book: ContactBook, emails: Collection[str], place: int, now: datetime) -> list[Contact]:
    """The contacts with one of these mail addresses who want a push message for this rank, at this time."""
    asked = {email.casefold() for email in emails}
    return [contact for contact in book.contacts if contact.email.casefold() in asked and _wants(contact, place, now)]


def _wants(contact: Contact, place: int, now: datetime) -> bool:
    hours = contact.notify_hours
    awake = hours is None or on_duty(hours, now)
    return bool(contact.notify) and place <= rank(contact.notify_from, safety=False) and awake
