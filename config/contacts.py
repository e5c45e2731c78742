"""Loads `contacts.toml`: who helps, who gets which mail, who is asked next."""

from collections.abc import Iterable
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from config.contacts_file import ContactEntry, ContactsFile, RouteEntry, StepEntry
from config.errors import ConfigurationError
from config.mail_settings import checked_address
from config.policy import fingerprint, read_toml
from config.toml_problems import Problem, configuration_error, problems_of
from rules.contacts import Contact, ContactBook, LadderStep, Route
from rules.duty import WorkingHours


@lru_cache(maxsize=4)
def load_contacts(path: Path) -> ContactBook:
    """The contacts in force.

    :raises ConfigurationError: names the file, the line, the table and key, the value and what would be right
    """
    data = read_toml(path)
    try:
        file = ContactsFile.model_validate(data)
    except ValidationError as error:
        raise configuration_error(path, data, problems_of(error)) from None
    if problems := list(_inconsistencies(file)):
        raise configuration_error(path, data, problems)
    return _book_of(file, f"{file.version}+{fingerprint(data)}")


def ensure_real(book: ContactBook, embedded: bool) -> None:
    """Let the worker start with example contacts only where no real user is waiting for help.

    :raises ConfigurationError: names what is still an example and what to do
    """
    if book.is_example and not embedded:
        raise ConfigurationError(
            f"the contacts are still examples that reach nobody ({', '.join(book.examples)}): "
            "copy config/contacts.toml, write your own people into the copy, and set CONTACTS_FILE to its path"
        )


def _inconsistencies(file: ContactsFile) -> Iterable[Problem]:
    """What no entry shows alone."""
    keys = [entry.key for entry in file.contacts]
    for place, entry in enumerate(file.contacts):
        if entry.key in keys[:place]:
            yield Problem(("contacts", place, "key"), "stands there twice; should be given to one contact only")
        if entry.emergency and not _hours_of(entry).always:
            yield Problem(("contacts", place, "hours"), "should be '24/7' with no closed days: it is an emergency line")
    if not any(entry.emergency for entry in file.contacts):
        yield Problem(
            ("contacts",), "should have an emergency line: a contact with hours = '24/7' and emergency = true"
        )
    yield from _unknown_contacts(file, keys)


def _unknown_contacts(file: ContactsFile, keys: list[str]) -> Iterable[Problem]:
    named = f"should be the key of a contact ({', '.join(keys)})"
    for priority, step in file.ladder:
        for place, contact in enumerate(step.levels):
            if contact not in keys:
                yield Problem(("ladder", priority, "levels", place), named)
    for number, route in enumerate(file.routes):
        for place, target in enumerate(route.to):
            if target not in keys and not _is_address(target):
                yield Problem(("routes", number, "to", place), f"{named} or a mail address")


def _is_address(text: str) -> bool:
    try:
        return bool(checked_address(text))
    except ValueError:
        return False


def _book_of(file: ContactsFile, version: str) -> ContactBook:
    contacts = {entry.key: _contact_of(entry) for entry in file.contacts}
    return ContactBook(
        version=version,
        contacts=tuple(contacts.values()),
        ladder=MappingProxyType({priority: _step_of(step, contacts) for priority, step in file.ladder}),
        routes=tuple(_route_of(route, contacts) for route in file.routes),
    )


def _contact_of(entry: ContactEntry) -> Contact:
    apart = {"fields", "regions", "time_zone", "hours", "closed", "notify_hours"}
    members: dict[str, Any] = entry.model_dump(exclude=apart)
    return Contact(
        fields=frozenset(entry.fields),
        regions=frozenset(entry.regions),
        hours=_hours_of(entry),
        notify_hours=WorkingHours(entry.time_zone, entry.notify_hours) if entry.notify_hours else None,
        **members,
    )


def _hours_of(entry: ContactEntry) -> WorkingHours:
    return WorkingHours(entry.time_zone, entry.hours, frozenset(entry.closed))


def _step_of(entry: StepEntry, contacts: dict[str, Contact]) -> LadderStep:
    levels = tuple(contacts[key] for key in entry.levels)
    return LadderStep(levels, timedelta(hours=entry.hours, minutes=entry.minutes), entry.days, entry.wall_clock)


def _route_of(entry: RouteEntry, contacts: dict[str, Contact]) -> Route:
    return Route(
        addresses=tuple(contacts[to].email if to in contacts else checked_address(to) for to in entry.to),
        reasons=frozenset(entry.reasons),
        priorities=frozenset(entry.priorities),
        regions=frozenset(entry.regions),
        replace=entry.replace,
    )
