"""ABParts' own tables: the columns that a ticket tells of. They are only ever read."""

from sqlalchemy import Boolean, Column, Date, DateTime, ForeignKey, Numeric, String, Table, Text, Uuid

from models.metadata import SHARED

Organization = Table(
    "organizations",
    SHARED,
    Column("id", Uuid, primary_key=True),
    Column("name", String, nullable=False),
    Column("address", Text),
    Column("contact_info", Text),
    Column("organization_type", String, nullable=False),
    Column("country", String),
    Column("is_active", Boolean, nullable=False),
)
User = Table(
    "users",
    SHARED,
    Column("id", Uuid, primary_key=True),
    Column("organization_id", Uuid, ForeignKey("public.organizations.id"), nullable=False),
    Column("username", String, nullable=False),
    Column("email", String, nullable=False),
    Column("name", String),
    Column("role", String, nullable=False),
    Column("preferred_language", String(5)),
    Column("is_active", Boolean, nullable=False),
)
Machine = Table(
    "machines",
    SHARED,
    Column("id", Uuid, primary_key=True),
    Column("customer_organization_id", Uuid, ForeignKey("public.organizations.id"), nullable=False),
    Column("model_type", String(10), nullable=False),
    Column("name", String, nullable=False),
    Column("serial_number", String, unique=True, nullable=False),
    Column("warranty_expiry_date", Date),
    Column("status", String, nullable=False),
    Column("last_maintenance_date", Date),
    Column("next_maintenance_date", Date),
    Column("location", String),
    Column("notes", Text),
)
MachineHours = Table(
    "machine_hours",
    SHARED,
    Column("id", Uuid, primary_key=True),
    Column("machine_id", Uuid, ForeignKey("public.machines.id"), nullable=False),
    Column("hours_value", Numeric(10, 2), nullable=False),
    Column("recorded_date", DateTime(timezone=True), nullable=False),
)
MachineMaintenance = Table(
    "machine_maintenance",
    SHARED,
    Column("id", Uuid, primary_key=True),
    Column("machine_id", Uuid, ForeignKey("public.machines.id"), nullable=False),
    Column("maintenance_date", DateTime(timezone=True), nullable=False),
    Column("maintenance_type", String, nullable=False),
    Column("description", Text),
    Column("performed_by_user_id", Uuid),
)
