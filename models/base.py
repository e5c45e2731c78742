"""The two families of tables, kept in metadata of their own so that neither migration tool sees the other's."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, MetaData, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase

SCHEMA = "escalation"


class OwnBase(DeclarativeBase):
    """Tables of the escalation worker; times carry a zone."""

    metadata = MetaData(schema=SCHEMA)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        str: Text,
        UUID: Uuid,
    }


class SharedBase(DeclarativeBase):
    """Tables that ABParts defines; times are naive and in UTC."""

    metadata = MetaData(schema="public")
