"""Who is in trouble: a user and the user's organisation."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, RowMapping

from models.abparts import Organization, User
from services.directory.tables import Readable, find_readable, parse_uuids, select_rows

# Canada is left out: it has six zones, and a wrong hour is worse than none.
_TIME_ZONES: Final = MappingProxyType(
    {
        "GR": "Europe/Athens",
        "UK": "Europe/London",
        "NO": "Europe/Oslo",
        "NZ": "Pacific/Auckland",
        "TR": "Europe/Istanbul",
        "OM": "Asia/Muscat",
        "ES": "Europe/Madrid",
        "CY": "Asia/Nicosia",
        "SA": "Asia/Riyadh",
        "KSA": "Asia/Riyadh",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A company of ABParts'; `country` is ABParts' code, such as GR or KSA."""

    id: UUID
    name: str | None = None
    address: str | None = None
    contact_info: str | None = None
    country: str | None = None

    @property
    def time_zone(self) -> str | None:
        """A guess by the country."""
        return _TIME_ZONES.get(self.country or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user of ABParts'; there is no telephone number."""

    id: UUID
    username: str | None = None
    email: str | None = None
    name: str | None = None
    role: str | None = None
    preferred_language: str | None = None
    organisation: Organisation | None = None

    @property
    def called(self) -> str | None:
        """What to call the person: the name, else the login."""
        return self.name or self.username

    @property
    def time_zone(self) -> str | None:
        """A guess by the organisation's country."""
        return self.organisation.time_zone if self.organisation else None


PEOPLE_TABLES: Final = (User, Organization)


def load_people(connection: Connection, user_ids: Iterable[str], known: Readable | None = None) -> dict[str, Person]:
    """The users that are known, by the id as it was given; three statements at most.

    :param known: what is readable, if that was asked already
    """
    ids = parse_uuids(user_ids)
    if not ids:
        return {}
    known = known or find_readable(connection, *PEOPLE_TABLES)
    rows = select_rows(connection, known, User, set(ids.values()))
    organisations = load_organisations(connection, known, {row["organization_id"] for row in rows})
    people = {row["id"]: _make_person(row, organisations.get(row["organization_id"])) for row in rows}
    return {given: people[user_id] for given, user_id in ids.items() if user_id in people}


def load_organisations(
    connection: Connection, known: Readable, ids: Collection[UUID | None]
) -> dict[UUID, Organisation]:
    """The organisations with these ids, by id."""
    rows = select_rows(connection, known, Organization, set(filter(None, ids)))
    return {row["id"]: _make_organisation(row) for row in rows}


def _make_person(row: RowMapping, organisation: Organisation | None) -> Person:
    return Person(
        id=row["id"],
        username=row["username"],
        email=row["email"],
        name=row["name"],
        role=row["role"],
        preferred_language=row["preferred_language"],
        organisation=organisation,
    )


def _make_organisation(row: RowMapping) -> Organisation:
    return Organisation(
        id=row["id"],
        name=row["name"],
        address=row["address"],
        contact_info=row["contact_info"],
        country=row["country"],
    )
