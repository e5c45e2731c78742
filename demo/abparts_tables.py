"""ABParts' own tables as far as a ticket tells of them, for databases in which there is no ABParts."""

from typing import Final

ENUMS: Final = {
    "organizationtype": ("oraseas_ee", "bossaqua", "customer", "supplier"),
    "countrycode": ("GR", "UK", "NO", "CA", "NZ", "TR", "OM", "ES", "CY", "SA", "KSA"),
    "userrole": ("user", "admin", "super_admin"),
    "machinestatus": ("active", "inactive", "maintenance", "decommissioned"),
    "maintenancetype": ("scheduled", "unscheduled", "repair", "inspection", "cleaning", "calibration", "other"),
}
TABLES: Final = (
    """
    CREATE TABLE IF NOT EXISTS public.organizations (
        id UUID PRIMARY KEY,
        name VARCHAR NOT NULL UNIQUE,
        address TEXT,
        contact_info TEXT,
        organization_type organizationtype NOT NULL,
        country countrycode,
        is_active BOOLEAN NOT NULL
    )""",
    """
    CREATE TABLE IF NOT EXISTS public.users (
        id UUID PRIMARY KEY,
        organization_id UUID NOT NULL REFERENCES public.organizations (id),
        username VARCHAR NOT NULL UNIQUE,
        email VARCHAR NOT NULL UNIQUE,
        name VARCHAR,
        role userrole NOT NULL,
        preferred_language VARCHAR(5),
        is_active BOOLEAN NOT NULL
    )""",
    """
    CREATE TABLE IF NOT EXISTS public.machines (
        id UUID PRIMARY KEY,
        customer_organization_id UUID NOT NULL REFERENCES public.organizations (id),
        model_type VARCHAR(10) NOT NULL,
        name VARCHAR NOT NULL,
        serial_number VARCHAR NOT NULL UNIQUE,
        warranty_expiry_date DATE,
        status machinestatus NOT NULL,
        last_maintenance_date DATE,
        next_maintenance_date DATE,
        location VARCHAR,
        notes TEXT
    )""",
    """
    CREATE TABLE IF NOT EXISTS public.machine_hours (
        id UUID PRIMARY KEY,
        machine_id UUID NOT NULL REFERENCES public.machines (id),
        hours_value NUMERIC(10, 2) NOT NULL,
        recorded_date TIMESTAMPTZ NOT NULL
    )""",
    """
    CREATE TABLE IF NOT EXISTS public.machine_maintenance (
        id UUID PRIMARY KEY,
        machine_id UUID NOT NULL REFERENCES public.machines (id),
        maintenance_date TIMESTAMPTZ NOT NULL,
        maintenance_type maintenancetype NOT NULL,
        description TEXT,
        performed_by_user_id UUID REFERENCES public.users (id)
    )""",
)


def enum_statement(name: str, labels: tuple[str, ...]) -> str:
    """Create an enum type unless it is there; PostgreSQL knows no CREATE TYPE IF NOT EXISTS."""
    values = ", ".join(f"'{label}'" for label in labels)
    return f"""
        DO $$ BEGIN
            IF to_regtype('public.{name}') IS NULL THEN CREATE TYPE public.{name} AS ENUM ({values}); END IF;
        END $$"""
