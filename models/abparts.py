"""ABParts' own tables: the columns that a ticket tells of. They are only ever read."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Numeric, String, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from models.base import SharedBase


class Organization(SharedBase):
    __tablename__ = "organizations"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    name: Mapped[str]
    address: Mapped[str | None] = mapped_column(Text)
    contact_info: Mapped[str | None] = mapped_column(Text)
    organization_type: Mapped[str]
    country: Mapped[str | None]
    is_active: Mapped[bool]


class User(SharedBase):
    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("public.organizations.id"))
    username: Mapped[str]
    email: Mapped[str]
    name: Mapped[str | None]
    role: Mapped[str]
    preferred_language: Mapped[str | None] = mapped_column(String(5))
    is_active: Mapped[bool]


class Machine(SharedBase):
    __tablename__ = "machines"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    customer_organization_id: Mapped[UUID] = mapped_column(ForeignKey("public.organizations.id"))
    model_type: Mapped[str] = mapped_column(String(10))
    name: Mapped[str]
    serial_number: Mapped[str] = mapped_column(unique=True)
    warranty_expiry_date: Mapped[date | None]
    status: Mapped[str]
    last_maintenance_date: Mapped[date | None]
    next_maintenance_date: Mapped[date | None]
    location: Mapped[str | None]
    notes: Mapped[str | None] = mapped_column(Text)


class MachineHours(SharedBase):
    __tablename__ = "machine_hours"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    machine_id: Mapped[UUID] = mapped_column(ForeignKey("public.machines.id"))
    hours_value: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    recorded_date: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class MachineMaintenance(SharedBase):
    __tablename__ = "machine_maintenance"

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    machine_id: Mapped[UUID] = mapped_column(ForeignKey("public.machines.id"))
    maintenance_date: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    maintenance_type: Mapped[str]
    description: Mapped[str | None] = mapped_column(Text)
    performed_by_user_id: Mapped[UUID | None]
