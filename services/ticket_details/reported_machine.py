"""What the assistant reported of the machine; ABParts may not know it, and knows nothing of used parts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_NAME_KEYS: Final = ("name", "machine_name")
_SERIAL_KEYS: Final = ("serial_number", "machine_serial", "serial")
_MODEL_KEYS: Final = ("model_type", "model", "machine_model")
_PART_KEYS: Final = ("part_name", "name", "part_number", "description")
_DATE_KEYS: Final = ("usage_date", "date", "used_at")


@dataclass(frozen=True, slots=True)
class ReportedMachine:
    """Name, serial number, model and parts used of late, a line each."""

    name: str = ""
    serial_number: str = ""
    model: str = ""
    parts: tuple[str, ...] = ()


def parse_reported_machine(context: Any) -> ReportedMachine:
    """Read `support_tickets.machine_context`; whatever a language model wrote may stand in it."""
    if not isinstance(context, Mapping):
        return ReportedMachine()
    details = context.get("machine_details")
    details = details if isinstance(details, Mapping) else context
    parts = context.get("parts_usage") or context.get("recent_parts_usage")
    return ReportedMachine(
        _find_text(details, _NAME_KEYS),
        _find_text(details, _SERIAL_KEYS),
        _find_text(details, _MODEL_KEYS),
        tuple(_list_parts(parts if isinstance(parts, list) else [])),
    )


def _list_parts(parts: list[Any]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str) and part.strip():
            yield part
        elif isinstance(part, Mapping) and (name := _find_text(part, _PART_KEYS)):
            quantity = part.get("quantity")
            counted = f"{quantity} × {name}" if isinstance(quantity, int | float) and quantity else name
            yield ", ".join(filter(None, [counted, _find_text(part, _DATE_KEYS)[:10]]))


def _find_text(members: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    values = (members.get(key) for key in keys)
    return next((str(value) for value in values if isinstance(value, str | int) and str(value).strip()), "")
