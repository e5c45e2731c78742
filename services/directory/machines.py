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
from services.directory.tables import NewestRows, Readable, find_readable, parse_uuids, select_newest, select_rows

_NEWEST_HOURS: Final = NewestRows(MachineHours, "machine_id", "recorded_date", 12)
_NEWEST_MAINTENANCE: Final = NewestRows(MachineMaintenance, "machine_id", "maintenance_date", 5)


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


MACHINE_TABLES: Final = (Machine, Organization, MachineHours, MachineMaintenance)


def load_machines(
    connection: Connection, machine_ids: Iterable[str], known: Readable | None = None
) -> dict[str, MachineRecord]:
    """The machines that are known, by the id as it was given; five statements at most.

    :param known: what is readable, if that was asked already
    """
    ids = parse_uuids(machine_ids)
    if not ids:
        return {}
    known = known or find_readable(connection, *MACHINE_TABLES)
    rows = select_rows(connection, known, Machine, set(ids.values()))
    found = [row["id"] for row in rows]
    owners = load_organisations(connection, known, {row["customer_organization_id"] for row in rows})
    hours = select_newest(connection, known, _NEWEST_HOURS, found)
    work = select_newest(connection, known, _NEWEST_MAINTENANCE, found)
    readings, entries = _group_by_machine(hours), _group_by_machine(work)
    machines = {
        row["id"]: _make_machine(
            row, owners.get(row["customer_organization_id"]), readings[row["id"]], entries[row["id"]]
        )
        for row in rows
    }
    return {given: machines[machine_id] for given, machine_id in ids.items() if machine_id in machines}


def _group_by_machine(rows: Sequence[RowMapping]) -> dict[UUID, list[RowMapping]]:
    grouped: dict[UUID, list[RowMapping]] = defaultdict(list)
    for row in rows:
        grouped[row["machine_id"]].append(row)
    return grouped


def _make_machine(
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
            HoursReading(reading["hours_value"], reading["recorded_date"])
            for reading in hours
            if reading["hours_value"] is not None
        ),
        maintenance=tuple(
            MaintenanceEntry(entry["maintenance_date"], entry["maintenance_type"], entry["description"])
            for entry in work
        ),
    )


def build_machine_context(machine: MachineRecord, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Build `support_tickets.machine_context`; parts and suggestions come from the assistant (`metadata`)."""
    gathered = metadata.get("machine_context")
    gathered = gathered if isinstance(gathered, Mapping) else {}
    hours = [{"date": _iso(reading.at), "hours": float(reading.value)} for reading in machine.hours_history]
    return {
        "machine_details": _list_details(machine),
        "maintenance_history": _list_maintenance(machine) or _find_list(gathered, "recent_maintenance"),
        "parts_usage": _find_list(gathered, "recent_parts_usage", "parts_usage"),
        "hours_history": hours or _find_list(gathered, "hours_history"),
        "maintenance_suggestions": _find_list(gathered, "maintenance_suggestions"),
    }


def map_reported_context(metadata: Mapping[str, Any]) -> dict[str, Any] | None:
    """Build the same for a machine that ABParts does not know, from what the assistant gathered; None where nothing."""
    gathered = metadata.get("machine_context")
    if not isinstance(gathered, Mapping) or not gathered:
        return None
    reported = gathered.get("machine_details")
    given = reported if isinstance(reported, Mapping) else metadata
    named = {
        "name": given.get("name") or metadata.get("machine_name"),
        "model_type": given.get("model_type") or metadata.get("machine_model"),
        "serial_number": given.get("serial_number") or metadata.get("machine_serial"),
    }
    return {
        "machine_details": {key: value for key, value in named.items() if value},
        "maintenance_history": _find_list(gathered, "recent_maintenance")
        or _find_list(gathered, "maintenance_history"),
        "parts_usage": _find_list(gathered, "recent_parts_usage", "parts_usage"),
        "hours_history": _find_list(gathered, "hours_history"),
        "maintenance_suggestions": _find_list(gathered, "maintenance_suggestions"),
    }


def _list_details(machine: MachineRecord) -> dict[str, Any]:
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


def _list_maintenance(machine: MachineRecord) -> list[dict[str, Any]]:
    return [
        {"date": _iso(entry.at), "type": entry.kind, "description": entry.description} for entry in machine.maintenance
    ]


def _find_list(gathered: Mapping[str, Any], *keys: str) -> list[Any]:
    return next((value for key in keys if isinstance(value := gathered.get(key), list) and value), [])


def _iso(moment: date | None) -> str | None:
    return moment.isoformat() if moment else None
