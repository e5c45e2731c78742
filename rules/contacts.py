"""Who can be asked for help: people and lines, who gets which mail, and who is next when nobody answers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from rules.duty import WorkingHours
from rules.reasons import Priority

GENERAL: Final = "general"
# ABParts' problem categories; `general` takes whatever has no specialist.
FIELDS: Final = (
    "startup",
    "cleaning_performance",
    "mechanical",
    "electrical",
    "hydraulic",
    "remote_control",
    "maintenance",
    GENERAL,
)
# ABParts' codes of the organisations' countries.
REGIONS: Final = ("GR", "UK", "NO", "CA", "NZ", "TR", "OM", "ES", "CY", "SA", "KSA")

# RFC 2606, section 2 and 3, and the numbers that Ofcom and the North American plan keep for fiction.
_EXAMPLE_DOMAIN: Final = re.compile(r"(?:^|\.)example(?:\.com|\.net|\.org)?$")
_EXAMPLE_PHONE: Final = re.compile(r"442079460\d{3}|1(?:\d{3})?55501\d{2}")


@dataclass(frozen=True, slots=True)
class Contact:
    """A person or a line; `languages` are ISO 639-1 codes, no `regions` means everywhere."""

    key: str
    name: str
    email: str
    phone: str
    specialization: str
    fields: frozenset[str]
    languages: tuple[str, ...]
    hours: WorkingHours
    regions: frozenset[str] = frozenset()
    emergency: bool = False
    # Addresses of push services (apprise); they hold secrets. They are used from this priority on, in these hours.
    notify: tuple[str, ...] = field(default=(), repr=False)
    notify_from: str = Priority.URGENT
    notify_hours: WorkingHours | None = None

    def as_json(self) -> dict[str, str]:
        """The shape that ABParts' user interface reads."""
        return {
            "name": self.name,
            "email": self.email,
            "phone": self.phone,
            "hours": self.hours.describe(),
            "specialization": self.specialization,
        }


@dataclass(frozen=True, slots=True)
class Route:
    """Further addresses for mails that match; an empty condition matches all, `replace` leaves out the default ones."""

    addresses: tuple[str, ...]
    reasons: frozenset[str] = frozenset()
    priorities: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    replace: bool = False


@dataclass(frozen=True, slots=True)
class LadderStep:
    """How long each level has to acknowledge a ticket, as working time plus working days, and who is on which level."""

    levels: tuple[Contact, ...]
    time: timedelta = timedelta()
    days: int = 0
    wall_clock: bool = False


@dataclass(frozen=True, slots=True)
class ContactBook:
    """All of `contacts.toml`; `ladder` has a step for each priority."""

    version: str
    contacts: tuple[Contact, ...]
    ladder: Mapping[str, LadderStep]
    routes: tuple[Route, ...] = ()

    @property
    def examples(self) -> tuple[str, ...]:
        """Addresses and phones that belong to nobody and so can reach nobody."""
        addresses = [contact.email for contact in self.contacts]
        addresses += [address for route in self.routes for address in route.addresses]
        phones = [contact.phone for contact in self.contacts if is_example_phone(contact.phone)]
        return tuple(dict.fromkeys([address for address in addresses if is_example_address(address)] + phones))

    @property
    def is_example(self) -> bool:
        """Whether anything in it is still an example."""
        return bool(self.examples)


def is_example_address(address: str) -> bool:
    return bool(_EXAMPLE_DOMAIN.search(address.rpartition("@")[2].lower()))


def is_example_phone(phone: str) -> bool:
    return bool(_EXAMPLE_PHONE.fullmatch(re.sub(r"\D", "", phone)))
