"""Which machine it is about: its papers, hours and maintenance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, RowMapping

from models.abparts import Machine, MachineHours, MachineMaintenance, Organization
from services.directory.people import Organisation, load_organisations
from services.directory.tables import newest_of, readable, rows_of, uuids_of

MOST_HOURS: Final = 12
MOST_MAINTENANCE: Final = 5


@dataclass(frozen=True, slots=True)
class HoursReading:
    """What the hour meter showed, and when."""

    value: Decimal
    at: datetime


@dataclass(frozen=True, slots=True)
class MaintenanceEntry:
    """A piece of work on the machine."""

    at: datetime
    kind: str | None
    description: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRecord:
    """A machine of ABParts'; hours and maintenance have the newest first."""

    id: UUID
    name: str | None = None
    model: str | None = None
    serial_number: str | None = None
    status: str | None = None
    location: str | None = None
    notes: str | None = None
    warranty_until: date | None = None
    last_maintenance: date | None = None
    next_maintenance: date | None = None
    organisation: Organisation | None = None
    hours_history: tuple[HoursReading, ...] = ()
    maintenance: tuple[MaintenanceEntry, ...] = ()

    @property
    def hours(self) -> Decimal | None:
        """The newest reading of the hour meter."""
        return self.hours_history[0].value if self.hours_history else None


def load_machines(connection: Connection, machine_ids: Iterable[str]) -> dict[str, MachineRecord]:
    """The machines that are known, by the id as it was given; five statements at most."""
    ids = uuids_of(machine_ids)
    if not ids:
        return {}
    known = readable(connection, Machine, Organization, MachineHours, MachineMaintenance)
    rows = rows_of(connection, known, Machine, "id", set(ids.values()))
    found = [row["id"] for row in rows]
    owners = load_organisations(connection, known, {row["customer_organization_id"] for row in rows})
    hours = newest_of(connection, known, MachineHours, "machine_id", found, "recorded_date", MOST_HOURS)
    work = newest_of(connection, known, MachineMaintenance, "machine_id", found, "maintenance_date", MOST_MAINTENANCE)
    readings, entries = _by_machine(hours), _by_machine(work)
    machines = {
        row["id"]: _machine_of(
            row, owners.get(row["customer_organization_id"]), readings[row["id"]], entries[row["id"]]
        )
        for row in rows
    }
    return {given: machines[machine_id] for given, machine_id in ids.items() if machine_id in machines}


def _by_machine(rows: Sequence[RowMapping]) -> dict[UUID, list[RowMapping]]:
    grouped: dict[UUID, list[RowMapping]] = defaultdict(list)
    for row in rows:
        grouped[row["machine_id"]].append(row)
    return grouped


def _machine_of(
    row: RowMapping, owner: Organisation | None, hours: Sequence[RowMapping], work: Sequence[RowMapping]
) -> MachineRecord:
    return MachineRecord(
        id=row["id"],
        name=row["name"],
        model=row["model_type"],
        serial_number=row["serial_number"],
        status=row["status"],
        location=row["location"],
        notes=row["notes"],
        warranty_until=row["warranty_expiry_date"],
        last_maintenance=row["last_maintenance_date"],
        next_maintenance=row["next_maintenance_date"],
        organisation=owner,
        hours_history=tuple(
            HoursReading(one["hours_value"], one["recorded_date"]) for one in hours if one["hours_value"] is not None
        ),
        maintenance=tuple(
            MaintenanceEntry(one["maintenance_date"], one["maintenance_type"], one["description"]) for one in work
        ),
    )


def as_machine_context(machine: MachineRecord, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Build `support_tickets.machine_context`; parts and suggestions come from the assistant (`metadata`)."""
    gathered = metadata.get("machine_context")
    gathered = gathered if isinstance(gathered, Mapping) else {}
    return {
        "machine_details": details(machine),
        "maintenance_history": maintenance(machine) or _listed(gathered, "recent_maintenance"),
        "parts_usage": _listed(gathered, "recent_parts_usage"),
        "hours_history": hours(machine) or _listed(gathered, "hours_history"),
        "maintenance_suggestions": _listed(gathered, "maintenance_suggestions"),
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
        "warranty_expiry_date": _iso(machine.warranty_until),
        "last_maintenance_date": _iso(machine.last_maintenance),
        "next_maintenance_date": _iso(machine.next_maintenance),
    }


def maintenance(machine: MachineRecord) -> list[dict[str, Any]]:
    return [
        {"date": _iso(entry.at), "type": entry.kind, "description": entry.description} for entry in machine.maintenance
    ]


def hours(machine: MachineRecord) -> list[dict[str, Any]]:
    return [{"date": _iso(reading.at), "hours": float(reading.value)} for reading in machine.hours_history]


def _listed(gathered: Mapping[str, Any], name: str) -> list[Any]:
    value = gathered.get(name)
    return value if isinstance(value, list) else []


def _iso(moment: date | None) -> str | None:
    return moment.isoformat() if moment else None
