"""How Alembic reaches the database; the version table lives in our schema and foreign tables are never looked at."""

from collections.abc import MutableMapping
from typing import Literal

from alembic import context
from sqlalchemy import Connection, text

from models import follow_up, inbox, mail, tickets
from models.base import OwnBase
from models.metadata import SCHEMA

TABLES = (follow_up, inbox, mail, tickets)


def ours(
    name: str | None,
    kind: Literal[
        "schema", "table", "column", "index", "unique_constraint", "foreign_key_constraint", "check_constraint"
    ],
    _parents: MutableMapping[Literal["schema_name", "table_name", "schema_qualified_table_name"], str | None],
) -> bool:
    return name == SCHEMA if kind == "schema" else True


def online(connection: Connection) -> None:
    # Asked first: CREATE SCHEMA IF NOT EXISTS wants the right to create schemas even where there is nothing to create.
    if connection.execute(text(f"SELECT to_regnamespace('{SCHEMA}')")).scalar() is None:
        connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=OwnBase.metadata,
        version_table_schema=SCHEMA,
        include_schemas=True,
        include_name=ours,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def offline() -> None:
    # "named": with psycopg2's own style every percent sign would be doubled in the text.
    context.configure(
        dialect_name="postgresql",
        dialect_opts={"paramstyle": "named"},
        version_table_schema=SCHEMA,
        literal_binds=True,
    )
    with context.begin_transaction():
        context.execute("SET LOCAL lock_timeout = '5s'")
        context.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        context.run_migrations()


if context.is_offline_mode():
    offline()
else:
    online(context.config.attributes["connection"])
