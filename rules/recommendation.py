"""Why a contact is recommended: as data, so that it can be translated, and in English."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from rules.duty import DAY_NAMES

LANGUAGE_NAMES: Final = {
    "en": "English",
    "el": "Greek",
    "ar": "Arabic",
    "es": "Spanish",
    "tr": "Turkish",
    "no": "Norwegian",
}
_ENGLISH: Final = {
    "emergency": "takes every safety concern",
    "language": "speaks {subject}",
    "other_language": "does not speak {subject}",
    "field": "{subject} specialist",
    "general": "takes every kind of problem",
    "always": "on duty around the clock",
    "on_duty": "on duty now until {moment}",
    "off_duty": "off duty until {moment}",
    "region": "responsible for {subject}",
    "other_region": "not responsible for {subject}",
}


@dataclass(frozen=True, slots=True)
class WhyPart:
    """One point: `code` is a key of ENGLISH, `subject` a language, field or region, `moment` in the contact's zone."""

    code: str
    subject: str = ""
    moment: datetime | None = None

    def as_json(self) -> dict[str, str]:
        """For storing; `of_json` reads it again."""
        moment = {"moment": self.moment.isoformat()} if self.moment else {}
        return {"code": self.code, "subject": self.subject, **moment}

    @classmethod
    def of_json(cls, stored: Mapping[str, str]) -> "WhyPart":
        moment = stored.get("moment")
        return cls(stored["code"], stored["subject"], datetime.fromisoformat(moment) if moment else None)


def in_english(parts: Iterable[WhyPart], now: datetime) -> str:
    """All points in one line; a moment is told with its day unless that is today."""
    return ", ".join(_english_of(part, now) for part in parts)


def _english_of(part: WhyPart, now: datetime) -> str:
    subject = LANGUAGE_NAMES.get(part.subject, part.subject).replace("_", " ")
    return _ENGLISH[part.code].format(subject=subject, moment=part.moment and _moment_of(part.moment, now))


def _moment_of(moment: datetime, now: datetime) -> str:
    today = now.astimezone(moment.tzinfo).date() == moment.date()
    day = "" if today else f"{DAY_NAMES[moment.weekday()]} {moment:%Y-%m-%d} "
    return f"{day}{moment:%H:%M} ({moment.tzinfo})"
