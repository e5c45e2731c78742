"""The two families of tables, each with a schema, so that neither migration tool sees the other's."""

from typing import Final

from sqlalchemy import MetaData

SCHEMA: Final = "escalation"
# Tables that ABParts defines; times are naive and in UTC.
SHARED: Final = MetaData(schema="public")
