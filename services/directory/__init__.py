"""ABParts' people and machines, read set by set; what is missing is unknown and never an error."""

from services.directory.machines import (
    HoursReading,
    MachineRecord,
    MaintenanceEntry,
    build_machine_context,
    load_machines,
    map_reported_context,
)
from services.directory.people import Organisation, Person, load_people

__all__ = [
    "HoursReading",
    "MachineRecord",
    "MaintenanceEntry",
    "Organisation",
    "Person",
    "build_machine_context",
    "load_machines",
    "load_people",
    "map_reported_context",
]
