"""A reader's language: its catalogue (English is the text itself), and how it writes dates, numbers and places."""

import gettext
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_skeleton, format_timedelta, get_timezone_location
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from config.settings import TEMPLATES_FOLDER
from rules.duty import DAY_NAMES
from services.mail.sanitize import isolated

SOURCE_LANGUAGE: Final = "en"
LANGUAGES: Final = (SOURCE_LANGUAGE, "el", "ar", "es", "tr", "no")


def choose_language(language: str | None) -> str:
    """The language itself where there is a catalogue for it, else English; of `nb-NO` or `pt_BR` the root counts."""
    root = (language or "").replace("_", "-").partition("-")[0].lower()
    root = {"nb": "no", "nn": "no"}.get(root, root)
    return root if root in LANGUAGES else SOURCE_LANGUAGE


@lru_cache(maxsize=len(LANGUAGES))
def translations(language: str) -> gettext.NullTranslations:
    """The catalogue of one of LANGUAGES."""
    return (
        gettext.NullTranslations() if language == SOURCE_LANGUAGE else compile_catalog(catalog_path(language), language)
    )


def catalog_path(language: str, domain: str = "mail") -> Path:
    return TEMPLATES_FOLDER / "locale" / language / "LC_MESSAGES" / f"{domain}.po"


def compile_catalog(path: Path, language: str) -> gettext.GNUTranslations:
    """The translations of a catalogue."""
    binary = BytesIO()
    with path.open("rb") as source:
        write_mo(binary, read_po(source, locale=language))
    binary.seek(0)
    return gettext.GNUTranslations(binary)


# British English for its day before month.
_LOCALES: Final = {"en": "en_GB", "no": "nb"}
# ABParts' codes that are not those of ISO 3166.
_COUNTRIES: Final = {"UK": "GB", "KSA": "SA"}
_COMMAS: Final = {"ar": "، "}
_DAY: Final = re.compile(rf"\b({'|'.join(DAY_NAMES)})\b")
_ZONE: Final = re.compile(r"\(([A-Za-z_]+(?:/[\w+-]+)+)\)")


@lru_cache(maxsize=32)
def locale_of(language: str) -> Locale:
    return Locale.parse(_LOCALES.get(language, language))


def comma_of(language: str) -> str:
    """What stands between the words of a list."""
    return _COMMAS.get(language, ", ")


@lru_cache(maxsize=128)
def _city(zone: str, language: str) -> str:
    """What a zone is called after, such as Athens."""
    return get_timezone_location(zone, locale=locale_of(language), return_city=True)


def _place(zone: str, language: str) -> str:
    """The same; another writer's hours may name a zone that is none."""
    try:
        return _city(zone, language)
    except LookupError:
        return zone


@lru_cache(maxsize=512)
def _day(day: date, language: str) -> str:
    return format_skeleton("yMMMEd", day, locale=locale_of(language))


@lru_cache(maxsize=1_024)
def _percent(value: float, language: str) -> str:
    return format_percent(value, locale=locale_of(language))


@lru_cache(maxsize=1_024)
def _number(value: Decimal | float, language: str) -> str:
    return format_decimal(value, locale=locale_of(language))


@lru_cache(maxsize=512)
def _name_language(code: str, language: str) -> str:
    return str(locale_of(language).languages.get(code.partition("-")[0].lower(), code))


@lru_cache(maxsize=512)
def _name_country(code: str, language: str) -> str:
    return str(locale_of(language).territories.get(_COUNTRIES.get(code, code), code))


def load_formats(language: str) -> None:
    """Load what Babel knows of a language: that takes longer than many mails."""
    formatter = LocaleFormatter(language, ZoneInfo("UTC"))
    formatter.both(datetime.now(UTC))
    formatter.duration(timedelta(minutes=1))
    formatter.percent(1)


@dataclass(frozen=True)
class LocaleFormatter:
    """How the reader writes; `zone` is the reader's own and `other` that of whom the mail is about, where known."""

    language: str
    zone: ZoneInfo
    other: ZoneInfo | None = None

    @cached_property
    def locale(self) -> Locale:
        return locale_of(self.language)

    @property
    def comma(self) -> str:
        return comma_of(self.language)

    @property
    def place(self) -> str:
        """What the reader's zone is called after."""
        return _city(self.zone.key, self.language)

    def day(self, moment: date) -> str:
        """A date with its weekday; a moment counts by the reader's zone."""
        return _day(moment.astimezone(self.zone).date() if isinstance(moment, datetime) else moment, self.language)

    def clock(self, moment: datetime, zone: ZoneInfo | None = None) -> str:
        """Hours to 24 in every language: at night nobody should have to look for a small am or pm."""
        local = moment.astimezone(zone or self.zone)
        return f"{local.hour:02}:{local.minute:02}"

    def elsewhere(self, moment: datetime) -> str | None:
        """The other zone's time with its name, and its weekday where that differs; None where both clocks agree."""
        if self.other is None:
            return None
        there, here = moment.astimezone(self.other), moment.astimezone(self.zone)
        if there.utcoffset() == here.utcoffset():
            return None
        weekday = "" if there.date() == here.date() else format_skeleton("Ed", there, locale=self.locale) + self.comma
        return isolated(f"{weekday}{there:%H:%M} {_city(self.other.key, self.language)}", self.language)

    def clocks(self, moment: datetime) -> str:
        """The time of day by both clocks, each with its place."""
        here = isolated(f"{self.clock(moment)} {self.place}", self.language)
        there = self.elsewhere(moment)
        return f"{here}{self.comma}{there}" if there else here

    def both(self, moment: datetime) -> str:
        """Date and time by both clocks."""
        return f"{self.day(moment)}{self.comma}{self.clocks(moment)}"

    def since(self, moment: datetime, now: datetime) -> str:
        """The time by both clocks, with the date only where that is not the reader's today."""
        today = moment.astimezone(self.zone).date() == now.astimezone(self.zone).date()
        return self.clocks(moment) if today else self.both(moment)

    def working_hours(self, text: str) -> str:
        """Hours such as `Mon–Fri 08:00–18:00 (Europe/Athens)`, with the days and the place in the reader's language."""
        named = _ZONE.sub(lambda found: f"({_place(found[1], self.language)})", text)
        days = self.locale.days["format"]["abbreviated"]
        told = _DAY.sub(lambda found: days[DAY_NAMES.index(found[0])], named)
        return isolated(told, self.language) if told else ""

    def duration(self, length: timedelta) -> str:
        """Roughly how long, such as 42 minutes."""
        return format_timedelta(length, locale=self.locale, threshold=2)

    def number(self, value: Decimal | float) -> str:
        return _number(value, self.language)

    def percent(self, value: float) -> str:
        return _percent(value, self.language)

    def language_name(self, code: str) -> str:
        """The name of a language; what is no language's code is returned as it is."""
        return _name_language(code, self.language)

    def country(self, code: str) -> str:
        """The name of one of ABParts' countries."""
        return _name_country(code, self.language)
