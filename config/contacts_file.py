"""The members of `contacts.toml`, each with what is right for it."""

import re
from collections.abc import Callable, Collection
from datetime import date
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from config.mail_settings import checked_address
from config.toml_problems import printable
from config.working_hours import parse_hours, parse_zone
from rules.contacts import FIELDS, REGIONS
from rules.duty import Shift
from rules.reasons import PRIORITIES, REASONS, Priority
from rules.recommendation import LANGUAGE_NAMES


def _one_of(choices: Collection[str]) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in choices:
            raise ValueError(f"should be one of {', '.join(choices)}")
        return value

    return check


def _not_empty(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if not values:
        raise ValueError("should have at least one entry")
    return values


def _checked_key(key: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", key):
        raise ValueError("should be a short name of small letters, digits, - and _")
    return key


def _checked_phone(phone: str) -> str:
    """The number as it was written; its digits are those of E.164."""
    if not re.fullmatch(r"\+[1-9][\d ().-]*\d", phone) or not 7 <= len(re.sub(r"\D", "", phone)) <= 15:
        raise ValueError("should be an international number such as +30 21 0123 4567: a plus sign and 7 to 15 digits")
    return phone


def _checked_channel(url: str) -> str:
    """The address of a push service; which services there are is known when it is used."""
    if not re.fullmatch(r"[a-z][a-z0-9+.-]*://\S+", url):
        raise ValueError("should be an address that apprise knows, such as ntfys://ntfy.example.org/topic?priority=max")
    return url


def _working_hours(value: Any) -> tuple[Shift, ...]:
    return parse_hours(str(value))


_Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), AfterValidator(printable)
]
_NotEmpty = AfterValidator(_not_empty)
_Key = Annotated[str, AfterValidator(_checked_key)]
_Reasons = tuple[Annotated[str, AfterValidator(_one_of(REASONS))], ...]
_Priorities = tuple[Annotated[str, AfterValidator(_one_of(PRIORITIES))], ...]
_Regions = tuple[Annotated[str, AfterValidator(_one_of(REGIONS))], ...]


class _ContactFileEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ContactEntry(_ContactFileEntry):
    """A person or a line."""

    key: _Key
    name: _Text
    email: Annotated[str, AfterValidator(checked_address)]
    phone: Annotated[str, AfterValidator(_checked_phone)]
    specialization: _Text
    fields: Annotated[tuple[Annotated[str, AfterValidator(_one_of(FIELDS))], ...], _NotEmpty]
    languages: Annotated[tuple[Annotated[str, AfterValidator(_one_of(LANGUAGE_NAMES))], ...], _NotEmpty]
    regions: _Regions = ()
    time_zone: Annotated[ZoneInfo, BeforeValidator(parse_zone)]
    hours: Annotated[tuple[Shift, ...], BeforeValidator(_working_hours)]
    closed: tuple[date, ...] = ()
    emergency: bool = False
    notify: tuple[Annotated[str, AfterValidator(_checked_channel)], ...] = ()
    notify_from: Annotated[str, AfterValidator(_one_of(PRIORITIES))] = Priority.URGENT
    notify_hours: Annotated[tuple[Shift, ...] | None, BeforeValidator(_working_hours)] = None


class RouteEntry(_ContactFileEntry):
    """Who else gets the support mails that match; `to` are keys of contacts or addresses."""

    to: Annotated[tuple[_Text, ...], _NotEmpty]
    reasons: _Reasons = ()
    priorities: _Priorities = ()
    regions: _Regions = ()
    replace: bool = False


class StepEntry(_ContactFileEntry):
    """The time that each level has, and the keys of the contacts on them, which older files call `rungs`."""

    levels: Annotated[tuple[str, ...], _NotEmpty] = Field(validation_alias=AliasChoices("levels", "rungs"))
    minutes: int = Field(0, ge=0, le=10_000)
    hours: int = Field(0, ge=0, le=1_000)
    days: int = Field(0, ge=0, le=100)
    wall_clock: bool = False

    @model_validator(mode="after")
    def takes_time(self) -> "StepEntry":
        if not (self.minutes or self.hours or self.days):
            raise ValueError("should give the levels some time: minutes, hours or days")
        return self


class _LadderEntry(_ContactFileEntry):
    """A step for each priority."""

    urgent: StepEntry
    high: StepEntry
    medium: StepEntry
    low: StepEntry


class ContactsFile(_ContactFileEntry):
    """The whole file."""

    version: _Text
    contacts: Annotated[tuple[ContactEntry, ...], _NotEmpty]
    ladder: _LadderEntry
    routes: tuple[RouteEntry, ...] = ()
