"""A small team for the tests of routing and ladder: one works in Athens, one in Oslo, the line never closes."""

from datetime import timedelta
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from rules.contacts import Contact, ContactBook, LadderStep, Route
from rules.duty import DAY_MINUTES, Shift, WorkingHours


def weekly(zone: str, days: range, start: int, end: int) -> WorkingHours:
    """The same hours on some days; whole hours by the local clock."""
    return WorkingHours(ZoneInfo(zone), tuple(Shift(day, start * 60, end * 60) for day in days))


ATHENS_OFFICE = weekly("Europe/Athens", range(5), 8, 18)
OSLO_OFFICE = weekly("Europe/Oslo", range(5), 9, 17)
ALWAYS = WorkingHours(ZoneInfo("UTC"), tuple(Shift(day, 0, DAY_MINUTES) for day in range(7)))


def contact(key: str, fields: set[str], languages: str, hours: WorkingHours, **more: Any) -> Contact:
    return Contact(
        key=key,
        name=f"The {key} contact",
        email=f"{key}@oraseas.test",
        phone="+30 21 0123 4567",
        specialization=f"{key} matters",
        fields=frozenset(fields),
        languages=tuple(languages.split()),
        hours=hours,
        **more,
    )


SUPPORT = contact("support", {"general"}, "en el", ATHENS_OFFICE)
ELECTRICAL = contact("electrical", {"electrical", "remote_control"}, "en", OSLO_OFFICE, regions=frozenset({"NO", "UK"}))
HYDRAULIC = contact("hydraulic", {"hydraulic"}, "el", ATHENS_OFFICE)
EMERGENCY = contact("emergency", {"general"}, "en el no", ALWAYS, emergency=True)

LADDER = MappingProxyType(
    {
        "urgent": LadderStep((SUPPORT, EMERGENCY, SUPPORT), timedelta(minutes=10), wall_clock=True),
        "high": LadderStep((SUPPORT, ELECTRICAL, EMERGENCY), timedelta(hours=1)),
        "medium": LadderStep((SUPPORT, HYDRAULIC), timedelta(hours=4)),
        "low": LadderStep((SUPPORT, HYDRAULIC), days=1),
    }
)
ROUTES = (
    Route(("emergency@oraseas.test",), reasons=frozenset({"safety_concern"})),
    Route(("norway@oraseas.test",), regions=frozenset({"NO"}), replace=True),
    Route(("duty@oraseas.test", "support@ORASEAS.test"), priorities=frozenset({"urgent", "high"})),
)
BOOK = ContactBook("1", (SUPPORT, ELECTRICAL, HYDRAULIC, EMERGENCY), LADDER, ROUTES)
