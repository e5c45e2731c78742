"""A machine as JSON, in the shape that ABParts' tickets hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from services.directory.machines import MachineRecord


def as_context(machine: MachineRecord, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """`machine_context` of a ticket; parts and suggestions are known to ABParts' assistant alone (`metadata`)."""
    gathered = metadata.get("machine_context")
    gathered = gathered if isinstance(gathered, Mapping) else {}
    return {
        "machine_details": details(machine),
        "maintenance_history": maintenance(machine) or listed(gathered, "recent_maintenance"),
        "parts_usage": listed(gathered, "recent_parts_usage"),
        "hours_history": hours(machine) or listed(gathered, "hours_history"),
        "maintenance_suggestions": listed(gathered, "maintenance_suggestions"),
    }


def details(machine: MachineRecord) -> dict[str, Any]:
    return {
        "id": str(machine.id),
        "name": machine.name,
        "model_type": machine.model,
        "serial_number": machine.serial_number,
        "status": machine.status,
        "location": machine.location,
        "current_hours": None if machine.hours is None else float(machine.hours),
        "warranty_expiry_date": iso(machine.warranty_until),
        "last_maintenance_date": iso(machine.last_maintenance),
        "next_maintenance_date": iso(machine.next_maintenance),
    }


def maintenance(machine: MachineRecord) -> list[dict[str, Any]]:
    return [
        {"date": iso(entry.at), "type": entry.kind, "description": entry.description} for entry in machine.maintenance
    ]


def hours(machine: MachineRecord) -> list[dict[str, Any]]:
    return [{"date": iso(reading.at), "hours": float(reading.value)} for reading in machine.hours_history]


def listed(gathered: Mapping[str, Any], name: str) -> list[Any]:
    value = gathered.get(name)
    return value if isinstance(value, list) else []


def iso(moment: date | None) -> str | None:
    return moment.isoformat() if moment else None
