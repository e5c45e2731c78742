"""Examples in ABParts' own tables: a dozen machines and their people in seven countries (`demo/abparts.toml`)."""

import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection, text

from demo.abparts_tables import ENUMS, TABLES, enum_statement
from models.abparts import Machine, MachineHours, MachineMaintenance, Organization, User

EXAMPLES: Final = Path(__file__).parent / "abparts.toml"
ORDER: Final = (Organization, User, Machine, MachineHours, MachineMaintenance)

Row = dict[str, Any]


def seed(connection: Connection) -> None:
    """Create the tables that are missing and add the examples that are missing; doing it again changes nothing."""
    for name, labels in ENUMS.items():
        connection.execute(text(enum_statement(name, labels)))
    for statement in TABLES:
        connection.execute(text(statement))
    examples = _read_examples(datetime.now(UTC))
    for table in ORDER:
        insert(connection, table.name, examples[table.name])


def insert(connection: Connection, table: str, rows: list[Row]) -> None:
    names = list(rows[0])
    # As text, so that PostgreSQL turns the values into ABParts' enum types.
    values = ", ".join(f":{name}" for name in names)
    statement = f"INSERT INTO public.{table} ({', '.join(names)}) VALUES ({values}) ON CONFLICT DO NOTHING"
    connection.execute(text(statement), rows)


def _read_examples(now: datetime) -> dict[str, list[Row]]:
    """Rows by table; days in the file count back from `now`."""
    examples = tomllib.loads(EXAMPLES.read_text(encoding="utf-8"))
    machines = examples["machines"]
    return {
        "organizations": [
            {"address": None, "contact_info": None, "is_active": True, **row} for row in examples["organizations"]
        ],
        "users": [{"name": None, "role": "user", "is_active": True, **row} for row in examples["users"]],
        "machines": [_machine_row(machine, now.date()) for machine in machines],
        "machine_hours": [row for machine in machines for row in _hours_rows(machine, now)],
        "machine_maintenance": [row for machine in machines for row in _maintenance_rows(machine, now)],
    }


def _machine_row(machine: Row, today: date) -> Row:
    return {
        "id": machine["id"],
        "customer_organization_id": machine["organization_id"],
        "model_type": machine["model"],
        "name": machine["name"],
        "serial_number": machine["serial_number"],
        "warranty_expiry_date": day(today, machine.get("warranty_ends_in")),
        "status": machine.get("status", "active"),
        "last_maintenance_date": day(today, last_maintenance(machine)),
        "next_maintenance_date": day(today, machine.get("next_maintenance_in")),
        "location": machine.get("location"),
        "notes": machine.get("notes"),
    }


def last_maintenance(machine: Row) -> int | None:
    return max((-entry["days_ago"] for entry in machine.get("maintenance", [])), default=None)


def day(today: date, days: int | None) -> date | None:
    return None if days is None else today + timedelta(days=days)


def _hours_rows(machine: Row, now: datetime) -> Iterator[Row]:
    """Readings of the hour meter, a month apart; the file names them oldest first."""
    readings = machine.get("hours", [])
    for number, value in enumerate(readings):
        yield {
            "id": str(uuid5(NAMESPACE_URL, f"{machine['id']}/hours/{number}")),
            "machine_id": machine["id"],
            "hours_value": value,
            "recorded_date": now - timedelta(days=30 * (len(readings) - 1 - number) + 2),
        }


def _maintenance_rows(machine: Row, now: datetime) -> Iterator[Row]:
    for number, entry in enumerate(machine.get("maintenance", [])):
        yield {
            "id": str(uuid5(NAMESPACE_URL, f"{machine['id']}/maintenance/{number}")),
            "machine_id": machine["id"],
            "maintenance_date": now - timedelta(days=entry["days_ago"]),
            "maintenance_type": entry["type"],
            "description": entry["description"],
        }
